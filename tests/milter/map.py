"""The socket map: protocol, order, many connections, bad manners."""

import contextlib
import os
import socket
import sys
import threading
import time

sys.dont_write_bytecode = True
from milter import (Answers, ask, daemon, differs, finish,  # noqa: E402
                    lacks, netstring, test)

CLOCK = os.path.join(os.environ.get("abs_top_builddir", "."),
                     "tests", "support", ".libs", "clock.so")
SECURE = "OK secure match=mx1.good.test:.wild.test servername=hostname"


def is_closed(s):
    try:
        return s.recv(1) == b""
    except ConnectionResetError:
        return True
    except socket.timeout:
        return False


def dialects(m):
    for inet in (False, True):
        with m.connect(inet) as s:
            test("both kinds of sockets answer (%s)" %
                 ("inet" if inet else "unix"),
                 differs(ask(s, "sts good.test", "postfix GOOD.test",
                             "mtasts good.test | a.wild.test",
                             "mtasts good.test | evil.test",
                             "mtasts testing.test | evil.test",
                             "sts none.test", "postfix [x]", "x", ""),
                         [SECURE, SECURE, "OK secure",
                          "OK refuse policy of good.test does not list MX "
                          "host evil.test", "OK none", "NOTFOUND ",
                          "NOTFOUND ", "NOTFOUND ", "NOTFOUND "]))


def pieces(m):
    with m.connect() as s:
        for octet in netstring("sts good.test"):
            s.sendall(bytes([octet]))
            time.sleep(0.005)
        test("a request may come octet by octet",
             differs(Answers(s).next(), SECURE))


def order(m):
    """unknown.test needs the network, which takes its time to fail."""
    questions = []
    for i in range(100):
        questions += ["sts good.test", "sts unknown%d.test" % i]
    with m.connect() as s:
        test("pipelined answers come in order, waiting ones too",
             differs(ask(s, *questions), [SECURE, "NOTFOUND "] * 100))


def malformed(m):
    for name, data in [
            ("garbage", b"GET / HTTP/1.1\r\n\r\n"),
            ("an oversize request", b"10001:"),
            ("an endless length", b"9" * 100),
            ("a leading zero", b"01:a,"),
            ("no comma", b"3:abcd"),
            ("a NUL", netstring(b"sts good\0.test"))]:
        with m.connect() as s:
            s.sendall(data)
            test("%s closes the connection" % name,
                 None if is_closed(s) else "it is open")
    with m.connect() as s:
        test("the largest request is answered",
             differs(ask(s, "sts " + "a" * 9996), ["NOTFOUND "]))


def half_closed(m):
    with m.connect() as s:
        s.sendall(netstring("sts good.test") + netstring("sts slow.test"))
        s.shutdown(socket.SHUT_WR)
        answers = Answers(s)
        test("who only closes its side gets its answers",
             differs([answers.next() for _ in range(3)],
                     [SECURE, "NOTFOUND ", None]))


def gone(m):
    for i in range(50):
        with m.connect() as s:
            s.sendall(netstring("sts gone%d.test" % i) * 3)
    with m.connect() as s:
        test("who goes before its answer harms nobody",
             differs(ask(s, "sts good.test"), [SECURE]))


def slow_reader(m):
    slow = m.connect()
    slow.setblocking(False)
    sent = 0
    data = netstring("sts good.test") * 1000
    begin = time.monotonic()
    while time.monotonic() < begin + 1:
        try:
            sent += slow.send(data[sent % len(data):])
        except BlockingIOError:
            time.sleep(0.05)
    with m.connect() as s:
        begin = time.monotonic()
        found = ask(s, *["sts good.test"] * 100)
        took = time.monotonic() - begin
    test("a slow reader does not hold others",
         differs(found, [SECURE] * 100) or
         (None if took < 2 else "%.1f s" % took))
    slow.setblocking(True)
    slow.settimeout(10)
    rest = data[sent % len(data):] if sent % len(data) else b""
    sender = threading.Thread(target=slow.sendall, args=(rest,))
    sender.start()
    whole = -(-sent // len(data)) * 1000
    answers = Answers(slow)
    test("and gets all of its answers in the end",
         differs([answers.next() for _ in range(whole)], [SECURE] * whole))
    sender.join()
    slow.close()


def thousand(m):
    connections = [m.connect(i % 2 == 0) for i in range(1000)]
    for s in connections:
        s.sendall(netstring("sts good.test"))
    found = {Answers(s).next() for s in connections}
    test("a thousand connections are served", differs(found, {SECURE}))
    for s in connections:
        s.close()


def room():
    """With no more descriptors the longest silent makes room."""
    with daemon(start=False) as m:
        m.start("prlimit", "--nofile=600:600")
        sockets = []
        for _ in range(500):
            sockets.append(m.connect())
            ask(sockets[-1], "sts good.test")
        test("a newcomer is served when all is taken",
             differs(ask(m.connect(), "sts good.test"), [SECURE]))
        test("the longest silent one has made room",
             None if is_closed(sockets[0]) else "it is open")
        test("the latest one has not",
             differs(ask(sockets[-1], "sts good.test"), [SECURE]))
        for s in sockets:
            s.close()


def idle():
    """By a clock that runs two hundred times as fast: 30 s for the rest of a
    request, 300 s for the next, and none for who asks all the time."""
    with daemon(start=False) as m:
        m.start(LD_PRELOAD=CLOCK, CLOCK_SPEED="200")
        with m.connect() as busy, m.connect() as partial, m.connect() as quiet:
            ask(quiet, "sts good.test")
            partial.sendall(b"9000:")
            ended = []
            slow = {"a request that does not end": partial, "silence": quiet}
            for s in slow.values():
                s.setblocking(False)
            for i in range(3000):
                # The loop looks at the clock when something happens.
                if ask(busy, "sts good.test") != [SECURE]:
                    break
                if i % 10 == 0 and partial in slow.values():
                    drip(partial)
                for name, s in list(slow.items()):
                    if has_ended(s):
                        ended.append(name)
                        del slow[name]
                if not slow:
                    break
                time.sleep(0.005)
            test("a request that does not end is, and then the silent one",
                 differs(ended, ["a request that does not end", "silence"]))
            test("but not who asks all the time",
                 differs(ask(busy, "sts good.test"), [SECURE]))


def drip(s):
    """One octet more of a request, if it still is taken."""
    with contextlib.suppress(OSError):
        s.sendall(b"x")


def has_ended(s):
    try:
        return s.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def main():
    idle()
    room()
    with daemon(socketmap="timeout = 2s") as m:
        dialects(m)
        pieces(m)
        order(m)
        malformed(m)
        half_closed(m)
        gone(m)
        slow_reader(m)
        thousand(m)
        with m.connect() as s:
            ask(s, "nosuch good.test", "sts bad\x1b[31m|x",
                "mtasts good.test|evil action=secure\n")
        test("a server's name cannot be taken for another field",
             lacks(m.text(), "action=refuse server=evil?action?secure? "))
        test("an unknown map is told of",
             lacks(m.text(), 'event=unknown-map name="'))
        test("no control octet reaches the log",
             "\x1b" in m.text() and "it does" or None)
        test("it still runs", differs(m.process.poll(), None))
    finish()


main()
