#!/usr/bin/python3 -B
"""Every row of mx_side.py under enforce, under testing, and without a policy."""

import re

from exim import BOUNCED, DEFERRED, DELIVERED, EximLab, download_debs
from mx_side import ROWS

# pylint: disable=wrong-import-order
from tap import Failure, main, need, same
import world

VARIANTS = {"enforce": "e", "testing": "t", None: "p"}
STATES = (DEFERRED, BOUNCED)


def domain_of(number, mode):
    return f"{VARIANTS[mode]}{number}.row.test"


def deliver(lab, domain):
    """One message to a domain: the delivery, and its state."""
    lab.exim.reset()
    delivery = lab.exim.send("user@" + domain)
    return delivery, delivery.states["user@" + domain]


def shape(delivery, domain):
    """What became of a message, without the domain: to compare two domains."""
    def label(host):
        return host.replace(domain, "DOMAIN")
    return {"states": [*delivery.states.values()],
            "messages": [(label(host), tls) for host, tls in delivery.messages()],
            "contacted": [label(host) for host in delivery.contacted()]}


class Enforced:
    def __init__(self, row, number):
        self.name = f"enforce: {row.title}: {outcome(row.enforce)}"
        self.row, self.domain = row, domain_of(number, "enforce")
        self.hosts = {host.label: f"{host.real}.{self.domain}" for host in row.hosts}

    def __call__(self, lab):
        delivery, state = deliver(lab, self.domain)
        try:
            self.judge(delivery, state)
        except Failure as error:
            raise Failure(f"{error}\n{delivery.told()}") from error

    def judge(self, delivery, state):
        delivered = self.row.enforce not in STATES
        same("the state", state, DELIVERED if delivered else self.row.enforce)
        same("sent in clear", delivery.mail_in_clear(), set())
        touched = {self.hosts[label] for label in self.row.untouched}
        same("contacted", touched & set(delivery.contacted()), set())
        if delivered:
            host = self.hosts[self.row.enforce]
            same("taken by", delivery.messages(), [(host, True)])
            need("CV=yes" in delivery.log or "CV=dane" in delivery.log,
                 "the log does not say that the certificate was verified")
        else:
            same("taken by", delivery.messages(), [])
            same("the queue", (bool(delivery.queued), delivery.frozen), (True, False))
            need(re.search(f"== user@{self.domain} .*({self.row.reason})", delivery.log),
                 f"the log does not give the reason {self.row.reason!r}")
        self.judge_names(delivery)

    def judge_names(self, delivery):
        """Each host is asked for by its own name, which Exim knows: of an alias,
        that is the target's."""
        own = {f"{host.real}.{self.domain}" for host in self.row.hosts}
        need(delivery.names() <= {(name, name) for name in own}, f"SNI is {delivery.names()}")


class AsWithout:
    """Testing, and the control: without a policy the attack succeeds."""

    def __init__(self, row, number):
        self.name = f"testing, and no policy: {row.title}: {outcome(row.plain)}"
        self.row, self.number = row, number

    def __call__(self, lab):
        domain = domain_of(self.number, None)
        without, state = deliver(lab, domain)
        self.judge(without, state, domain)
        testing, _ = deliver(lab, domain_of(self.number, "testing"))
        same("under testing", shape(testing, domain_of(self.number, "testing")),
             shape(without, domain))

    def judge(self, delivery, state, domain):
        if self.row.plain in STATES:
            same("the state", state, self.row.plain)
            return
        real = {host.label: f"{host.real}.{domain}" for host in self.row.hosts}
        same("the state", state, DELIVERED)
        same("taken by", delivery.messages(), [(real[self.row.plain], not self.row.clear)])


def outcome(value):
    return value if value in STATES else f"delivered to {value}"


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
