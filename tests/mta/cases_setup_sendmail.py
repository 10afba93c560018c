#!/usr/bin/python3 -B
"""Debian's Sendmail as it is installed, and contrib/sendmail/README.md word by word.
The cases build on each other: at first there is no mtasts."""

import setup
from sendmail import LAB_MC, SendmailLab, download_debs

# pylint: disable=wrong-import-order
import daemons
from mtasts import SECTIONS
from tap import main, need, scenario, until


class Lab(setup.Setup, SendmailLab):
    page = "contrib/sendmail/README.md"
    file = "/etc/mail/sendmail.mc"
    sections = SECTIONS

    def furnish(self):
        mc = self.machine.read(self.file)
        self.machine.write(self.file, mc.replace("MAILER_DEFINITIONS\n",
                                                 LAB_MC + "MAILER_DEFINITIONS\n"))
        self.machine.must("make", "-C", "/etc/mail")

    def start(self):
        super().start()
        self.machine.must("service", "sendmail", "start")
        until(lambda: daemons.accepts("127.0.0.1", 25), "Sendmail does not answer")


@scenario("the rules can be asked by sendmail -bt")
def test_mode(lab):
    for host, domain, answer in (("mx1.valid.test", "none.test", "ok"),
                                 ("mx1.valid.test", "rogue.test", "does not list"),
                                 ("mx1.valid.test", "valid.test", "verification of")):
        said = lab.sendmail("-bt", stdin=f".D{{server_name}}{host}\nMTASTSRecipient "
                                         f"user@{domain}\n".encode()).out
        need(answer in said.splitlines()[-2], said)


@scenario("the log and mailq say why mail is held back")
def told(lab):
    delivery = lab.send("user@othername.test")
    reason = "MTA-STS certificate of mx1.othername.test has another name"
    with delivery.told():
        need(f"ruleset=tls_rcpt, arg1=user@othername.test, relay=mx1.othername.test., "
             f"reject=450 4.7.0 user@othername.test... {reason}" in delivery.log, "the log does not")
    shown = lab.sendmail("-bp").out
    need("MTA-STS certificate of" in shown, shown)


CASES = [setup.before, setup.install, setup.check, test_mode, told, setup.remove]

if __name__ == "__main__":
    download_debs()
    main(setup.build, CASES, Lab, jobs=1)
