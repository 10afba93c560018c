"""Domains that share a host, a smart host, MX hosts that are aliases, and what has no
policy."""

from pki import named
import world

SMART = "mx.smart.test"
NONE = "mx.none.test"
VALID = {"valid.test": "mx1.valid.test"}
SHARED = "mx.shared.test"
TARGET = "mx.target.test"
SHARED2 = "mx.shared2.test"

# Recipients of one message, whose hosts are one, which nobody trusts.
MIXED = (
    ("aaa.shared.test", "listed.shared.test"),
    ("listed.shared.test", "zzz.shared.test"),
    ("zzz.shared.test", "listed.shared.test", "aaa.shared.test"),
)


def fates(domains):
    """Who takes them: not the one with a policy."""
    return {domain: None if domain.startswith("listed") else SHARED for domain in domains}


def settle(lab):
    lab.mx_host(SMART, extensions=world.NO_STARTTLS)
    lab.mx_host(NONE, extensions=world.NO_STARTTLS)
    lab.domain("none.test", [NONE], (), txt=None)
    lab.zone.add("alias.test", "CNAME", "valid.test")
    lab.mx_host(SHARED, certificate=named(SHARED, issuer="unknown"))
    lab.domain("listed.shared.test", [SHARED])
    for name in ("aaa", "zzz"):
        lab.domain(name + ".shared.test", [SHARED], (), txt=None)
    for domain, pattern in (("byname.test", "mx.byname.test"), ("bytarget.test", TARGET)):
        lab.zone.add("mx." + domain, "CNAME", TARGET)
        lab.domain(domain, ["mx." + domain], [pattern])
    lab.mx_host(TARGET, certificate=named(TARGET, "mx.byname.test"))
    lab.mx_host(SHARED2)
    for name in ("a", "b"):
        lab.domain(f"{name}.good.shared2.test", [SHARED2])
        lab.domain(f"{name}.bad.shared2.test", [SHARED2], ["mx.other.test"])
