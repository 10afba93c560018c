#!/usr/bin/python3 -B
"""Sendmail with mtasts-milter at its milter door."""

import signal
import subprocess

from client import read_code
from mta import BODY, SENDER
from sendmail import README_MC, SendmailLab, download_debs

# pylint: disable=wrong-import-order
import daemons
import gone
import preflight
from mtasts import MILTER
from tap import main, need, same, scenario, until

DOOR = f"INPUT_MAIL_FILTER(`mtasts', `S=unix:{MILTER}, F=T, T=C:10s;S:10s;R:30s;E:1m')dnl\n"


class Lab(SendmailLab):
    """Sendmail's daemon runs while the lab does."""

    lines = README_MC + DOOR
    queue_id = r"\w{14}"
    speaks_utf8 = False
    most_recipients = 10_000
    daemon = None

    def start(self):
        super().start()
        self.machine.write("/etc/mail/aliases", "aliased: user@rogue.test\n")
        self.machine.must("newaliases")
        self.start_daemon()

    def __exit__(self, *what):
        if self.daemon:
            self.end_daemon()
        super().__exit__(*what)

    def start_daemon(self):
        self.daemon = self.machine.start("sendmail", "-bD", "-q1h")
        until(lambda: daemons.accepts("127.0.0.1", 25), "Sendmail does not answer")

    def end_daemon(self):
        self.daemon.send_signal(signal.SIGTERM)
        self.daemon.wait()

    def configure(self, lines, after=""):
        super().configure(lines, after)
        if self.daemon:
            self.end_daemon()
            self.start_daemon()


@scenario("the MSP: one recipient is deferred and stays with it, the other is delivered")
def submission(lab):
    lab.machine.must("sh", "-c", "m4 /usr/share/sendmail/cf/debian/submit.mc "
                     ">/etc/mail/submit.cf && mkdir -p /var/spool/mqueue-client")

    def send():
        done = lab.machine.run("sendmail", "-Ac", "-i", "-f", SENDER, "user@rogue.test",
                               "user@valid.test", stdin=BODY)
        need(done.code in (0, 75), f"it exits {done.code}: {done.err}")
        until(lambda: lab.machine.run("sendmail", "-Ac", "-q", "-v") and
              lab.record.read(mark, event="message") and not lab.queued(),
              lambda: "\n".join(lab.syslog.lines[lines:]))
    lines = len(lab.syslog.lines)
    mark = lab.record.mark()
    delivery = lab.watch(send)
    with delivery.told():
        same("told of", delivery.recipients(), {("mx1.valid.test", "user@valid.test")})
        shown = lab.machine.run("sendmail", "-Ac", "-bp").out
        need("user@rogue.test" in shown and "user@valid.test" not in shown, shown)


@scenario("sendmail -bs, which has no client address: judged")
def standard_input(lab):
    pipe = subprocess.PIPE
    with lab.machine.start("sendmail", "-Am", "-bs", stdin=pipe, stdout=pipe) as process:
        found = [read_code(process.stdout)]
        for command in ("EHLO client.test", f"MAIL FROM:<{SENDER}>",
                        "RCPT TO:<user@rogue.test>", "RCPT TO:<user@valid.test>", "QUIT"):
            process.stdin.write(command.encode() + b"\r\n")
            process.stdin.flush()
            found.append(read_code(process.stdout))
    same("the codes", found, [220, 250, 250, 451, 250, 221])


CASES = [*preflight.CASES, submission, standard_input, gone.stops]

if __name__ == "__main__":
    download_debs()
    main(preflight.build, CASES, Lab, jobs=1)
