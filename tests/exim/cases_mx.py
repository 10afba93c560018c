#!/usr/bin/python3 -B
"""Every row of mx_side.py under enforce, under testing, and without a policy."""

import re

from adapter import EximLab, download_debs
from expect import STATES, deliver, expect, told
from mx_side import ROWS

# pylint: disable=wrong-import-order
from tap import main, need, same
import world

VARIANTS = {"enforce": "e", "testing": "t", None: "p"}


def domain_of(number, mode):
    return f"{VARIANTS[mode]}{number}.row.test"


def shape(delivery, domain):
    """What became of a message, without the domain: to compare two domains."""
    def label(host):
        return host.replace(domain, "DOMAIN")
    return {"states": [*delivery.states.values()],
            "messages": [(label(host), tls) for host, tls in delivery.messages()],
            "contacted": [label(host) for host in delivery.contacted()]}


def need_line(delivery, pattern):
    need(re.search("mtasts: " + pattern, delivery.log), f"the log has no line {pattern}")


class Enforced:
    def __init__(self, row, number):
        self.name = f"enforce: {row.title}: {spelled(row.enforce)}"
        self.row, self.domain = row, domain_of(number, "enforce")

    def __call__(self, lab):
        hosts = self.row.names(self.domain)
        delivery = deliver(lab, self.domain)
        expect(delivery, hosts.get(self.row.enforce, self.row.enforce),
               untouched=[hosts[label] for label in self.row.untouched],
               reason=self.row.reason, verified="CV=yes")
        with told(delivery):
            asked = {(name, name) for name in hosts.values()}
            need(delivery.names() <= asked, f"SNI is {delivery.names()}")
            for host in delivery.contacted():
                need_line(delivery, f"domain={self.domain} policy=enforce host={host} ")


class AsWithout:
    """Testing, and the control: without a policy the attack succeeds."""

    def __init__(self, row, number):
        self.name = f"testing, as without a policy: {row.title}: {spelled(row.plain)}"
        self.row, self.number = row, number

    def __call__(self, lab):
        without, testing = (domain_of(self.number, mode) for mode in (None, "testing"))
        control = deliver(lab, without)
        expect(control, self.row.names(without).get(self.row.plain, self.row.plain),
               clear=self.row.clear)
        delivery = deliver(lab, testing)
        with told(delivery):
            same("under testing", shape(delivery, testing), shape(control, without))
            if self.row.enforce != self.row.plain:
                need_line(delivery, rf"domain={testing} policy=testing .*result=(?!ok\b)")


def spelled(outcome):
    return outcome if outcome in STATES else f"delivered to {outcome}"


def build(lab):
    world.build(lab)
    for number, row in enumerate(ROWS):
        for mode in VARIANTS:
            row.settle(lab, domain_of(number, mode), mode)


CASES = [kind(row, number) for number, row in enumerate(ROWS)
         for kind in (Enforced, AsWithout)]

if __name__ == "__main__":
    download_debs()
    main(build, CASES, EximLab, jobs=1)
