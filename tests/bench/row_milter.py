#!/usr/bin/python3 -B
"""Rows 9 and 10 of the milter: messages to domains whose policies and findings are cached,
against a filter that does nothing; and the same while a policy host hangs."""

import contextlib
import os
import socket
import struct
import subprocess
import time

from goal import p99, rate
from measure import AWAKE, QUICK, awake, compare, program, reported, served
from net import NAME_SERVER, Net
from product import Daemon
from table import line

DOMAINS = 100
MESSAGES = 4000 if QUICK else 20_000
HANGING = 100
PATIENCE = 30
MORE = """
https {{ ca_file = {roots} allow_addresses = {{192.0.2.0/24}} timeout = 60s }}
probe {{ helo = bench.test }}
milter.rcpt_timeout = 30s
"""


class Floor:
    """The filter that does nothing."""

    def __init__(self, net):
        self.milter = net.path("floor.sock")
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen([program("milter_floor"), self.milter])
        end = time.monotonic() + PATIENCE
        while not os.path.exists(self.milter) and time.monotonic() < end:
            time.sleep(0.01)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def daemon(net):
    return Daemon(net.path("daemon"), net.fresh(), NAME_SERVER,
                  MORE.format(roots=net.roots))


def given(server, messages, connections):
    """Give it messages."""
    return served(server, "milter_client", server.milter, 0, DOMAINS, messages, connections)


def cached(server, floor):
    """Row 9."""
    for connections in (1, 8, 64):
        one_way(server, floor, connections)
    with awake():
        one_way(server, floor, 1, AWAKE)


def one_way(server, floor, connections, how=""):
    found = compare(lambda: given(server, MESSAGES, connections),
                    lambda: given(floor, MESSAGES, connections))
    line(9, f"milter, {connections} connections{how}; floor: a filter that does nothing",
         found, [rate(0.9)], f"milter {connections}{how}")


@contextlib.contextmanager
def waiting(server):
    """So many SMTP sessions, each with a recipient whose policy host hangs."""
    sessions = []
    for number in range(HANGING):
        session = socket.socket(socket.AF_UNIX)
        session.connect(server.milter)
        domain = f"w{time.monotonic_ns()}x{number}.hang.test"
        macros = f"R{{rcpt_mailer}}\0smtp\0{{rcpt_host}}\0{domain}\0{{rcpt_addr}}\0u@{domain}\0"
        session.sendall(packet("O", struct.pack(">III", 6, 0x1ff, 0x1fffff)))
        session.recv(100)
        session.sendall(packet("M", b"<s@bench.test>\0") + packet("D", macros.encode())
                        + packet("R", f"<u@{domain}>\0".encode()))
        sessions.append(session)
    time.sleep(2)               # until all of them wait
    yield
    for session in sessions:
        session.close()


def packet(command, data):
    return struct.pack(">I", len(data) + 1) + command.encode() + data


def hanging(server):
    """Row 10."""
    def side():
        return given(server, MESSAGES, 64)

    def beside():
        with waiting(server):
            return side()

    line(10, f"milter, 64 connections, while {HANGING} wait for a policy host that hangs; "
         "floor: the same without them", compare(beside, side), [p99(1.2)])


def main():
    with Net() as net, daemon(net) as server, Floor(net) as floor:
        reported("milter_client", server.milter, 0, DOMAINS, 20 * DOMAINS, 8)
        cached(server, floor)
        hanging(server)


if __name__ == "__main__":
    main()
