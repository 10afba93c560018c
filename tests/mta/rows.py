"""Domains with policies, whose hosts are good or bad, and who must take their mail."""

from dataclasses import dataclass, field

from pki import Certificate, named
from tap import same
import tls
import world

DEFERRED = None


@dataclass
class Row:
    """A domain: the label of the host that takes its mail, its hosts by label and its
    policy.  `others` is who takes it under rules that are stricter or looser than
    RFC 8461, by their name."""

    title: str
    label: str
    taken_by: str
    hosts: dict
    patterns: list = None
    mode: str = "enforce"
    others: dict = field(default_factory=dict)
    fetchable: bool = True
    hopeless: tuple = ()        # rules under which it gets no mail without a policy either

    @property
    def domain(self):
        return self.label + ".test"

    def settle(self, lab):
        hosts = [f"{label}.{self.domain}" for label in self.hosts]
        for host, more in zip(hosts, self.hosts.values()):
            lab.mx_host(host, **more)
        if self.fetchable:
            lab.domain(self.domain, hosts, self.patterns, mode=self.mode)
        else:
            lab.domain(self.domain, hosts, ())
        lab.domain("plain." + self.domain, hosts, (), txt=None)

    def under(self, rules, control=False):
        """The delivery as a case."""
        return Delivered(self, rules, control and rules not in self.hopeless)


class Delivered:
    """A message to the domain, and one to a domain of the same hosts without a policy
    as the control."""

    def __init__(self, row, rules, control):
        self.row, self.control = row, control
        self.taken_by = row.others.get(rules, row.taken_by)
        self.name = f"{rules}: {row.mode}: {row.title}: {self.taken_by or 'deferred'}"

    def __call__(self, lab):
        domain = self.row.domain
        lab.expect([domain], {domain: self.taken_by and f"{self.taken_by}.{domain}"})
        if self.control:
            control = lab.send("user@plain." + domain)
            with control.told():
                same("without a policy, queued", control.queued, set())


def self_signed(*names):
    return {"certificate": named(*names, issuer="unknown")}


CLEAR = {"extensions": world.NO_STARTTLS}
HOSTILE = b"454 4.7.0 100% f\xc3\xbcll\r\n"
HOSTILE_TOLD = r"100% f\xc3\xbcll"

ROWS = [
    Row("valid", "valid", "mx1", {"mx1": {}}),
    Row("no STARTTLS", "clear", DEFERRED, {"mx1": CLEAR}),
    Row("STARTTLS refused", "refused", DEFERRED, {"mx1": {"starttls": HOSTILE}}),
    Row("STARTTLS refused for good", "never", DEFERRED,
        {"mx1": {"starttls": b"554 5.7.0 never\r\n"}}),
    Row("unknown authority", "rogue", DEFERRED, {"mx1": self_signed("mx1.rogue.test")}),
    Row("expired", "expired", DEFERRED,
        {"mx1": {"certificate": named("mx1.expired.test", dates="expired")}}),
    Row("not valid yet", "future", DEFERRED,
        {"mx1": {"certificate": named("mx1.future.test", dates="future")}}),
    Row("no intermediate", "nochain", DEFERRED,
        {"mx1": {"certificate": named("mx1.nochain.test", send=False)}}),
    Row("the domain's name alone", "domaincert", DEFERRED,
        {"mx1": {"certificate": named("domaincert.test")}}),
    Row("TLS 1.1", "tls11", DEFERRED, {"mx1": {"versions": (tls.V11, tls.V11)}},
        hopeless=("ours",)),
    Row("TLS 1.2", "tls12", "mx1", {"mx1": {"versions": (tls.V12, tls.V12)}}),
    Row("another name", "othername", DEFERRED,
        {"mx1": {"certificate": named("mx.other.test")}}),
    Row("name in CN alone", "cnonly", DEFERRED,
        {"mx1": {"certificate": Certificate(cn="mx1.cnonly.test")}},
        others={"Postfix": "mx1"}),
    Row("host not in policy", "unlisted", DEFERRED, {"mx1": {}}, ["mx.other.test"]),
    Row("host not in policy, but its certificate's name", "borrowed", DEFERRED,
        {"mx1": {"certificate": named("mx.other.test")}}, ["mx.other.test"],
        others={"Postfix": "mx1"}),
    Row("first host bad, second good", "second", "mx2",
        {"mx1": self_signed("mx1.second.test"), "mx2": {}}),
    Row("first host not in policy, second good", "second2", "mx2",
        {"mx1": {}, "mx2": {}}, ["mx2.second2.test"]),
    Row("star in the policy", "star", "mx1", {"mx1": {}}, ["*.star.test"]),
    Row("star in the policy, for two labels", "star2", DEFERRED, {"a.mx1": {}},
        ["*.star2.test"], others={"Postfix": "a.mx1"}),
    Row("wildcard certificate", "wild", "mx1",
        {"mx1": {"certificate": named("*.wild.test")}}, others={"stock": DEFERRED}),
    Row("wildcard of two labels", "wild2", DEFERRED,
        {"a.mx1": {"certificate": named("*.wild2.test")}}),
    Row("a policy of 200 hosts", "long", "mx1", {"mx1": {}},
        [f"h{number}.long.test" for number in range(199)] + ["mx1.long.test"],
        others={"stock": DEFERRED, "hardened": DEFERRED}),
    Row("no STARTTLS, host not in policy", "testing", "mx1", {"mx1": CLEAR},
        ["mx.other.test"], mode="testing"),
    Row("no STARTTLS, host not in policy", "modenone", "mx1", {"mx1": CLEAR},
        ["mx.other.test"], mode="none"),
    Row("a policy that cannot be fetched, no STARTTLS", "unfetchable", "mx1",
        {"mx1": CLEAR}, fetchable=False),
]


def settle(lab):
    world.build(lab)
    for row in ROWS:
        row.settle(lab)


def row(label):
    found, = (row for row in ROWS if row.label == label)
    return found
