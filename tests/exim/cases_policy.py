#!/usr/bin/python3 -B
"""The policy's side of issue 3's table: policies that change, go, or cannot be had,
and a cache that is of no use.  Each case has a domain of its own below live.test."""

import os
import time

from adapter import EximLab, download_debs
from exim import BOUNCED, DEFERRED
from expect import deliver, expect, told

# pylint: disable=wrong-import-order
import listen
from https_server import policy, reply
from owner import ATTACKER, MX, MX2, NO_TLS, MailOwner
from pki import named
from tap import main, need, scenario
import world

PATIENCE = 15                   # seconds for a policy host that hangs
OWNERS = []
CASES = []


class Domain(MailOwner):
    """An owner whose mail Exim delivers."""

    def expect_mail(self, outcome, **more):
        delivery = deliver(self.lab, self.domain)
        expect(delivery, outcome, **more)
        return delivery

    def vanish(self):
        """Leave no name behind."""
        for name in [name for name in self.lab.zone.names
                     if f".{name}".endswith("." + self.domain)]:
            self.lab.zone.names.pop(name)


def over_time(label, title):
    def decorate(function):
        owner = Domain(label + ".live.test")
        OWNERS.append(owner)
        CASES.append(scenario(title)(lambda lab: function(owner)))
        return function
    return decorate


@over_time("hijacked", "control: without a policy a hijacked MX record gets the mail")
def control(owner):
    owner.record()
    owner.move(ATTACKER)
    owner.expect_mail(ATTACKER)


@over_time("kept", "enforce, cached; then no record, no policy host, MX hijacked: deferred")
def kept(owner):
    owner.expect_mail(MX)
    owner.record()
    owner.break_web()
    owner.move(ATTACKER)
    owner.expect_mail(DEFERRED, untouched=(ATTACKER,), reason="MTA-STS")
    owner.move(NO_TLS, MX)
    owner.expect_mail(MX, untouched=(NO_TLS,))


@over_time("servfail", "enforce, cached; then DNS fails for the record, MX hijacked: deferred")
def no_dns(owner):
    owner.expect_mail(MX)
    owner.break_dns()
    owner.web.instead_of_tls = listen.close
    owner.move(ATTACKER)
    owner.expect_mail(DEFERRED, untouched=(ATTACKER,), reason="MTA-STS")
    owner.move(MX)
    owner.expect_mail(MX)


@over_time("newid", "enforce; MX moved, and a new id with it: delivered to the new MX")
def new_id(owner):
    owner.expect_mail(MX)
    owner.publish("two", mx=(MX2,))
    owner.move(MX2)
    owner.expect_mail(MX2)
    owner.move(MX)
    owner.expect_mail(DEFERRED, untouched=(MX,))


@over_time("later", "enforce; MX moved, the new id later: delivered on the next attempt")
def new_id_later(owner):
    owner.expect_mail(MX)
    owner.move(MX2)
    owner.expect_mail(DEFERRED, untouched=(MX2,))
    owner.publish("two", mx=(MX2,))
    mark = owner.lab.exim.mark()
    owner.lab.exim.run_queue("-qff")
    expect(owner.lab.exim.since(mark, ["user@" + owner.domain]), MX2)


@over_time("none", "enforce, then none: delivered at once, in clear if need be")
def to_none(owner):
    owner.expect_mail(MX)
    owner.move(NO_TLS)
    owner.expect_mail(DEFERRED)
    owner.publish("two", "none", mx=())
    owner.expect_mail(NO_TLS, clear=True)


@over_time("testing", "enforce, then testing: delivered at once")
def to_testing(owner):
    owner.expect_mail(MX)
    owner.publish("two", "testing")
    owner.move(ATTACKER)
    owner.expect_mail(ATTACKER)


@over_time("enforce", "none, then enforce: from the next message on")
def to_enforce(owner):
    owner.publish("one", "none", mx=())
    owner.move(NO_TLS)
    owner.expect_mail(NO_TLS, clear=True)
    owner.publish("two")
    owner.expect_mail(DEFERRED)


@over_time("gone", "enforce, cached; then the domain does not exist: bounced at once")
def gone(owner):
    owner.expect_mail(MX)
    owner.vanish()
    owner.expect_mail(BOUNCED)


def forbidden(owner):
    owner.web.certificate = owner.lab.pki.file(named("mta-sts." + owner.domain, issuer="self"))


# Policies that do not bind: (label, title, what makes it so)
UNBOUND = (
    ("norecord", "no record", lambda owner: owner.record()),
    ("tworecords", "two records", lambda owner: owner.record(
        "v=STSv1; id=one;", "v=STSv1; id=two;")),
    ("badrecord", "a record without an id", lambda owner: owner.record("v=STSv1;")),
    ("modenone", "mode none", lambda owner: owner.publish("one", "none", mx=())),
    ("error", "policy host answers 500", lambda owner: owner.break_web()),
    ("down", "policy host closes", lambda owner: setattr(
        owner.web, "instead_of_tls", listen.close)),
    ("untrusted", "policy host self-signed", forbidden),
    ("invalid", "invalid policy", lambda owner: setattr(
        owner.web, "answer", reply(b"version: STSv1\r\nmode: enforce\r\n"))),
    ("html", "policy as HTML", lambda owner: setattr(
        owner.web, "answer", reply(policy(mx=[MX]), content_type="text/html"))),
)


def unbound(label, title, prepare):
    @over_time(label, f"{title}: delivered as without MTA-STS")
    def _(owner):
        prepare(owner)
        owner.move(NO_TLS)
        owner.expect_mail(NO_TLS, clear=True)


for row in UNBOUND:
    unbound(*row)


@over_time("hangs", "policy host hangs: delivered as without, and the next message at once")
def hangs(owner):
    owner.web.instead_of_http = listen.silence
    owner.move(NO_TLS)
    for limit in (PATIENCE, PATIENCE / 3):
        start = time.monotonic()
        owner.expect_mail(NO_TLS, clear=True)
        took = time.monotonic() - start
        need(took < limit, f"it took {took:.1f} s")


@over_time("strict", "strict first use: a policy that is promised and cannot be had defers")
def strict(owner):
    owner.break_web()
    owner.lab.mtasts_conf(policy={"strict_first_use": True})
    try:
        owner.expect_mail(DEFERRED, untouched=(MX,), reason="MTA-STS")
        owner.publish("two")
        owner.expect_mail(MX)
    finally:
        owner.lab.mtasts_conf()


def enforced_with(label, title, spoil):
    """A policy that was cached binds, or is fetched again, whatever the cache is like."""
    @over_time(label, f"enforce; {title}: enforced all the same")
    def _(owner):
        owner.expect_mail(MX)
        owner.move(ATTACKER)
        undo = spoil(owner.lab)
        try:
            owner.expect_mail(DEFERRED, untouched=(ATTACKER,), reason="MTA-STS")
        finally:
            undo()


def lose(lab):
    lab.forget()
    return lambda: None


def damage(lab):
    """Noise in the middle of both databases."""
    for name in lab.cache_files():
        with open(name, "r+b") as file:
            file.seek(4096)
            file.write(os.urandom(16384))
    return lab.forget


def truncate(lab):
    for name in lab.cache_files():
        os.truncate(name, 5000)
    return lab.forget


def lock_up(lab):
    """Directories that only root may enter."""
    owners = {name: os.stat(name) for name in lab.cache_directories()}
    for name in owners:
        os.chown(name, 0, 0)
        os.chmod(name, 0o700)

    def undo():
        for name, old in owners.items():
            os.chown(name, old.st_uid, old.st_gid)
            os.chmod(name, old.st_mode & 0o7777)
    return undo


SPOILS = (
    ("lost", "the cache is gone", lose),
    ("damaged", "the cache is damaged", damage),
    ("truncated", "the cache is cut off", truncate),
    ("locked", "the cache may not be used", lock_up),
)

for row in SPOILS:
    enforced_with(*row)


@over_time("log", "what was decided can be read in the log")
def logged(owner):
    delivery = owner.expect_mail(MX)
    with told(delivery):
        need(f"mtasts: domain={owner.domain} policy=enforce host={MX} " in delivery.log,
             "the log has no line of ours")


def build(lab):
    world.build(lab)
    for owner in OWNERS:
        owner.settle(lab)


if __name__ == "__main__":
    download_debs()
    main(build, CASES, EximLab, jobs=1)
