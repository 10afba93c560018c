#!/usr/bin/python3 -B
"""Sendmail's own FEATURE(sts), with its defects, and as sts_hardened.m4 mends them."""

from sendmail import AUTHORITIES_MC, SendmailLab, download_debs

# pylint: disable=wrong-import-order
import gone
import rows
import shared
from mtasts import MAP
from pki import named
from rows import ROWS
from shared import MIXED, SHARED, SMART
from tap import main, need, same, scenario

SMART_TLS = "mx.smarttls.test"
STOCK = AUTHORITIES_MC + f"FEATURE(`sts', `socket -d5 -T<TMPF> unix:{MAP}')dnl\n"
HARDENED = AUTHORITIES_MC + f"FEATURE(`sts_hardened', `unix:{MAP}', `{SMART} {SMART_TLS}')dnl\n"


@scenario("the policy's names are compared in any case")
def case_of_letters(lab):
    lab.expect(["VALID.Test"], {"valid.test": "mx1.valid.test"})
    lab.expect(["ROGUE.Test"], {"rogue.test": None})


@scenario("a list of names that Sendmail could not read is TEMP, and logged")
def long_list(lab):
    mark = lab.mtasts.mark()
    delivery = lab.send("user@long.test")
    with delivery.told():
        same("queued", delivery.queued, {"user@long.test"})
        need("dsn=5" not in delivery.log, "it is bounced")
    need("domain=long.test" in lab.mtasts.log(mark) and "action=temp" in lab.mtasts.log(mark),
         lab.mtasts.log(mark))


@scenario("defect: over a shared host the mail goes to an untrusted one")
def bypass(lab):
    lab.expect(MIXED[0], dict.fromkeys(MIXED[0], SHARED))


def bypass_closed(domains):
    @scenario("shared untrusted host, bypass closed: " + ", ".join(domains))
    def case(lab):
        delivery = lab.send(*("user@" + domain for domain in domains))
        with delivery.told():
            need("user@listed.shared.test" in delivery.queued, "it is not in the queue")
            need((SHARED, "user@listed.shared.test") not in delivery.recipients(),
                 "the host is told of the recipient")
    return case


@scenario("the recipient without a policy, first on a shared host, is delivered")
def first_delivered(lab):
    lab.expect(MIXED[0], {"aaa.shared.test": SHARED, "listed.shared.test": None})


@scenario("defect: a smart host is held to the recipient's policy")
def smart_host_held(lab):
    with lab.smart_host(SMART):
        lab.expect(["none.test"], {"none.test": SMART})
        lab.expect(["valid.test"], {"valid.test": None})


@scenario("defect: a target of the mailertable is held to the recipient's policy")
def mailertable_held(lab):
    with lab.routed("valid.test", SMART):
        lab.expect(["valid.test"], {"valid.test": None})


def smart_host(host, what):
    @scenario(f"smart host, exempt: delivered, though {what}")
    def case(lab):
        with lab.smart_host(host):
            lab.expect(["valid.test"], {"valid.test": host})
    return case


@scenario("smart host, not exempt: deferred")
def smart_host_not_exempt(lab):
    with lab.smart_host("mx.none.test"):
        lab.expect(["valid.test"], {"valid.test": None})


@scenario("mailertable target, exempt: delivered")
def mailertable(lab):
    with lab.routed("valid.test", SMART):
        lab.expect(["valid.test"], {"valid.test": SMART})


class Under:
    """A case under one of the two configurations."""

    def __init__(self, rules, lines, case):
        self.lines, self.case = lines, case
        self.name = case.name if case.name.startswith(rules) else f"{rules}: {case.name}"

    def __call__(self, lab):
        if lab.lines != self.lines:
            lab.lines = self.lines
            lab.configure(lab.lines)
        self.case(lab)


class Lab(SendmailLab):
    lines = STOCK


def build(lab):
    rows.settle(lab)
    shared.settle(lab)
    lab.mx_host(SMART_TLS, certificate=named(SMART_TLS, issuer="unknown"))


STOCK_CASES = [*(row.under("stock") for row in ROWS), case_of_letters, long_list, bypass,
               smart_host_held, mailertable_held, gone.map_gone]
HARDENED_CASES = [*(row.under("hardened") for row in ROWS), case_of_letters, long_list,
                  *map(bypass_closed, MIXED), first_delivered,
                  smart_host(SMART, "it has no TLS"),
                  smart_host(SMART_TLS, "nobody trusts its certificate"),
                  smart_host_not_exempt, mailertable, gone.map_gone]
CASES = [*(Under("stock", STOCK, case) for case in STOCK_CASES),
         *(Under("hardened", HARDENED, case) for case in HARDENED_CASES), gone.stops]

if __name__ == "__main__":
    download_debs()
    main(build, CASES, Lab, jobs=1)
