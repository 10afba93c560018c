#!/usr/bin/python3 -B
"""Row 1: a lookup whose answer is cached and fresh, against LMDB alone."""

import statistics
import subprocess

from goal import Either
from measure import QUICK, Bench, Sample, compare, program, sample_of, together
from table import line

SIZES = (10_000, 100_000) if QUICK else (10_000, 100_000, 1_000_000)
LOOKUPS = 200_000 if QUICK else 500_000
# (how, threads, processes)
WAYS = (("1 thread", 1, 1), ("2 threads", 2, 1), ("2 processes", 1, 2))
GOALS = (Either("wall", 1.5, 0.5e-6), Either("cpu", 1.5, 0.5e-6))


def main():
    with Bench(in_memory=True) as bench:
        for size in SIZES:
            directory = bench.path(str(size))
            subprocess.run([program("fill"), directory, str(size)], check=True,
                           stdout=subprocess.DEVNULL)
            for how, threads, processes in WAYS:
                one_way(directory, size, how, threads, processes)


def one_way(directory, size, how, threads, processes):
    arguments = (directory, size, LOOKUPS, threads)

    def side(name):
        return lambda: lookups(name, arguments, threads, processes)

    line(1, f"hit among {size:,}, {how}", compare(side("hit"), side("hit_floor")), GOALS,
         f"hit {size} {how}")


def lookups(name, arguments, threads, processes):
    """Of so many processes at once.  The time is what a thread waits for a lookup, not
    that in which all of them have done one."""
    samples = [sample_of(report) for report in together(processes, name, *arguments)]
    return Sample(threads * statistics.mean(sample.wall for sample in samples),
                  statistics.mean(sample.cpu for sample in samples))


if __name__ == "__main__":
    main()
