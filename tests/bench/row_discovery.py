#!/usr/bin/python3 -B
"""Rows 4 to 7: policies discovered by DNS and HTTPS: `mtasts-cachectl warm` and `refresh`
against c-ares and libcurl doing the same questions and requests, and against the peer."""

import itertools
import time

import peer
from goal import at_most, cpu, rate, rate_of_peer, wall
from measure import (AWAKE, QUICK, alternate, awake, compare, compared, most_memory,
                     program, sampled, served, timed)
from net import Net, connections, counter
from table import line, mebibytes, say

# concurrency: domains of a sample
COLD = {1: 100, 16: 400, 128: 600} if QUICK else {1: 500, 16: 1500, 128: 2000}
SLOW = 500
AGAIN = 1000 if QUICK else 4000
MANY = 1000 if QUICK else 10_000
FEW = 500 if QUICK else 2000
JOBS = 128
first = itertools.count(0, 100_000)


def warm(net, names, count, jobs, cache=None):
    cache = cache or net.fresh()
    return timed(net.command(cache, "warm", "--jobs", jobs, names), count)


def floor(net, names, jobs):
    return sampled("fetch_floor", names, jobs, net.roots)


def cold(net, other):
    """Row 4."""
    for jobs in COLD:
        discover(net, other, jobs)
    with awake():
        discover(net, other, 1, AWAKE)


def discover(net, other, jobs, how=""):
    """The peer is asked for names that it has not seen."""
    count = COLD[jobs]
    names = net.names(count)

    def ask():
        return served(other, "map_client", other.map, "sts", next(first) % 9_900_000, 0,
                      count, jobs, 1)

    found = compare(lambda: warm(net, names, count, jobs),
                    lambda: floor(net, names, jobs), ask)
    found.peer.p99 = found.bare.p99 = None
    goals = [rate(0.9), cpu(1.15)] + ([rate_of_peer(1.2)] if jobs == 1 else [])
    line(4, f"cold discoveries, {jobs} at a time{how}", found, goals, f"cold {jobs}{how}")


def slow(net):
    """Row 5."""
    names = net.names(SLOW, zone="slow.test")
    for jobs in (128, 512):
        lost = []

        def ours(jobs=jobs, lost=lost):
            before = counter("Udp", "RcvbufErrors")
            sample = warm(net, names, SLOW, jobs)
            lost.append(counter("Udp", "RcvbufErrors") - before)
            return sample

        found = compare(ours, lambda j=jobs: floor(net, names, j))
        line(5, f"{SLOW} policy hosts that take 1 s, {jobs} at a time; {sum(lost)} answers of "
             "DNS lost", found, [wall(1.1), at_most("answers lost", sum(lost), 0)])


def unchanged(net):
    """Row 6: the same again when the TXT records' TTL is over."""
    names, cache = net.names(AGAIN, zone="brief.test"), net.fresh()
    opened = []

    def again():
        time.sleep(2)
        before = connections()
        sample = warm(net, names, AGAIN, JOBS, cache)
        opened.append(connections() - before)
        return sample

    warm(net, names, AGAIN, JOBS, cache)
    found = compare(again, lambda: warm(net, names, AGAIN, JOBS))
    line(6, f"TXT unchanged, {JOBS} at a time; floor: the same domains cold; {sum(opened)} "
         "HTTPS connections", found, [rate(20), at_most("connections", sum(opened), 0)],
         "unchanged")


def many(net):
    """Row 7: both of them beside the same runs of the floor."""
    names, cache = net.names(MANY), net.fresh()
    warm(net, names, MANY, JOBS, cache)
    warmed, refreshed, floors = alternate(
        lambda: warm(net, names, MANY, JOBS),
        lambda: timed(net.command(cache, "refresh", "--all", "--jobs", JOBS), MANY),
        lambda: floor(net, names, JOBS))
    for title, samples in (("warm", warmed), ("refresh --all", refreshed)):
        line(7, f"{title}, {MANY:,} domains", compared(samples, floors), [rate(0.85)])


def memory(net):
    """Row 7: flat is, with many domains, a tenth more than with few or than the floor takes
    with many.  What the transfers in flight have at once is not the same in each run."""
    one, _ = most_memory(net.command(net.fresh(), "warm", "--jobs", 1, net.names(JOBS)))
    bare, _ = most_memory([program("fetch_floor"), net.names(MANY), JOBS, net.roots])
    cache = net.fresh()
    used = {"warm": [], "refresh --all": []}
    for count in (FEW, MANY):
        names = net.names(count)
        for title, arguments in (("warm", ("warm", names)),
                                 ("refresh --all", ("refresh", "--all"))):
            used[title].append(most_memory(net.command(
                cache, *arguments, "--jobs", JOBS))[0])
    for title, (few, many) in used.items():
        say(7, f"memory of {title}, {FEW:,} and {MANY:,} domains, {JOBS} at a time",
            f"{mebibytes(few)} and {mebibytes(many)}; one at a time {mebibytes(one)}; the "
            f"floor with {MANY:,} {mebibytes(bare)}",
            [at_most("memory", many / max(few, bare), 1.1, "{:.3g} x")])


def main():
    peer.download()
    with Net() as net, peer.Peer(net.dir, "internal", net.roots) as other:
        cold(net, other)
        slow(net)
        unchanged(net)
        many(net)
        memory(net)


if __name__ == "__main__":
    main()
