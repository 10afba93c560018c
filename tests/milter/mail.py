"""Mail through the milter's socket: what is asked of the MTA, what is answered,
and what becomes of the header."""

import signal
import sys
import threading

sys.dont_write_bytecode = True
from client import (ADD_HEADERS, BODY, CHANGE_HEADERS,  # noqa: E402
                    Client, NO_HEADERS, QUIET_MAIL)
from milter import daemon, differs, finish, lacks, test  # noqa: E402

NAME = "MTA-STS-Status"
FORGED = [NAME, "Subject", NAME.upper(), "mta-sts-status",
          "X-" + NAME, NAME + "-X"]
SESSIONS, MESSAGES, RELOADS = 24, 20, 10


def forge(c):
    c.mail("F1")
    c.rcpt("user@testing.test")
    for name in FORGED:
        c.header(name, "forged")
    return c.end()


def forged_headers():
    """Deleted from the last of them down, for the MTA may count anew."""
    deleted = [("m", i, NAME, "") for i in (3, 2, 1)]
    for setting in ("off", "fail", "all"):
        with daemon(milter=f"tag = {setting}") as m, Client(m.socket) as c:
            changes, answer = forge(c)
            test(f"tag = {setting}: every field of our name is removed",
                 differs(answer, "c") or differs(changes[:3], deleted))
            test(f"tag = {setting}: and one of ours added only if it is due",
                 differs([change[:3] for change in changes[3:]],
                         [("i", 0, NAME)] if setting == "all" else []))
            c.mail()
            c.rcpt("user@testing.test")
            test(f"tag = {setting}: the next message has none to remove",
                 differs([x for x in c.end()[0] if x[0] == "m"], []))
    with daemon(milter='header = "X-Ours"') as m, Client(m.socket) as c:
        c.mail()
        c.rcpt("user@testing.test")
        c.header(NAME, "another's")
        c.header("x-ouRS", "forged")
        test("the name is the configured one",
             differs(c.end()[0], [("m", 1, "X-Ours", "")]))


def negotiation():
    with daemon(milter="tag = all") as m:
        with Client(m.socket) as c:
            test("no more is asked for than is needed",
                 differs(c.actions, ADD_HEADERS | CHANGE_HEADERS) or
                 differs(c.steps & NO_HEADERS, 0))
        with Client(m.socket, actions=ADD_HEADERS) as c:
            test("an MTA that lets no field be removed",
                 differs(c.actions, ADD_HEADERS) or
                 differs([x[0] for x in forge(c)[0]], ["i"]) or
                 lacks(m.text(), "event=headers-stay"))
        with Client(m.socket, actions=BODY, steps=QUIET_MAIL) as c:
            test("an MTA that lets no header be changed at all",
                 differs((c.actions, c.steps), (0, QUIET_MAIL)) or
                 differs(forge(c), ([], "c")))


def session(m, wrong):
    """Messages of one MTA's session; what went wrong."""
    with Client(m.socket) as c:
        for number in range(MESSAGES):
            c.mail(f"Q{number}")
            codes = [c.rcpt("user@" + domain)[:1] for domain in ("none.test", "testing.test")]
            if (codes, c.end()[1]) != (["c", "c"], "c"):
                wrong.append(codes)


def at_once():
    """For the thread sanitizer above all: sessions side by side, each of which
    judges, tags and logs, while the configuration is read anew."""
    with daemon(milter="tag = all", patience="100ms") as m:
        wrong = []
        threads = [threading.Thread(target=session, args=(m, wrong))
                   for _ in range(SESSIONS)]
        for thread in threads:
            thread.start()
        for number in range(RELOADS):
            m.signal(signal.SIGUSR1)
            m.wait_for("event=reloaded", number + 1)
        for thread in threads:
            thread.join()
        test("sessions side by side, and reloads: each gets its answers",
             differs(wrong, []))
        test("each recipient is logged", differs(
            m.text().count("door=milter"), 2 * SESSIONS * MESSAGES))


forged_headers()
negotiation()
at_once()
finish()
