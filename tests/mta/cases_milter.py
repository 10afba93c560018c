#!/usr/bin/python3 -B
"""mtasts-milter before Debian's Sendmail: what an SMTP client is told, what is
delivered, and the real socket map behind mtasts.m4."""

import re
import signal

from mta import BODY, MILTER, until
from rows import ROWS
from sendmail import README_MC, SendmailLab, download_debs

# pylint: disable=wrong-import-order
from tap import Failure, main, need, same, scenario
import world

DOOR = (f"INPUT_MAIL_FILTER(`mtasts', `S=unix:{MILTER}, F=T, T=C:10s;S:10s;R:30s;E:1m')dnl\n")
FORGED = b"MTA-STS-Status: forged\r\nmta-sts-status: forged too\r\n" + BODY


def codes(replies):
    return [code for code, _ in replies]


def verdict(row):
    @scenario(f"RCPT: {row.name}")
    def case(lab):
        (code, text), (control, _) = lab.rcpt("user@" + row.domain, "user@plain." + row.domain)
        same(f"the code ({text})", code, 250 if row.taken_by else 451)
        same("the control's code", control, 250)
        if not row.taken_by:
            need(re.match(r"4\.7\.\d+ .*\S", text), f"the text is {text!r}")
    return case


def submitted(lab, recipients, answers, data=BODY):
    """What comes of a message that a client hands over, once it is delivered."""
    mark = lab.record.mark()

    def send():
        same("the codes", codes(lab.rcpt(*recipients, data=data)), answers)
        until(lambda: len(lab.record.read(mark, event="message")) >= answers.count(250) - 1
              and not lab.queued(), "it is not delivered")
    return lab.watch(send)


@scenario("one recipient deferred, the other delivered")
def mixed(lab):
    delivery = submitted(lab, ["user@rogue.test", "user@valid.test"], [451, 250, 250])
    with delivery.told():
        same("told of", delivery.recipients(), {("mx1.valid.test", "user@valid.test")})


def forged(tag):
    @scenario(f"tag = {tag}: forged headers are removed")
    def case(lab):
        lab.restart(milter={"tag": tag})
        try:
            delivery = submitted(lab, ["user@valid.test"], [250, 250], FORGED)
            with delivery.told():
                need("forged" not in texts(delivery)[0],
                     f"the forged header is there:\n{texts(delivery)[0]}")
        finally:
            lab.restart()
    return case


@scenario("tag = all: one recipient's domain is named, two are counted and not named")
def tagged(lab):
    lab.restart(milter={"tag": "all"})
    try:
        delivery = submitted(lab, ["user@valid.test"], [250, 250])
        with delivery.told():
            need(re.search(r"^MTA-STS-Status: mode=enforce;.*domain=valid\.test",
                           texts(delivery)[0], re.MULTILINE), "the header is not there")
        delivery = submitted(lab, ["user@valid.test", "bcc@wild.test"], [250, 250, 250])
        with delivery.told():
            same("messages", len(texts(delivery)), 2)
            for text in texts(delivery):
                header = re.search(r"^MTA-STS-Status: (.*(?:\n[ \t].*)*)", text, re.MULTILINE)
                need(header and "wild" not in header[1] and "valid" not in header[1],
                     f"the header is {header and header[1]}")
    finally:
        lab.restart()


def texts(delivery):
    return [event["text"] for event in delivery.at_hosts("message")]


@scenario("local and aliased recipients, literals and source routes are not judged")
def untouched(lab):
    same("the codes", codes(lab.rcpt("root@sender.test", "user@[192.0.2.99]",
                                     "user%rogue.test@sender.test")[:2]), [250, 250])


@scenario("the milter is killed: F=T defers; it is there again: accepted")
def killed(lab):
    lab.process.send_signal(signal.SIGKILL)
    lab.process.wait()
    try:
        same("the codes", codes(lab.rcpt("user@valid.test")), [451])
    finally:
        lab.process = lab.start_mtasts()
    same("the codes", codes(lab.rcpt("user@valid.test")), [250])


@scenario("SIGUSR1: on_fail = reject after a reload, and defer again")
def reload(lab):
    lab.mtasts_conf(milter={"on_fail": "reject"})
    lab.process.send_signal(signal.SIGUSR1)
    try:
        lab.until_code("user@rogue.test", 550)
    finally:
        lab.mtasts_conf()
        lab.process.send_signal(signal.SIGUSR1)
    lab.until_code("user@rogue.test", 451)


class Delivered:
    """Past the preflight, by the real socket map."""

    def __init__(self, row):
        self.name, self.row = "delivery by the daemon's map: " + row.name, row

    def __call__(self, lab):
        self.row(lab)


class MilterLab(SendmailLab):
    def __init__(self):
        super().__init__()
        self.configure(README_MC + DOOR)
        self.install_mtasts()
        self.mtasts_conf()

    def start(self):
        super().start()
        self.process = self.start_mtasts()
        self.mta = self.daemon()
        self.mta.__enter__()

    def __exit__(self, *what):
        self.mta.__exit__(None, None, None)
        self.end_mtasts(self.process)
        super().__exit__(*what)

    def restart(self, **sections):
        self.end_mtasts(self.process)
        self.mtasts_conf(**sections)
        self.process = self.start_mtasts()

    def until_code(self, recipient, code):
        for _ in range(20):
            replies = self.rcpt(recipient)
            if codes(replies) == [code]:
                return
        raise Failure(f"it says {replies}")


def build(lab):
    world.build(lab)
    for row in ROWS:
        row.settle(lab)


CASES = [*map(verdict, ROWS), mixed, *map(forged, ("off", "fail", "all")), tagged, untouched, killed, reload, *map(Delivered, ROWS)]

if __name__ == "__main__":
    download_debs()
    main(build, CASES, MilterLab, jobs=1)
