#!/usr/bin/python3 -B
"""Rows 4 to 7: policies discovered by DNS and HTTPS: `mtasts-cachectl warm` and `refresh`
against c-ares and libcurl doing the same questions and requests, and against the peer."""

import itertools
import subprocess
import time

import peer
from measure import PAIRS, QUICK, Sample, alternate, line, medians_of, sampled, say, timed
from net import Net, connections
from product import anonymous

# concurrency: domains of a sample
COLD = {1: 50, 16: 200, 128: 300} if QUICK else {1: 200, 16: 800, 128: 1500}
SLOW = 500
MANY = 1000 if QUICK else 10_000
JOBS = 128
first = itertools.count(0, 100_000)


def warm(net, names, count, jobs, cache=None):
    cache = cache or net.fresh()
    return timed(net.command(cache, "warm", "--jobs", jobs, names), count)


def floor(net, names, jobs):
    return sampled("fetch_floor", names, jobs, net.roots)


def cold(net, other):
    """Row 4.  The peer is asked for names that it has not seen."""
    for jobs, count in COLD.items():
        names = net.names(count)

        def ask(jobs=jobs, count=count):
            before = other.cpu()
            sample = sampled("map_client", other.map, "sts", next(first) % 9_900_000, 0,
                             count, jobs, 1)
            return Sample(sample.wall, (other.cpu() - before) / count)

        taken = alternate(PAIRS, lambda n=names, j=jobs, c=count: warm(net, n, c, j),
                          lambda n=names, j=jobs: floor(net, n, j), ask)
        medians = [medians_of(taken[0], side) for side in taken]
        goal = "rate 0.9 x, cpu 1.15 x" + ("; rate 1.2 x the peer's" if jobs == 1 else "")
        met = medians[1].wall_ratio <= 1 / 0.9 and medians[1].cpu_ratio <= 1.15 and (
            jobs > 1 or medians[2].wall_ratio <= 1 / 1.2)
        line(4, f"cold discoveries, {jobs} at a time", medians, goal, met)


def slow(net):
    """Row 5."""
    names = net.names(SLOW, zone="slow.test")
    for jobs in (128, 512):
        net.compare(5, f"{SLOW} policy hosts that take 1 s, {jobs} at a time", "1.1 x",
                    lambda _, floors, __: floors.wall_ratio <= 1.1,
                    lambda j=jobs: warm(net, names, SLOW, j),
                    lambda j=jobs: floor(net, names, j), pairs=2 if QUICK else 3)


def unchanged(net):
    """Row 6: the same again when the TXT records' TTL is over."""
    count = COLD[128]
    names, cache = net.names(count, zone="brief.test"), net.fresh()
    first_time = warm(net, names, count, JOBS, cache)
    samples, opened = [], 0
    for _ in range(PAIRS):
        time.sleep(2)
        before = connections()
        samples.append(warm(net, names, count, JOBS, cache))
        opened += connections() - before
    again = medians_of([first_time] * PAIRS, samples)
    line(6, f"TXT unchanged, {JOBS} at a time; floor: the same domains cold; "
         f"{opened} HTTPS connections", [medians_of(samples, samples),
         medians_of(samples, [first_time] * PAIRS), None],
         "20 x the rate, no connection", opened == 0 and again.wall_ratio >= 20)


def many(net):
    """Row 7."""
    names = net.names(MANY)
    cache = net.fresh()
    sides = (("warm", lambda: warm(net, names, MANY, JOBS)),
             ("refresh --all", lambda: timed(net.command(
                 cache, "refresh", "--all", "--jobs", JOBS), MANY)))
    warm(net, names, MANY, JOBS, cache)
    for title, side in sides:
        net.compare(7, f"{title}, {MANY:,} domains", "rate 0.85 x",
                    lambda _, floors, __: floors.wall_ratio <= 1 / 0.85, side,
                    lambda: floor(net, names, JOBS), pairs=2)
    few, all_of_them = (memory(net, count) for count in (MANY // 5, MANY))
    say(7, f"memory of warm, {MANY // 5:,} and {MANY:,} domains",
        f"{few:.1f} and {all_of_them:.1f} MiB", "flat", all_of_them < 1.2 * few)


def memory(net, count):
    """MiB of it at most that are no file's."""
    most = 0
    command = net.command(net.fresh(), "warm", "--jobs", JOBS, net.names(count))
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            most = max(most, anonymous(process.pid))
            time.sleep(0.02)
    return most / 1024


def main():
    peer.download()
    with Net() as net, peer.Peer(net.dir, "internal", net.roots) as other:
        cold(net, other)
        slow(net)
        unchanged(net)
        many(net)


if __name__ == "__main__":
    main()
