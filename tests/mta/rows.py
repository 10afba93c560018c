"""Domains with policies, whose hosts are good or bad, and who must take their mail."""

from pki import Certificate, named
from tap import same
import world

DEFERRED = None


class Row:
    """A domain with a policy: who takes its mail."""

    def __init__(self, title, domain, taken_by, hosts, patterns=None):
        self.name = f"enforce: {title}: {taken_by or 'deferred'}"
        self.domain, self.taken_by = domain + ".test", taken_by
        self.hosts = {f"{label}.{self.domain}": fields for label, fields in hosts.items()}
        self.patterns = patterns

    def settle(self, lab):
        for host, fields in self.hosts.items():
            lab.mx_host(host, **fields)
        lab.domain(self.domain, list(self.hosts), self.patterns)
        lab.domain("plain." + self.domain, list(self.hosts), (), txt=None)

    def __call__(self, lab):
        lab.expect([self.domain], {self.domain: self.taken_by and
                                    f"{self.taken_by}.{self.domain}"})
        control = lab.send("user@plain." + self.domain)
        with control.told():
            same("without a policy, queued", control.queued, set())


def self_signed(*names):
    return {"certificate": named(*names, issuer="unknown")}


ROWS = [
    Row("valid", "valid", "mx1", {"mx1": {}}),
    Row("no STARTTLS", "clear", DEFERRED, {"mx1": {"extensions": world.NO_STARTTLS}}),
    Row("unknown authority", "rogue", DEFERRED, {"mx1": self_signed("mx1.rogue.test")}),
    Row("expired", "expired", DEFERRED,
        {"mx1": {"certificate": named("mx1.expired.test", dates="expired")}}),
    Row("another name", "othername", DEFERRED,
        {"mx1": {"certificate": named("mx.other.test")}}),
    Row("name in CN alone", "cnonly", DEFERRED,
        {"mx1": {"certificate": Certificate(cn="mx1.cnonly.test")}}),
    Row("host not in policy", "unlisted", DEFERRED, {"mx1": {}}, ["mx.other.test"]),
    Row("first host bad, second good", "second", "mx2",
        {"mx1": self_signed("mx1.second.test"), "mx2": {}}),
    Row("first host not in policy, second good", "second2", "mx2",
        {"mx1": {}, "mx2": {}}, ["mx2.second2.test"]),
    Row("wildcard certificate", "wild", "mx1",
        {"mx1": {"certificate": named("*.wild.test")}}),
    Row("wildcard of two labels", "wild2", DEFERRED,
        {"a.mx1": {"certificate": named("*.wild2.test")}}),
    Row("a policy of 200 hosts", "long", "mx1", {"mx1": {}},
        [f"h{number}.long.test" for number in range(199)] + ["mx1.long.test"]),
]
