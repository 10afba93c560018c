#!/usr/bin/python3 -B
"""Row 14: stores, against LMDB alone with the same flags; and readers meanwhile."""

import itertools
import json
import os
import subprocess

from goal import rate
from measure import QUICK, Bench, compare, program, sampled
from table import line

COUNT = 200 if QUICK else 300
READ = 1000                     # domains for the readers
SPAN = 2                        # seconds of looking up
# (way, title, stores)
WAYS = (
    ("one", "a policy and its answer, one at a time", COUNT),
    ("forked", "the same by 100 processes at once, each of which opens the cache", COUNT),
    ("batched", "policies in batches, as a refresh stores them", 200 * COUNT),
    ("negative", "an answer that may be lost", 80 * COUNT),
)


def main():
    with Bench() as bench:
        filled = bench.path("filled")
        done = subprocess.run([program("fill"), filled, str(READ)], check=True,
                              stdout=subprocess.PIPE)
        sizes = json.loads(done.stdout)
        for way in WAYS:
            store(bench, sizes, *way)
        readers(filled)


def store(bench, sizes, way, title, count):
    numbers = itertools.count()

    def fresh():
        directory = bench.path(f"{way}{next(numbers)}")
        os.mkdir(directory)
        return directory

    line(14, title, compare(
        lambda: sampled("store", fresh(), count, way),
        lambda: sampled("store_floor", fresh(), count, way, sizes["policy"],
                        sizes["answer"])), [rate(0.8)])


def readers(filled):
    """Who had to wait for a store would hardly look up anything: one follows the other
    without a pause."""
    def alone():
        return sampled("reader", filled, READ, SPAN)

    def meanwhile():
        with subprocess.Popen([program("store"), filled, str(10 ** 9), "one"],
                              stdout=subprocess.DEVNULL) as writer:
            found = alone()
            if writer.poll() is not None:
                raise RuntimeError(f"the writer ended: {writer.returncode}")
            writer.kill()
        return found

    line(14, "a lookup while another process stores without a pause; floor: nobody stores; "
         "no reader waits", compare(meanwhile, alone), [rate(0.8)])


if __name__ == "__main__":
    main()
