"""What goes on while something breaks: caches, and programs that use them, over
and over, whose answers are looked at when it is over."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

sys.path.insert(1, os.path.join(os.path.dirname(__file__), "../lab"))

# pylint: disable=wrong-import-position
import daemons
from lab import Lab, command_under_test, run
from namespace import skip
from owner import Owner
from tap import SANITIZER, ask, clean, need, same

PATIENCE = 120                  # seconds in which what does not hang has gone on
WHO = "nobody"                  # owns the caches
LIVE = {"dns": {"servers": [daemons.LIVE_DNS], "timeout": "500ms"},
        "https": {"timeout": "4s"},
        "probe": {"timeout": "4s", "ttl": "0s", "failure_ttl": "0s"}}


def built(name):
    path = os.path.join(os.environ.get("abs_top_builddir", ""), "tests/faults", name)
    return path if os.path.exists(path) else skip(f"{name} is not built: make faults")


def is_root():
    """Root of more than a user namespace of its own?"""
    with open("/proc/self/uid_map", encoding="ascii") as file:
        return os.getuid() == 0 and int(file.read().split()[2]) > 1


def until(done, otherwise):
    """Wait until something is true."""
    end = time.monotonic() + PATIENCE
    while not done():
        need(time.monotonic() < end, otherwise() if callable(otherwise) else otherwise)
        time.sleep(0.05)


class FaultLab(Lab):
    """A lab with domains whose policies are in the caches before anything breaks."""

    def __init__(self):
        super().__init__()
        self.numbers = itertools.count(1)
        self.names = []
        self.owners = []        # of those

    def owner(self, domain):
        """Who runs a domain, whose record is never fresh."""
        owner = Owner(domain)
        owner.settle(self)
        return owner

    def hold(self, *domains):
        """Domains that caches are to hold."""
        self.owners = [self.owner(domain) for domain in domains]
        self.names = list(domains)


class Cache:
    """A cache of its own, and a configuration that names it."""

    def __init__(self, lab, conf=LIVE, place=None):
        self.lab = lab
        number = f"-fault{next(lab.numbers)}"
        self.dir = place or lab.path("cache" + number)
        cache = {"directory": self.dir, "run_directory": self.dir + "/run",
                 "user": WHO if is_root() else ""}
        self.conf = lab.conf({**conf, "cache": cache}, number)

    def run(self, *arguments, before=(), limit=PATIENCE):
        """The command on this cache."""
        return run([*before, command_under_test(), "-c", self.conf, *arguments], limit)

    def warm(self, *domains):
        """Have the policies of domains in it."""
        worker = self.start("lookup", *domains or self.lab.names, rounds=1)
        worker.finish()
        for answer in worker.answers():
            need(answer.mode == "enforce", f"at first: {answer.line}\n{worker.said()}")
        return self

    def start(self, verb, *domains, **how):
        return Worker(self, verb, domains or self.lab.names, **how)

    def verify(self):
        """Nothing is damaged."""
        outcome = self.run("verify")
        clean(outcome)
        same("exit of verify", (outcome.code, outcome.out), (0, "no damage found\n"))

    def stored(self):
        """The domains that are listed, and the mode of each."""
        outcome = self.run("--json", "list")
        clean(outcome)
        need(outcome.code in (0, 1), f"list: {outcome.err}")
        policies = map(json.loads, outcome.out.splitlines())
        return {policy["domain"]: policy["mode"] for policy in policies}

    def ask(self, *arguments, **how):
        return ask(self, *arguments, **how)


class Answer:
    """A line of a worker's."""

    def __init__(self, line):
        self.line = line
        self.domain, self.outcome, *rest = line.split()
        self.mode, self.verdict, self.reason, self.source, self.id = (
            rest if len(rest) == 5 else [""] * 5)


class Worker:
    """A process of worker.c's."""

    def __init__(self, cache, verb, domains, rounds=0, pause=5, background=False,
                 before=(), env=None):
        number = next(cache.lab.numbers)
        self.out = cache.lab.path(f"worker{number}.out")
        self.err = cache.lab.path(f"worker{number}.err")
        self.command = [*before, built("worker"), "-p", str(pause), "-r", str(rounds),
                        *(["-b"] if background else []), cache.conf, verb, *domains]
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                env={**os.environ, **(env or {})}, start_new_session=True)

    def said(self):
        with open(self.err, encoding="utf-8", errors="backslashreplace") as file:
            return file.read()

    def answers(self):
        """Whole lines, for a worker may be killed in the middle of one."""
        with open(self.out, encoding="utf-8") as file:
            text = file.read()
        return [Answer(line) for line in text[:text.rfind("\n") + 1].splitlines()]

    def go_on(self, count=10):
        """It answers so many questions more; returns those answers."""
        before = len(self.answers())

        def has():
            ended = self.process.poll() is not None
            enough = len(self.answers()) >= before + count
            need(enough or not ended, f"it ended: {self.process.returncode}\n"
                 + self.said())
            return enough
        until(has, lambda: f"it hangs after {len(self.answers()) - before} answers\n"
              + self.said())
        return self.answers()[before:]

    def all(self):
        """Its answers, when it has ended by itself."""
        same("its end", self.finish(), 0)
        return self.answers()

    def finish(self):
        """Wait for its end; returns its exit status, None if it has to be killed."""
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            return None
        finally:
            need(not SANITIZER.search(self.said()), self.said())
        return self.process.returncode

    def kill(self, number=signal.SIGKILL):
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)
        self.process.wait()


@contextmanager
def working(*workers):
    """Workers, ended at the end."""
    try:
        yield workers
    finally:
        for worker in workers:
            worker.kill()


def never_weaker(answers, verdicts=("none",)):
    """A live policy in the cache stays in force, whatever is broken."""
    for answer in answers:
        need(answer.mode == "enforce" and answer.verdict in verdicts,
             f"weaker than the cache allows: {answer.line}")


@contextmanager
def tmpfs(lab, size):
    """A file system of its own, of some size."""
    path = lab.path(f"mount{next(lab.numbers)}")
    os.mkdir(path)
    must("mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", path)
    try:
        yield path
    finally:
        must("umount", "--lazy", path)


def as_owner(*command):
    """The same by the owner of the caches, whom root may not limit everywhere."""
    if not is_root():
        return command
    return ("setpriv", "--reuid", WHO, "--regid", "nogroup", "--clear-groups", *command)


def must(*command):
    outcome = run(command, PATIENCE)
    need(outcome.code == 0, f"{' '.join(command)}: {outcome.err}")
