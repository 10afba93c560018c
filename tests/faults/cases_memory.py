#!/usr/bin/python3 -B
"""Memory that is not there: one allocation fails, whoever asks for it (the library,
libcurl, OpenSSL, c-ares, LMDB, libc), and then all that follow, too.

Each call of the program allocates some hundred times, or some thousand; so many are
made to fail, one in a run, that are chosen by a seed: NOMEM_SEED makes another choice,
and NOMEM_RUNS=0 tries every one.  That those of the library
itself are all tried is seen to by tests/unit/test_nomem.c."""

import os
import random
import re

from load import Cache, FaultLab, built

# pylint: disable=wrong-import-order
import world
from tap import Skipped, main, need, scenario

RUNS = int(os.environ.get("NOMEM_RUNS", "150"))
SEED = int(os.environ.get("NOMEM_SEED", "8461"))
DOMAIN = "held.live.test"
RIGHT, NO_MEMORY = 0, 3
# The scanner of libconfuse ends the program, and so does the dynamic linker where a
# library that libcurl needs wants its thread's data; nobody can keep them from that.
# The last is what libc says of its assertion where there is no memory for the words.
ENDERS = re.compile(r"^out of dynamic memory in yy|lexer\.l:\d+: "
                    r"|^cannot allocate memory for thread-local data: ABORT$"
                    r"|^Unexpected error\.$", re.MULTILINE)


def preload(**more):
    return {"LD_PRELOAD": built(".libs/nomem.so"), **more}


def count(cache, verb):
    """How often a run asks for memory."""
    worker = cache.start(verb, DOMAIN, rounds=1, env=preload(NOMEM_TELL="1"))
    if worker.finish() != 0:
        raise Skipped(f"this build cannot be preloaded: {worker.said()[:200]}")
    return int(worker.said().split()[-1])


def chosen(total):
    numbers = range(1, total + 1)
    if 0 < RUNS < total:
        numbers = sorted(random.Random(SEED).sample(numbers, RUNS))
    return numbers


def judge(worker, where, allowed):
    code = worker.finish()
    need(code is not None, f"{where}: it hangs")
    need(code in (RIGHT, NO_MEMORY) or ENDERS.search(worker.said()),
         f"{where}: it ends with {code}\n{worker.said()}")
    for answer in worker.answers():
        if answer.outcome == "error":
            need(answer.mode == "" and "out-of-memory" in answer.line, f"{where}: {answer.line}")
        else:
            allowed(f"{where}: {worker.said()}", answer)


def stays_in_force(where, answer):
    need(answer.mode == "enforce", f"{where}: {answer.line}")


def waits_or_passes(where, answer):
    stays_in_force(where, answer)
    need(answer.verdict != "none", f"{where}: {answer.line}")


def is_no_absence(where, answer):
    """What was not cached may be unavailable; no promise is not what was found."""
    need(answer.mode == "enforce" or answer.outcome != "none"
         or answer.reason == "dns-temperror", f"{where}: {answer.line}")


def anything(_where, _answer):
    pass


def starve(title, verb, allowed, warm=True, **more):
    @scenario(title)
    def case(lab):
        held = Cache(lab).warm()
        total = count(held if warm else Cache(lab), verb)
        for number in chosen(total):
            cache = held if warm else Cache(lab)
            worker = cache.start(verb, DOMAIN, rounds=1, pause=0,
                                 env=preload(NOMEM_AT=str(number), **more))
            judge(worker, f"seed {SEED}: allocation {number} of {total}", allowed)
        held.verify()
        need(DOMAIN in held.stored(), "the policy is lost")
    return case


CASES = [case for more, words in (({}, "one allocation fails"),
                                  ({"NOMEM_AFTER": "1"}, "memory ends"))
         for case in (
             starve(f"{words}: a cached answer is right, or not to be had", "cached",
                    is_no_absence, **more),
             starve(f"{words}: a lookup keeps the cached policy", "recheck",
                    stays_in_force, **more),
             starve(f"{words}: a first lookup finds no absence", "lookup", is_no_absence,
                    warm=False, **more),
             starve(f"{words}: an evaluation is never weaker than the cache", "evaluate",
                    waits_or_passes, **more),
             starve(f"{words}: the cache can be listed and stored to", "store", anything,
                    **more))]


def build(lab):
    world.build(lab)
    lab.hold(DOMAIN)


if __name__ == "__main__":
    main(build, CASES, FaultLab, jobs=4)
