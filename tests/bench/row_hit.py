#!/usr/bin/python3 -B
"""Row 1: a lookup whose answer is cached and fresh, against LMDB alone."""

import subprocess

from measure import QUICK, Bench, program, sampled

SIZES = (10_000, 100_000) if QUICK else (10_000, 100_000, 1_000_000)
LOOKUPS = 200_000 if QUICK else 1_000_000
# (how, threads, processes)
WAYS = (("1 thread", 1, 1), ("2 threads", 2, 1), ("2 processes", 1, 2))



def main():
    with Bench(in_memory=True) as bench:
        for size in SIZES:
            directory = bench.path(str(size))
            subprocess.run([program("fill"), directory, str(size)], check=True,
                           stdout=subprocess.DEVNULL)
            for how, threads, processes in WAYS:
                one_way(bench, directory, size, how, threads, processes)


def one_way(bench, directory, size, how, threads, processes):
    arguments = (directory, size, LOOKUPS, threads)

    def side(name):
        return lambda: sampled(name, *arguments, copies=processes)

    def met(product, floor, _):
        return floor.cpu_ratio <= 1.5 or product.cpu - floor.cpu <= 0.5e-6

    bench.compare(1, f"hit among {size:,}, {how}", "1.5 x or + 0.5 us", met,
                  side("hit"), side("hit_floor"))


if __name__ == "__main__":
    main()
