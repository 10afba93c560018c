"""Recipients judged in a network of one's own: what each verdict does, what is
waited for, and who gets an answer in the end."""

import os
import re
import signal
import sys
import time

sys.dont_write_bytecode = True
import names  # noqa: E402
from client import Client  # noqa: E402
from milter import (Answers, ask, daemon, differs, finish,  # noqa: E402
                    lacks, netstring, test)

OVERRIDES = """\
fail.test enforce mx=mx.elsewhere.test
warn.test testing mx=mx.elsewhere.test
good.test enforce mx=mx.good.test
.many.test enforce mx=mx.good.test
.nowhere.test enforce mx=mx.good.test
xn--bcher-kva.test enforce mx=mx.elsewhere.test
"""
NO_PROBE = "probe { enabled = false }"
TAG = "MTA-STS-Status"


def judging(other=NO_PROBE, **conf):
    """A daemon with policies of its own."""
    return daemon(overrides=OVERRIDES, other=other, **conf)


def decided(m, part):
    """The log line of a decision, queue id included."""
    m.wait_for(part)
    lines = [line for line in m.text().split("\n") if part in line]
    return differs(len(lines), 1)


def verdict(m, c, domain, answer, tags, action, queue):
    c.mail(queue)
    found = c.rcpt("user@" + domain)
    same = (found == answer or found.startswith(answer + " "))
    rest = c.end()[0] if found == "c" else []
    test(f"{action}: {domain}",
         (None if same else f"{found!r}, not {answer!r}") or
         differs([change[2] for change in rest], tags) or
         decided(m, f"action={action} queue={queue} door=milter"))
    return rest


def verdicts():
    with judging() as m, Client(m.socket) as c:
        verdict(m, c, "fail.test", "451 4.7.0", [], "defer", "A1")
        verdict(m, c, "warn.test", "c", [], "accept", "A2")
        verdict(m, c, "good.test", "c", [], "accept", "A3")
        verdict(m, c, "plain.test", "c", [], "accept", "A4")
        c.mail("A5")
        test("a deferral is its recipient's alone", differs(
            [c.rcpt("a@good.test"), c.rcpt("a@fail.test")[:3],
             c.rcpt("b@good.test"), c.end()[1]], ["c", "451", "c", "c"]))
    with judging(milter="on_fail = reject tag = fail") as m, \
            Client(m.socket) as c:
        verdict(m, c, "fail.test", "550 5.7.0", [], "reject", "B1")
        change, = verdict(m, c, "warn.test", "c", [TAG], "tag", "B2")
        test("testing and fail: the header tells of it",
             lacks(change[3], "mode=testing; result=fail; domain=warn.test"))
    with judging(milter="on_fail = tag") as m, Client(m.socket) as c:
        change, = verdict(m, c, "fail.test", "c", [TAG], "tag", "C1")
        test("on_fail = tag: the header tells of it",
             lacks(change[3], "mode=enforce; result=fail; domain=fail.test"))
        verdict(m, c, "good.test", "c", [], "accept", "C2")


def addresses():
    rows = [("source route", "@relay.test:u@fail.test", "fail.test", "451"),
            ("percent hack", "u%fail.test@good.test", "good.test", "c"),
            ("quoted local part", '"a@fail.test"@good.test', "good.test", "c"),
            ("address literal", "u@[192.0.2.1]", "[192.0.2.1]", "c"),
            ("SMTPUTF8", "ü@bücher.test", "xn--bcher-kva.test", "451"),
            ("SMTPUTF8, U-labels both", "ü@bücher.test", "bücher.test", "451"),
            ("no domain", "user", "fail.test", "c"),
            ("a long one", "u@" + "a" * 600 + ".test", "a" * 600 + ".test", "c")]
    with judging() as m, Client(m.socket) as c:
        for title, addr, host, wanted in rows:
            c.mail()
            test(title, differs(c.rcpt(addr, host=host)[:3], wanted))
            c.abort()
        c.mail()
        test("missing macros", differs(c.rcpt("u@fail.test", None), "c"))
        test("only what was decidable was judged",
             differs(sorted(set(re.findall(r"domain=(\S+) .*door=milter",
                                           m.text()))),
                     ["fail.test", "good.test", "xn--bcher-kva.test"]))


def waiting(dns):
    """At the timeout a recipient is accepted, and what came of the work is
    there for the next."""
    for strict in (False, True):
        dns.hold("held.test")
        with judging("policy { strict_first_use = true }" if strict else "",
                     milter="rcpt_timeout = 200ms", patience="10s") as m, \
                Client(m.socket) as c:
            c.mail("W1")
            test("nothing is known in time: " +
                 ("deferred, strict_first_use" if strict else "accepted"),
                 differs(c.rcpt("u@held.test")[:9],
                         "451 4.7.0" if strict else "c") or
                 lacks(m.text(), "action=defer queue=W1" if strict else
                       'determined (deadline)" action=accept queue=W1'))
            dns.release()
            found = "deadline"
            for i in range(200):
                c.abort()
                c.mail("N%d" % i)
                found = c.rcpt("u@held.test")
                m.wait_for("queue=N%d " % i)
                line = re.search("domain=.* queue=N%d " % i, m.text())[0]
                if found == "c" and "no-record" in line:
                    break
                time.sleep(0.05)
            test("the work goes on, and the next message finds it cached",
                 differs(found, "c") or lacks(line, "no-record"))


def last_words(dns):
    """SIGTERM: who waits gets an answer."""
    dns.hold("held.test")
    with judging(milter="rcpt_timeout = 1500ms",
                 socketmap="timeout = 1500ms", patience="10s") as m:
        with Client(m.socket) as c, m.connect() as s:
            c.mail("T1")
            c.name("u@held.test")
            s.sendall(netstring("sts held.test") * 3)
            deadline = time.monotonic() + 10
            while len(dns.waiting) < 2 and time.monotonic() < deadline:
                time.sleep(0.02)
            m.signal(signal.SIGTERM)
            test("SIGTERM: the recipient that waits is answered",
                 differs(c.answer(), "c"))
            answers = Answers(s)
            test("and the map's requests that wait",
                 differs([answers.next() for _ in range(4)],
                         ["NOTFOUND "] * 3 + [None]))
        m.process.wait(timeout=20)
        test("and it ends well", differs(m.process.returncode, 0) or
             ("event=stop-incomplete" in m.text() and "it was cut short"))
    dns.release()


def status(m, name):
    with open(f"/proc/{m.process.pid}/status", encoding="ascii") as file:
        return int(re.search(name + r":\s*(\d+)", file.read())[1])


def threads(m):
    """How many it has, once libmilter has started its own."""
    before, now = 0, status(m, "Threads")
    while before != now:
        time.sleep(0.5)
        before, now = now, status(m, "Threads")
    return now


def many_waiting(dns):
    """Requests that wait cost no thread each, and wait together."""
    dns.hold("held.test")
    with judging(socketmap="timeout = 20s", patience="30s") as m:
        sockets = [m.connect(timeout=60) for _ in range(20)]
        ask(sockets[0], "sts good.test")
        before = threads(m)
        for i, s in enumerate(sockets):
            s.sendall(b"".join(netstring(f"sts n{i}-{j}.held.test")
                               for j in range(50)))
        with m.connect() as s:
            for _ in range(500):
                ask(s, "sts good.test")
                if len(dns.waiting) >= 100:
                    break
                time.sleep(0.02)
            test("a thousand requests wait, and others are answered",
                 differs(len(dns.waiting) >= 100, True) or
                 differs(status(m, "Threads"), before))
        dns.release()
        found = [Answers(s).next() for s in sockets]
        test("released, they are answered",
             differs(set(found), {"NOTFOUND "}))
        for s in sockets:
            s.close()


def memory():
    """Ten thousand recipients leave nothing behind. As many before them fill what the
    allocators keep for themselves, a sanitizer's above all."""
    with judging() as m, Client(m.socket) as c:
        def send(first, last):
            c.mail("M1")
            return {c.rcpt(f"u{i}@d{i % 7}.many.test")
                    for i in range(first, last)}

        send(0, 10000)
        c.end()
        before = status(m, "VmRSS")
        found = send(0, 10000)
        after = status(m, "VmRSS")
        test("ten thousand recipients of several domains",
             differs(found, {"c"}) or differs(c.end()[1], "c"))
        test("the memory stays as it is",
             f"{before} kB before, {after} kB after"
             if after - before > 2048 else None)


def main():
    os.environ["ASAN_OPTIONS"] = \
        os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"
    dns = names.Names()
    for domain in ("fail", "warn", "xn--bcher-kva"):
        dns.records[domain + ".test", "MX"] = "mx." + domain + ".test"
    for domain in ["good", *(f"d{i}.many" for i in range(7))]:
        dns.records[domain + ".test", "MX"] = "mx.good.test"
    verdicts()
    addresses()
    waiting(dns)
    last_words(dns)
    many_waiting(dns)
    memory()
    finish()


names.enter()
main()
