#!/usr/bin/python3 -B
"""mtasts-milter while something breaks: its MTA in the middle of a message, the other
daemon on the same cache, the name server, its configuration, its descriptors."""

import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager

from load import (LIVE, WHO, Cache, FaultLab, as_owner, is_root, must, never_weaker, until,
                  working)

sys.path.insert(1, os.path.join(os.path.dirname(__file__), "../milter"))

# pylint: disable=wrong-import-position,wrong-import-order
import daemons
from milter import PROGRAM, Milter, ask
from tap import SANITIZER, main, need, same, scenario
import world

PATIENCE = 60
RESOLVER = {**LIVE, "dns": {"servers": [daemons.UNBOUND], "timeout": "500ms"}}
SECURE = "OK secure match=mx.good.test servername=hostname"


class Daemon(Milter):
    """A daemon on a cache, with sockets of its own."""

    def __init__(self, cache, conf=LIVE):
        self.cache = cache
        self.more = conf
        self.before = []
        self.name = f"daemon{next(cache.lab.numbers)}"
        directory = cache.lab.path(self.name)
        os.mkdir(directory)
        super().__init__(directory)

    def configure(self, **changes):
        sections = {**self.more,
                    "cache": {"directory": self.cache.dir, "user": WHO if is_root() else "",
                              "run_directory": self.cache.dir + "/run"},
                    "log": {"level": "info"},
                    "milter": {"socket": "unix:" + self.socket},
                    "socketmap": {"listen": ["unix:" + self.map]},
                    "daemon": {"pid_file": self.pid_file,
                               **({"user": WHO} if is_root() else {})}, **changes}
        self.conf = self.cache.lab.conf(sections, "-" + self.name)

    def try_to_start(self):
        """Returns whether it runs."""
        self.make_run()
        starts = self.text().count("event=started")
        with open(self.log, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [*self.before, PROGRAM, "-f", "-c", self.conf], stderr=log)
        until(lambda: self.process.poll() is not None
              or self.text().count("event=started") > starts,
              lambda: f"it does not start:\n{self.text()}")
        return self.process.poll() is None

    def start(self):
        need(self.try_to_start(), f"it does not start:\n{self.text()}")

    def count(self, what):
        """Its descriptors (fd) or threads (task)."""
        return len(os.listdir(f"/proc/{self.process.pid}/{what}"))


@contextmanager
def serving(*serving_daemons):
    """Daemons, which must end in good order."""
    with ExitStack() as stack:
        for daemon in serving_daemons:
            daemon.start()
            stack.callback(daemon.stop)
        yield serving_daemons
    for daemon in serving_daemons:
        need(not SANITIZER.search(daemon.text()), daemon.text())
        need(daemon.process.returncode in (0, -signal.SIGKILL),
             f"it ended with {daemon.process.returncode}\n{daemon.text()[-2000:]}")


class Client(threading.Thread):
    """Asks a socket map about domains, over and over."""

    def __init__(self, daemon, domains, pause=0):
        super().__init__(daemon=True)
        self.server = daemon
        self.domains = domains
        self.pause = pause      # seconds between two questions
        self.answers = []
        self.stopping = False
        self.lost = 0           # connections
        self.start()

    def run(self):
        while not self.stopping:
            try:
                with self.server.connect(timeout=PATIENCE) as sock:
                    self._converse(sock)
            except OSError:
                self.lost += 1

    def _converse(self, sock):
        while not self.stopping:
            for domain in self.domains:
                answer, = ask(sock, "sts " + domain)
                if answer is None:
                    raise ConnectionResetError
                self.answers.append((domain, answer))
                time.sleep(self.pause)

    def go_on(self, count=20):
        before = len(self.answers)
        until(lambda: len(self.answers) >= before + count,
              lambda: f"it hangs:\n{self.server.text()[-2000:]}")

    def end(self):
        self.stopping = True
        self.join(PATIENCE)
        need(not self.is_alive(), "a question is not answered")
        for domain, answer in self.answers:
            same(f"the answer for {domain}", answer, SECURE)


@scenario("two daemons on one cache: each policy is fetched once, one is killed")
def two_daemons(lab):
    cache = Cache(lab)
    mark = lab.record.mark()
    with serving(Daemon(cache), Daemon(cache)) as (one, two):
        clients = [Client(daemon, lab.names) for daemon in (one, one, two, two)]
        for client in clients:
            client.go_on()
        for name in lab.names:
            same(f"requests for the policy of {name}",
                 len(lab.record.read(mark, host="mta-sts." + name, event="request")), 1)
        for _ in range(3):
            one.signal(signal.SIGKILL)
            one.process.wait()
            for client in clients[2:]:
                client.go_on()
            one.start()
            for client in clients:
                client.go_on()
        for client in clients:
            client.end()
        same("connections that the other daemon lost", [clients[2].lost, clients[3].lost],
             [0, 0])
    cache.verify()
    same("lost", set(lab.names) - set(cache.stored()), set())


def packet(command, *fields):
    data = command + b"".join(field + b"\0" for field in fields)
    return struct.pack("!I", len(data)) + data


def message(domain, local=b"user"):
    """What an MTA says of one message, step by step."""
    recipient = b"<" + local + b"@" + domain + b">"
    return (
        struct.pack("!IcIII", 13, b"O", 6, 0x1ff, 0),
        packet(b"C", b"client.test", b"4\x04\xd2" + b"192.0.2.77"),
        packet(b"H", b"client.test"),
        packet(b"DM", b"i", b"Q1"),
        packet(b"M", b"<" + local + b"@client.test>"),
        packet(b"DR", b"{rcpt_mailer}", b"esmtp", b"{rcpt_host}", domain + b".",
               b"{rcpt_addr}", recipient[1:-1]),
        packet(b"R", recipient),
        packet(b"R", recipient),
        packet(b"L", b"Subject", b"a message"),
        packet(b"N"),
        packet(b"B", b"text\r\n"),
        packet(b"E"),
    )


def read_reply(mta):
    size, = struct.unpack("!I", mta.recv(4, socket.MSG_WAITALL))
    mta.recv(size, socket.MSG_WAITALL)


def leave(daemon, packets, half=False):
    """Say so much, in order, and go without hearing the last answer; or when half of
    another packet is said."""
    with socket.socket(socket.AF_UNIX) as mta:
        mta.settimeout(PATIENCE)
        mta.connect(daemon.socket)
        for number, data in enumerate(packets, 1):
            mta.sendall(data)
            if data[4:5] != b"D" and (half or number < len(packets)):
                read_reply(mta)
        if half:
            mta.sendall(b"\0\0\1\0Lhalf")


@scenario("the milter's MTA goes, after every step of a message: nothing is left behind")
def mta_gone(lab):
    cache = Cache(lab)
    with serving(Daemon(cache)) as (daemon,):
        client = Client(daemon, lab.names)
        client.go_on()
        names = [name.encode() for name in lab.names] + [b"plain.test", b"slow.broken.test"]
        for rounds in range(3):
            steps = message(names[rounds % len(names)])
            if rounds == 1:
                until(lambda: daemon.count("task") < 40, "threads are left behind")
                descriptors = daemon.count("fd")
            for length in range(len(steps) + 1):
                for half in (False, True):
                    leave(daemon, steps[:length], half)
        until(lambda: daemon.count("fd") <= descriptors,
              lambda: f"descriptors are left behind: {daemon.count('fd')}")
        client.go_on()
        client.end()
        same("connections lost", client.lost, 0)


@scenario("twenty reloads while lookups go over the network: no answer changes")
def reloads(lab):
    cache = Cache(lab)
    with serving(Daemon(cache)) as (daemon,):
        clients = [Client(daemon, lab.names) for _ in range(4)]
        for number in range(20):
            daemon.signal(signal.SIGUSR1)
            daemon.wait_for("event=reloaded", number + 1, PATIENCE)
            clients[number % 4].go_on(3)
        for client in clients:
            client.end()
        same("connections lost", [client.lost for client in clients], [0] * 4)
        until(lambda: daemon.count("task") < 40, "threads are left behind")
    cache.verify()


@scenario("the daemon has no descriptors left: it waits, and then goes on")
def descriptors_gone(lab):
    cache = Cache(lab).warm()
    with serving(Daemon(cache)) as (daemon,):
        client = Client(daemon, lab.names)
        client.go_on()
        limit(daemon, daemon.count("fd") + 8)
        crowd = []
        for _ in range(100):
            crowd.append(socket.socket(socket.AF_UNIX))
            crowd[-1].settimeout(PATIENCE)
            crowd[-1].connect(daemon.map)
        client.go_on(50)
        for sock in crowd:
            sock.close()
        limit(daemon, 1024)
        with daemon.connect(timeout=PATIENCE) as sock:
            same("an answer afterwards", ask(sock, "sts " + lab.names[0]), [SECURE])
        client.end()


def limit(daemon, number):
    must(*as_owner("prlimit", "--pid", str(daemon.process.pid), f"--nofile={number}:"))


@scenario("the name server is stopped and started again: policies stay in force")
def name_server(lab):
    cache = Cache(lab, RESOLVER).warm()
    with serving(Daemon(cache, RESOLVER)) as (daemon,), \
            working(cache.start("recheck"), cache.start("evaluate")) as workers:
        client = Client(daemon, lab.names)
        for _ in range(2):
            lab.daemons.stop("unbound")
            for worker in workers:
                never_weaker(worker.go_on(4), ("none", "pass", "temperror"))
            client.go_on(4)
            lab.daemons.restart("unbound")
            for worker in workers:
                until(lambda worker=worker: worker.go_on(1)[0].reason == "policy",
                      "the name server is not noticed")
        for worker in workers:
            never_weaker(worker.answers(), ("none", "pass", "temperror"))
        client.end()
    cache.verify()


CASES = [two_daemons, mta_gone, reloads, descriptors_gone, name_server]


def build(lab):
    world.build(lab)
    lab.hold(*(f"held{number}.live.test" for number in range(6)))


if __name__ == "__main__":
    main(build, CASES, FaultLab, jobs=1)
