"""The MX side of issue 3's table: what hosts a domain has, and where its mail must
go with a policy of mode enforce, and without one."""

from dataclasses import dataclass, field
from typing import Optional

from exim import DEFERRED

# pylint: disable=wrong-import-order
import listen
import world
from pki import Certificate, filled, named

OTHER = "mx.elsewhere.test"     # a name that no host has


@dataclass
class Host:
    """An MX host, mx1.DOMAIN and so on unless it has a label.

    fields    what smtp_server.MxHost is told; None: nobody listens
    cname     the label of the host that its name is an alias of
    """

    fields: Optional[dict] = field(default_factory=dict)
    label: Optional[str] = None
    cname: Optional[str] = None

    def settle(self, lab, domain):
        name = f"{self.label}.{domain}"
        if self.fields is None:
            lab.absent(name)
            return
        fields = dict(self.fields)
        if "certificate" in fields:
            fields["certificate"] = filled(fields["certificate"], self.label, domain)
        real = f"{self.cname}.{domain}" if self.cname else name
        if self.cname:
            lab.zone.add(name, "CNAME", real)
        lab.mx_host(real, **fields)

@dataclass
class Row:
    """enforce, plain    the label of the host that takes the mail, or DEFERRED or BOUNCED
    patterns             the policy's, DOMAIN and all; the hosts' names unless given
    clear                without a policy the mail goes in clear
    untouched            labels of hosts that are not to be contacted under enforce
    reason               what the log says of a deferral under enforce
    """

    title: str
    hosts: tuple
    enforce: str = DEFERRED
    plain: str = "mx1"
    patterns: Optional[tuple] = None
    clear: bool = False
    untouched: tuple = ()
    reason: str = ""

    def __post_init__(self):
        for number, host in enumerate(self.hosts, 1):
            host.label = host.label or f"mx{number}"

    def names(self, domain):
        """{label: the name by which Exim and the record know the host}, which of
        an alias is its target's."""
        return {host.label: f"{host.cname or host.label}.{domain}" for host in self.hosts}

    def settle(self, lab, domain, mode):
        """Make the domain, with a policy of a mode or without one."""
        for host in self.hosts:
            host.settle(lab, domain)
        names = [f"{host.label}.{domain}" for host in self.hosts]
        patterns = names
        if self.patterns is not None:
            patterns = [pattern.replace("DOMAIN", domain) for pattern in self.patterns]
        if mode is None:
            lab.domain(domain, names, patterns=(), txt=None)
        else:
            lab.domain(domain, names, patterns=patterns, mode=mode)


def certificate(**spec):
    return Host({"certificate": Certificate(cn="lab", **spec)})


TLS_FAILED = "TLS|certificate|[Vv]erif"
NOT_LISTED = "MTA-STS"


def tls_row(title, *hosts, reason=TLS_FAILED, **more):
    return Row(title, hosts, reason=reason, **more)


def stage(name, handler):
    return Host({"stages": {name: handler}})


ROWS = (
    Row("a good host", (Host(),), "mx1"),
    Row("first host not in policy, second good", (Host(), Host()), "mx2",
        patterns=("mx2.DOMAIN",), untouched=("mx1",)),
    Row("no host in policy", (Host(), Host()), patterns=(OTHER,),
        untouched=("mx1", "mx2"), reason=NOT_LISTED),
    tls_row("no STARTTLS", Host({"extensions": world.NO_STARTTLS}), clear=True),
    tls_row("454 to STARTTLS", Host({"starttls": b"454 4.7.0 not now\r\n"}), clear=True),
    tls_row("554 to STARTTLS", Host({"starttls": b"554 5.7.0 no\r\n"}), clear=True),
    tls_row("garbage for a handshake", stage("tls", listen.say(b"\x15\x03\x01no")),
            clear=True),
    tls_row("closed at the handshake", stage("tls", listen.close), clear=True),
    tls_row("self-signed", certificate(dns=("HOST",), issuer="self")),
    tls_row("unknown authority", certificate(dns=("HOST",), issuer="unknown")),
    tls_row("expired", certificate(dns=("HOST",), dates="expired")),
    tls_row("not yet valid", certificate(dns=("HOST",), dates="future")),
    tls_row("another name", certificate(dns=("mx.good.test",))),
    tls_row("the domain's name", certificate(dns=("DOMAIN",))),
    tls_row("name in CN alone", Host({"certificate": Certificate(cn="HOST")})),
    tls_row("name in CN, another in SAN",
            Host({"certificate": Certificate(cn="HOST", dns=("mx.good.test",))})),
    Row("name in a wildcard", (Host({"certificate": named("*.DOMAIN")}),), "mx1"),
    Row("first host self-signed, second good",
        (certificate(dns=("HOST",), issuer="self"), Host()), "mx2"),
    Row("first host without STARTTLS, second good",
        (Host({"extensions": world.NO_STARTTLS}), Host()), "mx2", clear=True),
    Row("first host down, second not in policy", (Host(None), Host()), plain="mx2",
        patterns=("mx1.DOMAIN",), untouched=("mx2",)),
    Row("wildcard pattern is one label",
        (Host(label="a.b.mx"), Host(label="a.mx")), "a.mx", plain="a.b.mx",
        patterns=("*.mx.DOMAIN",), untouched=("a.b.mx",)),
    Row("wildcard pattern is not its parent", (Host(label="mx"),), plain="mx",
        patterns=("*.mx.DOMAIN",), untouched=("mx",), reason=NOT_LISTED),
    Row("a pattern is not the end of a name", (Host(label="xmx1"),), plain="xmx1",
        patterns=("mx1.DOMAIN",), untouched=("xmx1",), reason=NOT_LISTED),
    Row("a pattern's dots are dots", (Host(label="mx1xa"),), plain="mx1xa",
        patterns=("mx1.a.DOMAIN",), untouched=("mx1xa",), reason=NOT_LISTED),
    Row("an alias, matched by its MX name, which is certified",
        (Host({"certificate": named("mx1.DOMAIN")}, cname="real"),), "mx1"),
    tls_row("an alias whose target alone is certified",
            Host({"certificate": named("real.DOMAIN")}, cname="real")),
    Row("an alias, only its target in the policy",
        (Host({"certificate": named("mx1.DOMAIN", "real.DOMAIN")}, cname="real"),),
        patterns=("real.DOMAIN",), untouched=("mx1",), reason=NOT_LISTED),
)
