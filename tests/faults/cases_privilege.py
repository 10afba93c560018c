#!/usr/bin/python3 -B
"""Nothing of ours reads from the network or maps the cache as root; what somebody
plants in the cache's directories changes nothing outside of them; no local part of an
address is kept or logged.  Exim's module is seen to by tests/exim/cases_privilege.py."""

import os
import pwd
import shutil
import signal
import stat
import sys

# pylint: disable=wrong-import-order
from cases_daemon import SECURE, Daemon, leave, message, serving
from load import WHO, Cache, FaultLab, is_root, until

sys.path.insert(1, os.path.join(os.path.dirname(__file__), "../milter"))

# pylint: disable=wrong-import-position
from milter import ask
from tap import Skipped, clean, main, need, same, scenario
from trace import Trace, strace
import world

SECRET = "what is not to be touched\n"
MARK = b"M4rkedL0calPart"


def root_only():
    if not is_root():
        raise Skipped("not root: there is nothing to give up")


@scenario("the command, started by root: the network and the cache are another's")
def command(lab):
    root_only()
    cache = Cache(lab)
    for number, arguments in enumerate((["check", lab.names[0]], ["refresh", lab.names[0]],
                                        ["verify"], ["-v", "check", lab.names[1]])):
        file = lab.path(f"trace{number}")
        clean(cache.run(*arguments, before=strace(file)))
        trace = Trace(file)
        same(f"done as root by {arguments}", trace.root, [])
        need(trace.others["cache"] > 0, "the cache was not seen to be mapped")
        need(trace.others["network"] > 0 or arguments[0] == "verify", f"no network was seen of {arguments}")


@scenario("the daemon, started by root: the network and the cache are another's")
def daemon(lab):
    root_only()
    file = lab.path("trace-daemon")
    served = Daemon(Cache(lab))
    served.before = strace(file, aside=True)
    with serving(served):
        with served.connect(timeout=60) as sock:
            for name in lab.names:
                same("an answer", ask(sock, "sts " + name), [SECURE])
        leave(served, message(lab.names[0].encode()))
        served.signal(signal.SIGUSR1)
        served.wait_for("event=reloaded", 1, 60)
    until(lambda: has_ended(file, served.process.pid), "the trace has no end")
    trace = Trace(file)
    same("done as root", trace.root, [])
    for kind in ("network", "cache"):
        need(trace.others[kind] > 0, f"no {kind} was seen at all: {len(trace.calls)} calls")


def has_ended(file, pid):
    with open(file, encoding="utf-8", errors="replace") as trace:
        return f"{pid} +++ exited" in " ".join(trace.read().split())


# ---- What is planted ----------------------------------------------------------

PLACES = ("policies", "policies/data.mdb", "policies/lock.mdb", "policies/in-use", "run",
          "run/answers", "run/answers/data.mdb", "run/answers/lock.mdb", "run/fetch.lock",
          "run/counters")
COMMANDS = (["list"], ["stats"], ["verify"], ["purge"], ["clear", "--yes"],
            ["refresh", "held0.live.test"])


class Outside:
    """A file and a directory of root's, which the owner of the cache may not change."""

    def __init__(self, lab):
        self.dir = lab.path(f"outside{next(lab.numbers)}")
        os.mkdir(self.dir, 0o700)
        self.file = os.path.join(self.dir, "file")
        with open(self.file, "w", encoding="ascii") as file:
            file.write(SECRET)
        os.chmod(self.file, 0o600)
        self.before = self.state()

    def state(self):
        """All that could be changed."""
        found = {}
        for path in (self.dir, *(os.path.join(self.dir, name)
                                 for name in os.listdir(self.dir))):
            sb = os.lstat(path)
            found[path] = (sb.st_mode, sb.st_uid, sb.st_gid, sb.st_size, sb.st_mtime_ns)
        return found


def link_to_file(path, outside):
    os.symlink(outside.file, path)


def link_to_nothing(path, outside):
    os.symlink(os.path.join(outside.dir, "new"), path)


def link_to_directory(path, outside):
    os.symlink(outside.dir, path)


def hard_link(path, outside):
    os.link(outside.file, path)


def fifo(path, _outside):
    os.mkfifo(path, 0o666)


def device(path, _outside):
    os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 5))      # zeros without end


def foreign_file(path, _outside):
    with open(path, "w", encoding="ascii") as file:
        file.write(SECRET)
    os.chmod(path, 0o600)


def foreign_directory(path, _outside):
    os.mkdir(path, 0o700)


def plant(cache, place, kind, outside):
    """In a cache that was in use, by its owner if he can."""
    path = os.path.join(cache.dir, place)
    if os.path.isdir(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)
    kind(path, outside)
    if kind in (fifo, link_to_file, link_to_nothing, link_to_directory):
        owner = pwd.getpwnam(WHO)
        os.lchown(path, owner.pw_uid, owner.pw_gid)


def planted(kind, title):
    @scenario(f"planted in the cache: {title}; nothing outside is changed, nothing hangs")
    def case(lab):
        root_only()
        outside = Outside(lab)
        for place in PLACES:
            for arguments in COMMANDS:
                cache = Cache(lab).warm(lab.names[0])
                plant(cache, place, kind, outside)
                outcome = cache.run(*arguments)
                clean(outcome)
                same(f"outside, after {arguments} with {place}", outside.state(),
                     outside.before)
            outcome = cache.run("check", lab.names[0])
            clean(outcome)
            refused = place == "run" and kind is not foreign_directory
            same(f"exit of check with {place}", outcome.code, 3 if refused else 0)
            same(f"outside, with {place}", outside.state(), outside.before)
    return case


def planted_before_the_daemon(kind, title):
    @scenario(f"planted before the daemon starts: {title}; nothing outside is changed")
    def case(lab):
        root_only()
        outside = Outside(lab)
        for place in PLACES:
            cache = Cache(lab).warm(lab.names[0])
            plant(cache, place, kind, outside)
            served = Daemon(cache)
            if served.try_to_start():
                with served.connect(timeout=60) as sock:
                    same(f"an answer, with {place}", ask(sock, "sts " + lab.names[0]),
                         [SECURE])
                served.stop()
            need(served.process.returncode >= 0, served.text())
            same(f"outside, with {place}", outside.state(), outside.before)
    return case


# ---- What is kept --------------------------------------------------------------

@scenario("no local part that the milter is told of is kept or logged")
def local_parts(lab):
    cache = Cache(lab)
    served = Daemon(cache)
    served.configure(log={"level": "debug"})
    with serving(served):
        for name in (*lab.names, "plain.test", "failing.test"):
            leave(served, message(name.encode(), MARK))
        until(lambda: "domain=failing.test" in served.text(), "it is not evaluated")
    need(MARK.decode() not in served.text(), "the log has it")
    for directory, _, files in os.walk(cache.dir):
        for name in files:
            with open(os.path.join(directory, name), "rb") as file:
                need(MARK not in file.read(), f"{name} has it")


KINDS = ((link_to_file, "a link to root's file"), (link_to_nothing, "a link to nothing"),
         (link_to_directory, "a link to root's directory"),
         (hard_link, "root's file by another name"), (fifo, "a FIFO"),
         (device, "a device"), (foreign_file, "a file of root's"),
         (foreign_directory, "a directory of root's"))
CASES = [command, daemon, *(planted(*kind) for kind in KINDS),
         *(planted_before_the_daemon(*kind) for kind in KINDS), local_parts]


def build(lab):
    world.build(lab)
    lab.hold("held0.live.test", "held1.live.test")
    lab.domain("failing.test", mx=["mx.attacker.test"], patterns=["mx.failing.test"])


if __name__ == "__main__":
    main(build, CASES, FaultLab, jobs=4)
