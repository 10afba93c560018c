#!/usr/bin/python3 -B
"""The rules of contrib/sendmail/mtasts.m4: real deliveries, with a map that answers
from a table."""

from map_server import MapServer
from sendmail import README_MC, SendmailLab, download_debs

# pylint: disable=wrong-import-order
from pki import Certificate, named
from tap import main, need, same, scenario
import world

DEFERRED = None
SMART = "mx.smart.test"
NONE = "mx.none.test"
SHARED = "mx.shared.test"


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
        for kind in ("", "plain."):
            for number, host in enumerate(self.hosts):
                lab.zone.add(kind + self.domain, "MX", (number, host))
        lab.map.policies[self.domain] = self.patterns or list(self.hosts)

    def __call__(self, lab):
        expect(lab, [self.domain], {self.domain: self.taken_by and
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


def expect(lab, domains, fates, local="user"):
    """A message to domains; `fates` is who takes it for each, None for nobody."""
    recipients = [f"{local}@{domain}" for domain in domains]
    delivery = lab.send(*recipients)
    told = {(host, f"{local}@{domain}".lower()) for domain, host in fates.items() if host}
    with delivery.told():
        same("queued", {name.lower() for name in delivery.queued},
             {f"{local}@{domain}".lower() for domain, host in fates.items() if not host})
        same("told of recipients", {pair for pair in delivery.recipients()}, told)
        same("the message is at", {host for host, _ in delivery.messages()},
             {host for host in fates.values() if host})
    return delivery


@scenario("the server's name is asked for by SNI")
def sni(lab):
    delivery = lab.send("user@valid.test")
    with delivery.told():
        same("SNI", delivery.names(), {("mx1.valid.test", "mx1.valid.test")})


@scenario("the map is asked once a recipient and server")
def asked(lab):
    lab.map.asked.clear()
    lab.send("user@valid.test")
    same("asked", lab.map.asked, ["mtasts valid.test | mx1.valid.test"])


@scenario("user@VALID.Test: the policy is found")
def case_of_letters(lab):
    expect(lab, ["VALID.Test"], {"valid.test": "mx1.valid.test"})
    expect(lab, ["ROGUE.Test"], {"rogue.test": None})


MIXED = (
    # (domains, who takes the mail for each)
    (("aaa.shared.test", "listed.shared.test"), {}),
    (("listed.shared.test", "zzz.shared.test"), {}),
    (("zzz.shared.test", "listed.shared.test", "aaa.shared.test"), {}),
)


def mixed(domains):
    @scenario("shared untrusted host, bypass closed: " + ", ".join(domains))
    def case(lab):
        expect(lab, domains, {domain: None if domain.startswith("listed") else SHARED
                              for domain in domains})
    return case


@scenario("two policies on one host, of which one lists it")
def two_policies(lab):
    for domains in (("a.good.shared2.test", "b.bad.shared2.test"),
                    ("a.bad.shared2.test", "b.good.shared2.test")):
        expect(lab, domains, {domain: None if ".bad." in domain else "mx.shared2.test"
                              for domain in domains})


@scenario("one queue run, one connection: each message judged by its own policy")
def queue_run(lab):
    def run():
        for domain in ("aaa", "listed", "zzz"):
            lab.submit(f"user@{domain}.shared.test", how="-odq")
        lab.sendmail("-q", "-v")
    delivery = lab.watch(run)
    with delivery.told():
        same("queued", delivery.queued, {"user@listed.shared.test"})
        same("taken by", delivery.messages(), [(SHARED, True)] * 2)


@scenario("smart host, exempt: delivered, though it has no TLS")
def smart_host(lab):
    lab.configure(README_MC + "define(`SMART_HOST', `[mx.smart.test]')dnl\n")
    try:
        expect(lab, ["valid.test"], {"valid.test": SMART})
    finally:
        lab.configure()


@scenario("smart host, not exempt: deferred")
def smart_host_not_exempt(lab):
    lab.configure(README_MC.replace(SMART, "mx.another.test")
                  + "define(`SMART_HOST', `[mx.smart.test]')dnl\n")
    try:
        expect(lab, ["valid.test", "none.test"], {"valid.test": None, "none.test": SMART})
    finally:
        lab.configure()


@scenario("mailertable target, exempt: delivered")
def mailertable(lab):
    lab.machine.write("/etc/mail/mailertable", "valid.test esmtp:[mx.smart.test]\n")
    lab.machine.must("sh", "-c", "cd /etc/mail && makemap hash mailertable <mailertable")
    lab.configure(README_MC + "FEATURE(`mailertable')dnl\n")
    try:
        expect(lab, ["valid.test"], {"valid.test": SMART})
    finally:
        lab.configure()


@scenario("beside other features, and rules of the administrator's own")
def beside(lab):
    lab.machine.must("sh", "-c", "cd /etc/mail && makemap hash virtusertable </dev/null")
    lab.configure(README_MC + "FEATURE(`nocanonify')dnl\nFEATURE(`virtusertable')dnl\n"
                  "FEATURE(`check_cert_altnames')dnl\n",
                  after="LOCAL_TLS_RCPT\n"
                        "R$*@none.test\t$#error $@ 4.7.0 $: 450 the administrator's rule\n")
    try:
        delivery = expect(lab, ["valid.test"], {"valid.test": "mx1.valid.test"})
        with delivery.told():
            same("SNI", delivery.names(), {("mx1.valid.test", "mx1.valid.test")})
        expect(lab, ["rogue.test"], {"rogue.test": None})
        expect(lab, ["none.test"], {"none.test": None})
    finally:
        lab.configure()


@scenario("confDONT_EXPAND_CNAMES: an alias is judged by the name it was addressed by")
def alias(lab):
    expect(lab, ["alias.test"], {"valid.test": "mx1.valid.test"})
    lab.map.policies["alias.test"] = ["mx.other.test"]
    lab.configure("define(`confDONT_EXPAND_CNAMES', `True')dnl\n" + README_MC)
    try:
        lab.map.asked.clear()
        delivery = lab.send("user@alias.test")
        with delivery.told():
            same("asked", lab.map.asked, ["mtasts alias.test | mx1.valid.test"])
            same("queued", delivery.queued, {"user@alias.test"})
    finally:
        lab.configure()


@scenario("the map fails for one domain: it is deferred, others are not")
def lookup_fails(lab):
    lab.map.failing.add("failing.test")
    expect(lab, ["failing.test", "valid.test"],
           {"failing.test": None, "valid.test": "mx1.valid.test"})


@scenario("the map is gone: deferred; it is there again: delivered")
def map_gone(lab):
    lab.map.stop()
    expect(lab, ["valid.test", "none.test"], {"valid.test": None, "none.test": None})
    lab.map.start()
    expect(lab, ["valid.test", "none.test"],
           {"valid.test": "mx1.valid.test", "none.test": NONE})


@scenario("control: without the feature an untrusted host is given the mail")
def control(lab):
    lab.configure("")
    try:
        expect(lab, ["rogue.test", "clear.test"],
               {"rogue.test": "mx1.rogue.test", "clear.test": "mx1.clear.test"})
    finally:
        lab.configure()


def build(lab):
    lab.map = MapServer(lab.machine.path("/run/mtasts/map.sock"))
    lab.map.start()
    world.build(lab)
    for row in ROWS:
        row.settle(lab)
    lab.mx_host(SMART, extensions=world.NO_STARTTLS)
    lab.mx_host(NONE, extensions=world.NO_STARTTLS)
    lab.zone.add("none.test", "MX", (10, NONE))
    lab.zone.add("failing.test", "MX", (10, NONE))
    lab.zone.add("alias.test", "CNAME", "valid.test")
    lab.mx_host(SHARED, certificate=named(SHARED, issuer="unknown"))
    for name in ("aaa", "listed", "zzz"):
        lab.zone.add(name + ".shared.test", "MX", (10, SHARED))
    lab.map.policies["listed.shared.test"] = [SHARED]
    lab.mx_host("mx.shared2.test")
    for name in ("a", "b"):
        for kind, servers in (("good", ["mx.shared2.test"]), ("bad", ["mx.other.test"])):
            domain = f"{name}.{kind}.shared2.test"
            lab.zone.add(domain, "MX", (10, "mx.shared2.test"))
            lab.map.policies[domain] = servers


CASES = [*ROWS, sni, asked, case_of_letters, *(mixed(domains) for domains, _ in MIXED),
         two_policies, queue_run, smart_host, smart_host_not_exempt, mailertable, beside,
         alias, lookup_fails, map_gone, control]

if __name__ == "__main__":
    download_debs()
    main(build, CASES, SendmailLab, jobs=1)
