"""Policies that change or go while mail waits, for both MTAs.  Each case has a domain of
its own below live.test."""

# pylint: disable=wrong-import-order
from owner import ATTACKER, MX, MX2, NO_TLS, MailOwner
from tap import need, same, scenario, until

OWNERS = []
CASES = []


class Domain(MailOwner):
    """And where its mail has to go."""

    def goes_to(self, host):
        self.lab.expect([self.domain], {self.domain: host})


def over_time(label, title):
    def decorate(function):
        owner = Domain(label + ".live.test")
        OWNERS.append(owner)
        CASES.append(scenario(title)(lambda lab: function(owner)))
        return function
    return decorate


@over_time("newid", "enforce; MX moved, and a new id with it: delivered to the new MX")
def new_id(owner):
    owner.goes_to(MX)
    owner.publish("two", mx=(MX2,))
    owner.move(MX2)
    owner.goes_to(MX2)
    owner.move(MX)
    owner.goes_to(None)


@over_time("later", "enforce; MX moved, the new id later: delivered on the next attempt")
def new_id_later(owner):
    def run():
        owner.lab.submit("user@" + owner.domain)
        same("queued", owner.lab.queued(), {"user@" + owner.domain})
        owner.publish("two", mx=(MX2,))
        until(lambda: owner.lab.retry() or not owner.lab.queued(), "it is still in the queue")

    owner.goes_to(MX)
    owner.move(MX2)
    delivery = owner.lab.watch(run)
    with delivery.told():
        same("taken by", delivery.messages(), [(MX2, True)])


@over_time("kept", "enforce, cached; then no record, no policy host, MX hijacked: deferred")
def kept(owner):
    owner.goes_to(MX)
    owner.record()
    owner.break_web()
    owner.move(ATTACKER)
    owner.goes_to(None)
    owner.move(NO_TLS, MX)
    owner.goes_to(MX)


@over_time("none", "enforce, then none: delivered at once, in clear if need be")
def to_none(owner):
    owner.goes_to(MX)
    owner.move(NO_TLS)
    owner.goes_to(None)
    owner.publish("two", "none", mx=())
    owner.goes_to(NO_TLS)


@over_time("expired", "a failing domain is bounced by the MTA's own queue time, and not before")
def expired(owner):
    lab, recipient = owner.lab, "user@" + owner.domain

    def run():
        lab.submit(recipient)
        same("queued", lab.queued(), {recipient})
        with lab.queue_time("1s"):
            until(lambda: lab.retry() or recipient not in lab.queued(), "it is not bounced")

    owner.move(ATTACKER)
    owner.goes_to(None)
    delivery = lab.watch(run)
    with delivery.told():
        same("taken by", delivery.messages(), [])
        need(lab.bounced(delivery.log, recipient), "the log tells of no bounce")


def settle(lab):
    for owner in OWNERS:
        owner.settle(lab)
