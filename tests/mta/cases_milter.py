#!/usr/bin/python3 -B
"""mtasts-milter before Debian's Sendmail: what an SMTP client is told, what is
delivered, and the real socket map behind mtasts.m4."""

import re
import signal

from mta import BODY, MILTER
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


@scenario("one recipient deferred, the other delivered")
def mixed(lab):
    def send():
        same("the codes", codes(lab.rcpt("user@rogue.test", "user@valid.test", data=BODY)),
             [451, 250, 250])
        lab.sendmail("-q", "-v")
    delivery = lab.watch(send)
    with delivery.told():
        same("told of", delivery.recipients(), {("mx1.valid.test", "user@valid.test")})


@scenario("forged headers are removed")
def forged(lab):
    def send():
        same("the codes", codes(lab.rcpt("user@valid.test", data=FORGED)), [250, 250])
        lab.sendmail("-q", "-v")
    delivery = lab.watch(send)
    with delivery.told():
        texts = [event["text"] for event in delivery.at_hosts("message")]
        same("messages", len(texts), 1)
        need("forged" not in texts[0], "the forged header is there")


@scenario("local and aliased recipients, literals and source routes are not judged")
def untouched(lab):
    same("the codes", codes(lab.rcpt("root@sender.test", "user@[192.0.2.99]",
                                     "user%rogue.test@sender.test")[:2]), [250, 250])


@scenario("the milter is killed: F=T defers; it is there again: accepted")
def killed(lab):
    lab.process.send_signal(signal.SIGKILL)
    lab.process.wait()
    try:
        replies = lab.rcpt("user@valid.test")
        need(codes(replies)[0] in (451, 503), f"it says {replies}")
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


CASES = [*map(verdict, ROWS), mixed, forged, untouched, killed, reload, *map(Delivered, ROWS)]

if __name__ == "__main__":
    download_debs()
    main(build, CASES, MilterLab, jobs=1)
