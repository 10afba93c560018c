#!/usr/bin/python3 -B
"""Rows 8, 10 and 15 of the socket map: cached domains, against a bare LMDB get and a plain
echo behind the same protocol, and against the peer with both of its caches; the same
while a policy host hangs; and the time to the first answer."""

import contextlib
import subprocess
import time

import peer
from measure import PAIRS, QUICK, Sample, alternate, line, medians_of, program, sampled
from net import Net, NAME_SERVER
from product import Daemon, answers, cpu

DOMAINS = 200 if QUICK else 1000
QUESTIONS = {"product": 60_000, "floor": 60_000, "internal": 6000, "sqlite": 1500}
if not QUICK:
    QUESTIONS = {side: 3 * count for side, count in QUESTIONS.items()}
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

    def cpu(self):
        return cpu(self.process.pid)


def daemon(net, name, cache):
    return Daemon(net.path(name), cache, NAME_SERVER, MORE.format(roots=net.roots))


def filled(net, name):
    cache = net.path(name)
    subprocess.run([program("fill"), cache, str(DOMAINS)], check=True,
                   stdout=subprocess.DEVNULL)
    return cache


def asked(server, count, connections, depth):
    """Ask about cached domains; CPU time is the server's."""
    before = server.cpu()
    sample = sampled("map_client", server.map, "sts", 0, DOMAINS, count, connections,
                     min(depth, count))
    return Sample(sample.wall, (server.cpu() - before) / count, sample.p99)


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
            sampled("map_client", servers[name].map, "sts", 0, 0, DOMAINS, 8, 1)
        for connections in RATES:
            for depth in DEPTHS:
                one_way(servers, connections, depth)


def one_way(servers, connections, depth):
    def side(name):
        count = QUESTIONS.get(name, QUESTIONS["floor"])
        return lambda: asked(servers[name], count, connections, depth)

    names = ("product", "floor", "echo", "internal", "sqlite")
    taken = alternate(PAIRS, *map(side, names))
    ours, floor, echo, internal, sqlite = (medians_of(taken[0], side) for side in taken)
    title = f"socket map, {connections} connections, {depth} questions each on their way"
    least, least_sqlite = RATES[connections]
    goal = f"cpu 1.25 x; rate {least} x the peer's memory cache"
    met = floor.cpu_ratio <= 1.25 and internal.wall_ratio <= 1 / least
    if connections == 64:
        goal += "; p99 0.3 x"
        met = met and internal.p99_ratio <= 0.3
    line(8, title + "; floor: LMDB; peer: in memory", [ours, floor, internal], goal, met)
    line(8, title + "; floor: echo; peer: SQLite", [ours, echo, sqlite],
         f"rate {least_sqlite} x the peer's", sqlite.wall_ratio <= 1 / least_sqlite)


def hanging(net):
    """Row 10: others ask about domains whose policy host never answers."""
    cache = filled(net, "hanging")
    with daemon(net, "daemon10", cache) as server:
        def side():
            return asked(server, QUESTIONS["product"], 64, 1)

        def beside():
            with waiting(server):
                return side()

        taken = alternate(PAIRS, beside, side)
        medians = [medians_of(taken[0], samples) for samples in taken]
        line(10, f"socket map, 64 connections, while {HANGING} wait for a policy host that "
             "hangs; floor: the same without them", [*medians, None], "p99 1.2 x",
             medians[1].p99_ratio <= 1.2)


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

    taken = alternate(PAIRS, ours, None, theirs)
    medians = [medians_of(taken[0], taken[0]), None, medians_of(taken[0], taken[2])]
    line(15, "start of the daemon to its first answer", medians, "0.1 x the peer's",
         medians[2].wall_ratio <= 0.1)


def main():
    peer.download()
    with Net() as net:
        cached(net)
        hanging(net)
        start(net)


if __name__ == "__main__":
    main()
