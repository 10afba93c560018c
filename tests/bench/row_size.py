#!/usr/bin/python3 -B
"""Row 13: a million cached policies: what they take on disk and in memory, and readers
while half of them are removed."""

import json
import os
import random
import signal
import subprocess
import time

from goal import at_most, rate
from measure import (QUICK, Bench, cachectl, compared, most_memory, program, sample_of,
                     timed)
from product import Daemon, answers, ask
from table import line, mebibytes, say, seconds

COUNT = 100_000 if QUICK else 1_000_000
FEW = COUNT // 10
QUESTIONS = 20_000
LONGEST = 600                   # seconds that a reader reads


def main():
    with Bench() as bench:
        full, few = (filled(bench, f"full{count}", count) for count in (COUNT, FEW))
        size(bench, full)
        listing(bench, few, full)
        daemon(bench, full)
        purge(bench)


def filled(bench, name, count, *more):
    directory = bench.path(name)
    subprocess.run([program("fill"), directory, str(count), *more], check=True,
                   stdout=subprocess.DEVNULL)
    return directory


def octets(directory, name):
    return os.stat(os.path.join(directory, name, "data.mdb")).st_blocks * 512


def conf(bench):
    """The command's configuration: room for all."""
    path = bench.path("mtasts.conf")
    with open(path, "w", encoding="ascii") as file:
        file.write("cache.size = 4G\n")
    return path


def command(bench, directory, *arguments):
    return [cachectl(), "-c", conf(bench), "--cache", directory, *arguments]


def size(bench, full):
    """Imported in no order of names, and what LMDB takes for the same records."""
    lines, where = bench.path("lines"), bench.path("imported")
    os.mkdir(where)
    exported = subprocess.run(command(bench, full, "export"), check=True,
                              stdout=subprocess.PIPE).stdout.splitlines(keepends=True)
    random.Random(1).shuffle(exported)
    with open(lines, "wb") as file:
        file.writelines(exported)
    del exported
    took = timed(command(bench, where, "import", lines), COUNT)
    ours = octets(where, "policies") / COUNT
    theirs = octets(full, "policies") / COUNT
    say(13, f"{COUNT:,} policies, imported in random order",
        f"{ours:.0f} B a domain (LMDB alone {theirs:.0f}); answers "
        f"{octets(full, 'answers') / COUNT:.0f} B; import {seconds(took.wall)} each (cpu "
        f"{seconds(took.cpu)})", [at_most("a domain", ours, 600, "{:.0f} B")])
    os.unlink(lines)


def listing(bench, few, full):
    used, took = zip(*(most_memory(command(bench, where, "list"))
                       for where in (few, full)))
    say(13, f"`list` of {FEW:,} and of {COUNT:,}",
        f"{mebibytes(used[0])} and {mebibytes(used[1])}; {seconds(took[1])}",
        [at_most("memory", used[1] / used[0], 1.1, "{:.3g} x")])


def daemon(bench, full):
    with Daemon(bench.path("daemon"), full) as running:
        connection, _ = answers(running.map)
        for number in range(0, QUESTIONS):
            ask(connection, f"sts d{number * 7919 % COUNT:07}.bench.test")
        used = running.memory()
    say(13, f"the daemon after {QUESTIONS:,} of them",
        f"{used / 2 ** 20:.1f} MiB without the map",
        [at_most("memory", used / 1e6, 20, "{:.3g} MB")])


def purge(bench):
    """Half of the policies have expired; a reader looks the others up meanwhile.  It
    looks up as many as without the purge, or it had to wait."""
    half = filled(bench, "half", COUNT, "expiring")
    alone, _ = beside(half, lambda: time.sleep(2))
    meanwhile, took = beside(half, lambda: timed(command(bench, half, "purge")))
    found = compared([sample_of(meanwhile)], [sample_of(alone)])
    line(13, f"a reader while `purge` removes {COUNT // 2:,} in {seconds(took.wall)}; "
         f"floor: nobody removes; {meanwhile['ops']:,} lookups, the longest "
         f"{seconds(meanwhile['longest'])}; readers go on", found, [rate(0.8)])


def beside(directory, work):
    """What a reader reports that reads for as long as the work takes."""
    command_line = [program("reader"), directory, str(COUNT), str(LONGEST)]
    with subprocess.Popen(command_line, stdout=subprocess.PIPE) as process:
        process.stdout.readline()       # it begins
        done = work()
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command_line)}: exit {process.returncode}")
    return json.loads(out), done


if __name__ == "__main__":
    main()
