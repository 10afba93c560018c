#!/usr/bin/python3 -B
"""Row 14: stores, against LMDB alone with the same flags; and readers meanwhile."""

import itertools
import json
import os
import subprocess

from measure import QUICK, Bench, program, sampled, say, seconds

COUNT = 200 if QUICK else 1000
READ = 1000                     # domains for the readers
# (way, title, stores)
WAYS = (
    ("one", "a policy and its answer, one at a time", COUNT),
    ("forked", "the same by 100 processes at once", COUNT),
    ("batched", "policies in batches, as a refresh stores them", 10 * COUNT),
    ("negative", "an answer that may be lost", 20 * COUNT),
)


def main():
    with Bench() as bench:
        filled = bench.path("filled")
        done = subprocess.run([program("fill"), filled, str(READ)], check=True,
                              stdout=subprocess.PIPE)
        sizes = json.loads(done.stdout)
        for way in WAYS:
            compare(bench, sizes, *way)
        readers(bench, filled)


def compare(bench, sizes, way, title, count):
    numbers = itertools.count()

    def fresh():
        directory = bench.path(f"{way}{next(numbers)}")
        os.mkdir(directory)
        return directory

    bench.compare(
        14, title, "rate 0.8 x", lambda _, floor, __: floor.wall_ratio <= 1 / 0.8,
        lambda: sampled("store", fresh(), count, way),
        lambda: sampled("store_floor", fresh(), count, way, sizes["policy"],
                        sizes["answer"]))


def readers(bench, filled):
    """Lookups while another process stores without a pause."""
    alone = reader(filled)
    with subprocess.Popen([program("store"), filled, str(10 ** 9), "one"],
                          stdout=subprocess.DEVNULL) as writer:
        meanwhile = reader(filled)
        writer.kill()
    say(14, "a lookup while another process stores",
        f"p99 {seconds(meanwhile['p99'])}, alone {seconds(alone['p99'])}",
        "no reader waits", None)


def reader(directory):
    done = subprocess.run([program("reader"), directory, str(READ), "2"],
                          stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()
