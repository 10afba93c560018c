#!/usr/bin/python3 -B
"""The lines of contrib/postfix with mtasts-milter behind them: what is delivered to
whom, and where Postfix is looser than RFC 8461."""

import signal

from postfix import PostfixLab, download_debs

# pylint: disable=wrong-import-order
import gone
import over_time
import rows
import shared
from rows import ROWS
from shared import MIXED, NONE, SMART, VALID, fates
from tap import main, same, scenario



@scenario("the server's name is asked for by SNI")
def sni(lab):
    delivery = lab.send("user@valid.test")
    with delivery.told():
        same("SNI", delivery.names(), {("mx1.valid.test", "mx1.valid.test")})


@scenario("user@ROGUE.Test: the policy is found")
def case_of_letters(lab):
    lab.expect(["ROGUE.Test"], {"rogue.test": None})


def mixed(domains):
    @scenario("shared untrusted host, each recipient by its own policy: " + ", ".join(domains))
    def case(lab):
        lab.expect(domains, fates(domains))
    return case


@scenario("smart host: left alone")
def smart_host(lab):
    with lab.smart_host(SMART):
        lab.expect(["valid.test"], {"valid.test": SMART})


@scenario("transport: left alone")
def transport(lab):
    with lab.routed("valid.test", SMART):
        lab.expect(["valid.test"], {"valid.test": SMART})


@scenario("an MX host that is an alias: the policy's name is looked for in the certificate")
def aliased(lab):
    lab.expect(["byname.test"], {"byname.test": shared.TARGET})
    lab.expect(["bytarget.test"], {"bytarget.test": shared.TARGET})


@scenario("the map answers TEMP for one domain: it is deferred, others are not")
def lookup_fails(lab):
    with lab.mtasts.configured(policy={"strict_first_use": True}):
        lab.expect(["promised.test", "valid.test"], {"promised.test": None, **VALID})


def load(lab, messages):
    for number, recipients in enumerate(messages):
        if number % 8 == 4:
            lab.mtasts.stop(signal.SIGKILL)
            lab.hand_in(*recipients)
            lab.mtasts.start()
        else:
            lab.hand_in(*recipients)


@scenario("a host that fails is told of nobody")
def sender(lab):
    delivery = lab.send("user@rogue.test")
    with delivery.told():
        same("said", {event["line"].split()[0].upper() for event in delivery.at_hosts("command")},
             {"EHLO", "STARTTLS", "QUIT"})


def build(lab):
    rows.settle(lab)
    shared.settle(lab)
    over_time.settle(lab)
    lab.domain("promised.test", [NONE], ())


CASES = [*(row.under("Postfix", control=True) for row in ROWS), sni, case_of_letters,
         *map(mixed, MIXED), smart_host, transport, aliased, lookup_fails, gone.map_gone,
         gone.restarted(load, bounce="status=bounced"), *over_time.CASES, sender, gone.stops]

if __name__ == "__main__":
    download_debs()
    main(build, CASES, PostfixLab, jobs=1)
