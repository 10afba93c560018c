#!/usr/bin/python3 -B
"""Rows 8, 10 and 15 of the socket map: cached domains, against a bare LMDB get and a plain
echo behind the same protocol, and against the peer with both of its caches; the same
while a policy host hangs; and the time to the first answer."""

import contextlib
import subprocess
import time

import peer
from goal import cpu, p99, p99_of_peer, rate_of_peer, wall_of_peer
from measure import (AWAKE, QUICK, Sample, alternate, awake, compare, compared, program,
                     reported, served)
from net import Net, NAME_SERVER
from product import Daemon, answers
from table import line

DOMAINS = 200 if QUICK else 1000
# questions of a sample, one by one; those that share a way take less time each
QUESTIONS = {"product": 8000, "floor": 8000, "internal": 5000, "sqlite": 1500}
TOGETHER = {"product": 100_000, "floor": 100_000, "internal": 10_000, "sqlite": 1500}
SCALE = 1 if QUICK else 3
# connections: least rate against the peer's memory cache and its SQLite
RATES = {1: (2.5, 10), 8: (5, 30), 64: (5, 40)}
DEPTHS = (1, 16)
HANGING = 100
MORE = """
https {{ ca_file = {roots} allow_addresses = {{192.0.2.0/24}} }}
"""


class Floor:
    """A server of the floor's, with the face of the others."""

    def __init__(self, net, name, what):
        self.map = net.path(f"floor-{name}.sock")
        self.command = [program("map_floor"), self.map, what]
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen(self.command)
        answers(self.map)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def daemon(net, name, cache):
    return Daemon(net.path(name), cache, NAME_SERVER, MORE.format(roots=net.roots))


def filled(net, name):
    cache = net.path(name)
    subprocess.run([program("fill"), cache, str(DOMAINS)], check=True,
                   stdout=subprocess.DEVNULL)
    return cache


def asked(server, count, connections, depth):
    """Ask about cached domains."""
    return served(server, "map_client", server.map, "sts", 0, DOMAINS, count, connections,
                  min(depth, count))


def cached(net):
    """Row 8."""
    cache = filled(net, "cache")
    with contextlib.ExitStack() as stack:
        servers = {
            "product": stack.enter_context(daemon(net, "daemon", cache)),
            "floor": stack.enter_context(Floor(net, "lmdb", cache + "/answers")),
            "echo": stack.enter_context(Floor(net, "echo", "echo")),
            "internal": stack.enter_context(peer.Peer(net.dir, "internal", net.roots)),
            "sqlite": stack.enter_context(peer.Peer(net.dir, "sqlite", net.roots)),
        }
        for name in ("internal", "sqlite"):
            reported("map_client", servers[name].map, "sts", 0, 0, DOMAINS, 8, 1)
        for connections in RATES:
            for depth in DEPTHS:
                one_way(servers, connections, depth)
        with awake():
            one_way(servers, 1, 1, AWAKE)


def questions(name, connections, depth):
    counts = QUESTIONS if connections * depth == 1 else TOGETHER
    return SCALE * counts.get(name, counts["floor"])


def one_way(servers, connections, depth, how=""):
    def side(name):
        count = questions(name, connections, depth)
        return lambda: asked(servers[name], count, connections, depth)

    ours, floor, echo, internal, sqlite = alternate(
        *map(side, ("product", "floor", "echo", "internal", "sqlite")))
    title = (f"socket map, {connections} connections, {depth} questions each on their way"
             + how)
    least, least_sqlite = RATES[connections]
    goals = [cpu(1.25), rate_of_peer(least)]
    if connections == 64:
        goals.append(p99_of_peer(0.3))
    key = f"map {connections} {depth}{how}"
    line(8, title + "; floor: LMDB; peer: in memory", compared(ours, floor, internal), goals,
         key)
    line(8, title + "; floor: echo; peer: SQLite", compared(ours, echo, sqlite),
         [rate_of_peer(least_sqlite)], key + " sqlite")


def hanging(net):
    """Row 10: others ask about domains whose policy host never answers."""
    cache = filled(net, "hanging")
    with daemon(net, "daemon10", cache) as server:
        def side():
            return asked(server, 2 * questions("product", 64, 1), 64, 1)

        def beside():
            with waiting(server):
                return side()

        line(10, f"socket map, 64 connections, while {HANGING} wait for a policy host that "
             "hangs; floor: the same without them", compare(beside, side), [p99(1.2)])


@contextlib.contextmanager
def waiting(server):
    """So many connections, each with a question that is not answered."""
    connections = [answers(server.map)[0] for _ in range(HANGING)]
    for number, connection in enumerate(connections):
        question = f"sts w{time.monotonic_ns()}x{number}.hang.test"
        connection.sendall(f"{len(question)}:{question},".encode())
    time.sleep(2)               # until all of them wait
    yield
    for connection in connections:
        connection.close()


def start(net):
    """Row 15."""
    cache = filled(net, "start")

    def ours():
        with daemon(net, "daemon15", cache) as server:
            return Sample(server.started)

    def theirs():
        with peer.Peer(net.dir, "internal", net.roots) as other:
            return Sample(other.started)

    line(15, "start of the daemon to its first answer", compare(ours, peer=theirs),
         [wall_of_peer(0.1)], "start")


def main():
    peer.download()
    with Net() as net:
        cached(net)
        hanging(net)
        start(net)


if __name__ == "__main__":
    main()
