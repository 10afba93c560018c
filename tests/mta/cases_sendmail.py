#!/usr/bin/python3 -B
"""The rules of contrib/sendmail/mtasts.m4: real deliveries, with a map that answers
from a table."""

from map_server import MapServer
from mta import MAP
from rows import ROWS
from sendmail import README_MC, SendmailLab, download_debs

# pylint: disable=wrong-import-order
from pki import named
from tap import main, same, scenario
import world

SMART = "mx.smart.test"
NONE = "mx.none.test"
SHARED = "mx.shared.test"


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
    lab.expect(["VALID.Test"], {"valid.test": "mx1.valid.test"})
    lab.expect(["ROGUE.Test"], {"rogue.test": None})


MIXED = (
    # (domains, who takes the mail for each)
    (("aaa.shared.test", "listed.shared.test"), {}),
    (("listed.shared.test", "zzz.shared.test"), {}),
    (("zzz.shared.test", "listed.shared.test", "aaa.shared.test"), {}),
)


def mixed(domains):
    @scenario("shared untrusted host, bypass closed: " + ", ".join(domains))
    def case(lab):
        lab.expect(domains, {domain: None if domain.startswith("listed") else SHARED
                              for domain in domains})
    return case


@scenario("two policies on one host, of which one lists it")
def two_policies(lab):
    for domains in (("a.good.shared2.test", "b.bad.shared2.test"),
                    ("a.bad.shared2.test", "b.good.shared2.test")):
        lab.expect(domains, {domain: None if ".bad." in domain else "mx.shared2.test"
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
        lab.expect(["valid.test"], {"valid.test": SMART})
    finally:
        lab.configure()


@scenario("smart host, not exempt: deferred")
def smart_host_not_exempt(lab):
    lab.configure(README_MC.replace(SMART, "mx.another.test")
                  + "define(`SMART_HOST', `[mx.smart.test]')dnl\n")
    try:
        lab.expect(["valid.test", "none.test"], {"valid.test": None, "none.test": SMART})
    finally:
        lab.configure()


@scenario("mailertable target, exempt: delivered")
def mailertable(lab):
    lab.machine.write("/etc/mail/mailertable", "valid.test esmtp:[mx.smart.test]\n")
    lab.machine.must("sh", "-c", "cd /etc/mail && makemap hash mailertable <mailertable")
    lab.configure(README_MC + "FEATURE(`mailertable')dnl\n")
    try:
        lab.expect(["valid.test"], {"valid.test": SMART})
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
        delivery = lab.expect(["valid.test"], {"valid.test": "mx1.valid.test"})
        with delivery.told():
            same("SNI", delivery.names(), {("mx1.valid.test", "mx1.valid.test")})
        lab.expect(["rogue.test"], {"rogue.test": None})
        lab.expect(["none.test"], {"none.test": None})
    finally:
        lab.configure()


@scenario("confDONT_EXPAND_CNAMES: an alias is judged by the name it was addressed by")
def alias(lab):
    lab.expect(["alias.test"], {"valid.test": "mx1.valid.test"})
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
    lab.expect(["failing.test", "valid.test"],
           {"failing.test": None, "valid.test": "mx1.valid.test"})


@scenario("the map is gone: deferred; it is there again: delivered")
def map_gone(lab):
    lab.map.stop()
    lab.expect(["valid.test", "none.test"], {"valid.test": None, "none.test": None})
    lab.map.start()
    lab.expect(["valid.test", "none.test"],
           {"valid.test": "mx1.valid.test", "none.test": NONE})


@scenario("control: without the feature an untrusted host is given the mail")
def control(lab):
    lab.configure("")
    try:
        lab.expect(["rogue.test", "clear.test"],
               {"rogue.test": "mx1.rogue.test", "clear.test": "mx1.clear.test"})
    finally:
        lab.configure()


def build(lab):
    lab.map = MapServer(lab.machine.path(MAP))
    lab.map.start()
    world.build(lab)
    for row in ROWS:
        row.settle(lab)
        lab.map.policies[row.domain] = row.patterns or list(row.hosts)
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
