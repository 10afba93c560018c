#!/usr/bin/python3 -B
"""Half an hour of everything at once, at an easy pace, with something broken most of
the time; at the end nothing has grown.

SOAK_TIME is in seconds (1800).  The first quarter is for warming up; what the second
one came to is the measure for the last."""

import itertools
import os
import random
import signal
import struct
import sys
import time

sys.path.insert(1, os.path.join(os.path.dirname(__file__), "../faults"))

# pylint: disable=wrong-import-position
from load import Cache, FaultLab, never_weaker
from cases_daemon import RESOLVER, Client, Daemon, leave, message, serving

# pylint: disable=wrong-import-order
from tap import clean, main, need, scenario
import world

SOAK_TIME = int(os.environ.get("SOAK_TIME", "1800"))
SEED = int(os.environ.get("FAULT_SEED", str(random.randrange(1 << 30))))
SAMPLES = 120
HELD = 24                       # domains with a policy
PLAIN = 200                     # domains without
EASY = 40                       # milliseconds between two questions of a worker
VERDICTS = ("none", "pass", "temperror")
TICK = 2                        # seconds

LOCK_HEAD, READER = 128, 64     # octets in LMDB's lock file
# What may be added to what was there already: (share, octets or pieces).
SLACK = {"rss": (0.10, 1 << 20), "fds": (0, 4), "threads": (0, 4),
         "file": (0.10, 1 << 18), "readers": (0, 6)}
# The rows of README.md's table.
ROWS = {("rss", "daemon"): "memory of the daemon, octets",
        ("rss", "worker"): "memory of a program with the library's thread",
        ("fds", "daemon"): "descriptors of the daemon",
        ("fds", "worker"): "descriptors of the program",
        ("threads", "daemon"): "threads of the daemon",
        ("threads", "worker"): "threads of the program",
        ("file", "policies"): "file of policies, octets",
        ("file", "answers"): "file of answers",
        ("readers", "policies"): "places taken among the readers of policies",
        ("readers", "answers"): "places taken among the readers of answers"}
# What was done, as its sentence says it.
DONE = {"answers of the map": "answers of the map", "answers of workers": "of the programs",
        "messages": "messages", "command": "commands",
        "name_server": "stops of the name server", "policy_hosts": "of half of the policy hosts",
        "killing": "kills", "reload": "reloads", "policies": "changes of policies"}


def readers(lock):
    """Places taken in the table of readers, by the living and by the dead."""
    with open(lock, "rb") as file:
        data = file.read()
    pids = (struct.unpack_from("<Qi", data, at)[1]
            for at in range(LOCK_HEAD, len(data) - READER + 1, READER))
    return sum(pid != 0 for pid in pids)


def resident(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Soak:
    """All that goes on, and what is measured of it."""

    def __init__(self, lab, cache, daemon):
        self.lab = lab
        self.cache = cache
        self.daemon = daemon
        self.chance = random.Random(SEED)
        self.samples = []
        self.done = {}
        self.workers = {}
        for verb in ("lookup", "recheck", "evaluate"):
            self.start_worker(verb)
        self.clients = [Client(daemon, lab.names, EASY / 1000) for _ in range(2)]
        self.plain = Client(daemon, lab.plain, EASY / 1000)

    def count(self, what, number=1):
        self.done[what] = self.done.get(what, 0) + number

    # What goes on.

    def start_worker(self, verb):
        self.workers[verb] = self.cache.start(verb, *self.lab.names, *self.lab.plain,
                                              pause=EASY, background=verb == "recheck")

    def judge_answers(self, worker):
        """End a worker; nothing that it said may be weaker than the cache."""
        worker.kill()
        answers = worker.answers()
        never_weaker([answer for answer in answers if answer.domain in self.lab.names],
                     VERDICTS)
        self.count("answers of workers", len(answers))

    def messages(self):
        name = self.chance.choice(self.lab.names).encode()
        steps = message(name)
        leave(self.daemon, steps[:self.chance.randrange(len(steps) + 1)])

    def command(self):
        arguments = self.chance.choice((
            ["list"], ["stats"], ["refresh", self.chance.choice(self.lab.names)], ["purge"],
            ["refresh", "--all"], ["verify"], ["check", self.chance.choice(self.lab.names)]))
        outcome = self.cache.run(*arguments)
        clean(outcome)
        if arguments == ["verify"]:
            need(outcome.code == 0, outcome.out)

    def reload(self):
        self.daemon.signal(signal.SIGUSR1)

    # What breaks, and is whole again before the next does.

    def name_server(self):
        self.lab.daemons.stop("unbound")
        time.sleep(2 * TICK)
        self.lab.daemons.restart("unbound")

    def policy_hosts(self):
        victims = self.chance.sample(self.lab.owners, HELD // 2)
        for owner in victims:
            owner.break_web()
            owner.record("v=STSv1; id=broken;")
        time.sleep(2 * TICK)
        for owner in victims:
            owner.publish(f"one{self.chance.randrange(1000)}")

    def policies(self):
        for owner in self.chance.sample(self.lab.owners, 3):
            owner.publish(f"new{self.chance.randrange(1000)}")

    def killing(self):
        name = self.chance.choice(("lookup", "evaluate"))
        self.judge_answers(self.workers[name])
        self.start_worker(name)

    # What is measured.

    def sample(self):
        watched = {"daemon": self.daemon.process.pid,
                   "worker": self.workers["recheck"].process.pid}
        found = {}
        for name, pid in watched.items():
            found["rss", name] = resident(pid)
            found["fds", name] = len(os.listdir(f"/proc/{pid}/fd"))
            found["threads", name] = len(os.listdir(f"/proc/{pid}/task"))
        for name, directory in (("policies", self.cache.dir + "/policies"),
                                ("answers", self.cache.dir + "/run/answers")):
            found["file", name] = os.stat(directory + "/data.mdb").st_size
            found["readers", name] = readers(directory + "/lock.mdb")
        self.samples.append(found)

    def run(self):
        end = time.monotonic() + SOAK_TIME
        begin = time.monotonic()
        acts = itertools.cycle((self.messages, self.command, self.messages, self.policies))
        faults = itertools.cycle((self.name_server, self.policy_hosts, self.killing,
                                  self.reload))
        for number in itertools.count():
            if time.monotonic() > end:
                break
            act = next(faults if number % 4 == 3 else acts)
            act()
            self.count(act.__name__)
            if time.monotonic() - begin >= len(self.samples) * SOAK_TIME / SAMPLES:
                self.sample()
            time.sleep(TICK)

    def finish(self):
        for client in (*self.clients, self.plain):
            client.stopping = True
        for client in self.clients:
            client.end()
        self.count("answers of the map", sum(len(client.answers)
                                             for client in (*self.clients, self.plain)))
        for worker in self.workers.values():
            self.judge_answers(worker)

    def judge(self):
        """The most of the last quarter against the most of the second."""
        quarter = len(self.samples) // 4
        grown = []
        table = ["| what | at first | most of the second quarter | most of the last |",
                 "|---|---|---|---|"]
        for key, words in ROWS.items():
            before = max(found[key] for found in self.samples[quarter:2 * quarter])
            after = max(found[key] for found in self.samples[3 * quarter:])
            share, more = SLACK[key[0]]
            table.append(f"| {words} | {self.samples[0][key]} | {before} | {after} |")
            if after > before * (1 + share) + more:
                grown.append(f"{words} from {before} to {after}")
        print("\n".join(table), flush=True)
        need(not grown, "grown: " + "; ".join(grown))

    def told(self):
        """What was done, in words."""
        return ", ".join(f"{self.done.get(what, 0)} {words}" for what, words in DONE.items())


@scenario(f"{SOAK_TIME} s of lookups, probes, refreshes and faults: nothing grows")
def soak(lab):
    cache = Cache(lab, RESOLVER).warm(*lab.names)
    daemon = Daemon(cache, RESOLVER)
    with serving(daemon):
        all_of_it = Soak(lab, cache, daemon)
        try:
            all_of_it.run()
            all_of_it.finish()
        finally:
            for worker in all_of_it.workers.values():
                worker.kill()
    print(f"# seed {SEED}", f"{SOAK_TIME} s: {all_of_it.told()}.", "", sep="\n", flush=True)
    cache.verify()
    all_of_it.judge()


def build(lab):
    world.build(lab)
    lab.hold(*(f"held{number}.live.test" for number in range(HELD)))
    lab.plain = [f"plain{number}.live.test" for number in range(PLAIN)]


if __name__ == "__main__":
    main(build, [soak], FaultLab, jobs=1)
