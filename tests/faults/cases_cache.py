#!/usr/bin/python3 -B
"""What happens to the cache while it is used: killed users, a full disk, a read-only
one, a directory that goes, no descriptors left, a clock that jumps."""

import os
import random
import shutil
import time

from load import (Cache, FaultLab, as_owner, must, never_weaker, tmpfs, until,
                  working)

# pylint: disable=wrong-import-order
from clock import DAY, clock_write, preload
from tap import main, need, same, scenario
import world

SEED = int(os.environ.get("FAULT_SEED", str(random.randrange(1 << 30))))
EVALUATED = ("pass", "temperror")
CROWD = 200
AT_ONCE = 25
# Who looks up: a program by itself, one that probes, a daemon.
KINDS = (("recheck", False), ("evaluate", False), ("recheck", True))


@scenario(f"SIGKILL at random moments of {CROWD} writers and readers: nothing is lost")
def killed(lab):
    chance = random.Random(SEED)
    cache = Cache(lab).warm()
    stored, read = [], []
    left = list(range(CROWD))
    alive = []
    with working(cache.start("recheck")) as (witness,):
        while left or alive:
            while left and len(alive) < AT_ONCE:
                number = left.pop()
                writer = number % 2
                worker = (cache.start("store", f"w{number}.stored.test", pause=0)
                          if writer else cache.start("recheck", pause=0))
                alive.append((worker, time.monotonic() + chance.uniform(0.05, 2)))
            time.sleep(0.01)
            for entry in [entry for entry in alive if entry[1] < time.monotonic()]:
                alive.remove(entry)
                entry[0].kill()
                (stored if "store" in entry[0].command else read).extend(entry[0].answers())
        never_weaker(witness.go_on())
        never_weaker(witness.answers())
    told = f"seed {SEED}"
    never_weaker(read)
    committed = {answer.domain for answer in stored if answer.outcome == "stored"}
    need(len(committed) > CROWD, f"{told}: only {len(committed)} were stored")
    cache.verify()
    found = cache.stored()
    same(f"{told}: lost", committed - set(found), set())
    same(f"{told}: modes", set(found.values()), {"enforce"})
    need(set(lab.names) <= set(found), f"{told}: what was there before is lost")


@scenario("the disk is full: policies stay, new ones are used and not stored, and then are")
def disk_full(lab):
    with tmpfs(lab, "4m") as place:
        cache = Cache(lab, place=place + "/cache").warm()
        with working(cache.start("recheck"), cache.start("evaluate"),
                     cache.start("store", "full.stored.test"),
                     cache.start("recheck", background=True)) as workers:
            for worker in workers:
                worker.go_on(2)
            fill(place)
            recheck, evaluate, store, daemon = workers
            never_weaker(recheck.go_on(50))
            never_weaker(evaluate.go_on(), EVALUATED)
            never_weaker(daemon.go_on(50))
            until(lambda: any("error" in answer.line for answer in store.answers()),
                  "the disk is not full")
            never_weaker(cache.start("recheck", rounds=1).all())
            answer = cache.ask("query", lab.new.domain)
            same("a policy found while it is full", answer["mode"], "enforce")
            os.unlink(place + "/filler")
            until(lambda: store.go_on(1)[0].outcome == "stored", "it stays full")
            never_weaker(recheck.go_on())
        cache.verify()
        committed = {answer.domain for answer in store.answers()
                     if answer.outcome == "stored"}
        same("lost", committed - set(cache.stored()), set())


def fill(place):
    with open(place + "/filler", "wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 4096):
                pass
        except OSError:
            pass


@scenario("the file system is read-only: policies stay, and lookups work")
def read_only(lab):
    with tmpfs(lab, "64m") as place:
        cache = Cache(lab, place=place + "/cache").warm()
        must("mount", "-o", "remount,ro", place)
        with working(cache.start("recheck"), cache.start("evaluate"),
                     cache.start("recheck", background=True)) as (recheck, evaluate, daemon):
            never_weaker(recheck.go_on(20))
            never_weaker(evaluate.go_on(), EVALUATED)
            never_weaker(daemon.go_on(20))
            same("a policy that is new", cache.ask("query", lab.new.domain)["mode"],
                 "enforce")
            must("mount", "-o", "remount,rw", place)
            never_weaker(recheck.go_on(20))
        cache.verify()
        same("lost", set(lab.names) - set(cache.stored()), set())


def refused(error):
    """Each write of a process and its threads is refused from some moment on."""
    return ["strace", "-f", "-qq", "-o", "/dev/null", "-e",
            f"inject=pwrite64,pwritev,fdatasync,fsync,ftruncate:error={error}:when=40+"]


def writes_fail(error):
    @scenario(f"writes to the open cache fail with {error}: policies stay")
    def case(lab):
        cache = Cache(lab).warm()
        with working(cache.start("recheck", before=refused(error)),
                     cache.start("store", "refused.stored.test", before=refused(error)),
                     cache.start("recheck")) as (recheck, store, other):
            never_weaker(recheck.go_on(100))
            until(lambda: any("error" in answer.line for answer in store.answers()),
                  "no write has failed")
            never_weaker(other.go_on(20))
        cache.verify()
        committed = {answer.domain for answer in store.answers()
                     if answer.outcome == "stored"}
        same("lost", committed - set(cache.stored()), set())
    return case


@scenario("the cache directory is removed: lookups go on, and fill another")
def removed(lab):
    cache = Cache(lab).warm()
    with working(*(cache.start(verb, *lab.names, "plain.test", background=background)
                   for verb, background in KINDS)) as workers:
        for worker in workers:
            worker.go_on(5)
        for name in os.listdir(cache.dir):
            shutil.rmtree(os.path.join(cache.dir, name))
        for worker in workers:
            never_weaker([answer for answer in worker.go_on(20)
                          if answer.domain != "plain.test"], ("none", *EVALUATED))
        until(lambda: set(lab.names) <= set(cache.stored()), "nothing is cached anew")
    cache.verify()


@scenario("no more descriptors: policies stay, and nothing is found absent")
def descriptors(lab):
    cache = Cache(lab).warm()
    with working(*(cache.start(verb, background=background)
                   for verb, background in KINDS)) as workers:
        for worker in workers:
            worker.go_on(5)
            limit(worker, 0)
        for worker in workers:
            never_weaker(worker.go_on(20), ("none", *EVALUATED))
            limit(worker, 1024)
            worker.go_on(50)
    for number in range(3, 40):
        worker = cache.start("recheck", *lab.names, lab.new.domain, rounds=1,
                             before=["prlimit", f"--nofile={number}"])
        code = worker.finish()
        need(code is not None and code >= 0, f"{number} descriptors: {code}")
        for answer in worker.answers():
            fine = (answer.mode == "enforce" or answer.outcome != "none"
                    or answer.reason == "dns-temperror")
            need(fine, f"{number} descriptors: {answer.line}\n{worker.said()}")
    cache.verify()


def limit(worker, number):
    must(*as_owner("prlimit", "--pid", str(worker.process.pid), f"--nofile={number}:"))


class Clock:
    """A clock that workers go by, which can be set while they run."""

    def __init__(self, lab):
        self.file = lab.path(f"clock{next(lab.numbers)}")
        self.set(0)

    def set(self, days):
        clock_write(self.file, days * DAY)

    def start(self, cache, verb, *domains, **how):
        return cache.start(verb, *domains, env=preload(file=self.file), **how)


@scenario("the clock jumps, to and fro: policies stay, and nothing waits for it")
def clock(lab):
    cache = Cache(lab)
    hand = Clock(lab)
    cache.warm()
    with working(*(hand.start(cache, verb, background=background)
                   for verb, background in KINDS)) as workers:
        for days in (0.5, 0, -0.5, 30, 0, -1500, 0, 3650, 0):   # the certificates live
            hand.set(days)
            for worker in workers:
                worker.go_on(2)
                never_weaker(worker.go_on(10), ("none", *EVALUATED))
    cache.verify()


@scenario("the clock is set back, and the policy host is dead: the cached policy stays")
def clock_and_host(lab):
    cache = Cache(lab)
    hand = Clock(lab)
    cache.warm(lab.dying.domain)
    lab.dying.record("v=STSv1; id=two;")
    lab.dying.break_web()
    for days in (0, -0.5, -1, -400):
        hand.set(days)
        worker = hand.start(cache, "recheck", lab.dying.domain, rounds=1)
        same("exit", worker.finish(), 0)
        need(worker.answers()[0].mode == "enforce", f"{days} days: {worker.answers()[0].line}")


CASES = [killed, disk_full, read_only, *map(writes_fail, ("EROFS", "ENOSPC", "EIO")),
         removed, descriptors, clock, clock_and_host]


def build(lab):
    world.build(lab)
    lab.hold(*(f"held{number}.live.test" for number in range(4)))
    lab.new = lab.owner("new.live.test")
    lab.dying = lab.owner("dying.live.test")


if __name__ == "__main__":
    main(build, CASES, FaultLab, jobs=3)
