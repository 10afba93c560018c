#!/usr/bin/python3 -B
"""Name servers that misbehave, and name servers in odd places."""

import daemons
import dns_server as dns
import listen
import world
from tap import Case, ask, main, no_contact, same, scenario

MX = "mx.good.test"
DIRECT = {"dns": {"servers": [daemons.BROKEN_DNS], "timeout": "1s"}}
FOUND = {"verdict": "pass", "mode": "enforce", "reason": "policy"}
UNKNOWN = {"verdict": "none", "mode": None, "reason": "dns-temperror"}
NO_HOST = {"verdict": "none", "mode": None, "reason": "sts-policy-fetch-error"}
NO_MX = {"verdict": "temperror", "enhanced_code": "4.4.3"}

GARBAGE = dns.octets(b"\x1b[31m\xff\x00" * 20)

# (title, behaviour, is the answer usable in the end)
BEHAVIOURS = (
    ("SERVFAIL", dns.status("SERVFAIL"), False),
    ("REFUSED", dns.status("REFUSED"), False),
    ("NOTIMP", dns.status("NOTIMP"), False),
    ("FORMERR", dns.status("FORMERR"), False),
    ("silence", dns.silent, False),
    ("garbage", GARBAGE, False),
    ("an empty datagram", dns.octets(b""), False),
    ("twelve zero octets", dns.octets(b"\0" * 12), False),
    ("another id", dns.wrong_id, False),
    ("another question", dns.wrong_question, False),
    ("an answer cut off", dns.cut_off, False),
    ("a name that points to itself", dns.pointer_loop, False),
    ("truncated, and TCP closes", dns.truncated(dns.closing), False),
    ("truncated, and TCP is silent", dns.truncated(dns.silent), False),
    ("truncated, and TCP has garbage", dns.truncated(GARBAGE), False),
    ("truncated, and TCP sends one octet a second",
     dns.truncated(dns.handled(listen.drip(b"\x02\x00" + b"x" * 400))), False),
    ("truncated, and TCP sends less than it promises",
     dns.truncated(dns.handled(listen.say(b"\xff\xff\x1b"))), False),
    ("truncated, and TCP sends without end",
     dns.truncated(dns.handled(listen.endless(b"\xff" * 1000))), False),
    ("truncated, and TCP answers", dns.truncated(dns.good), True),
    ("half a second late", dns.slow(0.5), True),
    ("a minute late", dns.slow(60), False),
    ("silence once", dns.in_turn(dns.silent, dns.good), True),
)

# Which questions get the behaviour, and what follows if there is no answer to them.
QUESTIONS = (
    ("STS-3.1-17 A-07 record", "_mta-sts.{}", ("TXT",), UNKNOWN, (no_contact("https"),)),
    ("STS-3.3-13 policy host", "mta-sts.{}", ("A", "AAAA"), NO_HOST, (no_contact("https"),)),
    ("SMT-02 MX", "{}", ("MX",), NO_MX, (no_contact("smtp"),)),
    ("MX host", "mx.{}", ("A",), {"verdict": "temperror"}, (no_contact("smtp"),)),
)

# (domain, owner, record types, title, behaviour, expectation, what is seen)
ROWS = [(f"b{number}.q{index}.broken.test", owner, rtypes, f"{ids}: {title}",
         behaviour, FOUND if usable else expect, () if usable else seen)
        for index, (ids, owner, rtypes, expect, seen) in enumerate(QUESTIONS)
        for number, (title, behaviour, usable) in enumerate(BEHAVIOURS)]

# Through unbound, which makes SERVFAIL of all these.
THROUGH = ("SERVFAIL", "REFUSED", "silence", "garbage")


@scenario("STS-3.1-17 NXDOMAIN and NODATA are no record, SERVFAIL is not known")
def three_answers(lab):
    for domain, reason in (("nodata.broken.test", "no-record"),
                           ("nx.broken.test", "no-record"),
                           ("b0.q0.broken.test", "dns-temperror")):
        same(domain, ask(lab, "check", domain, conf=DIRECT)["reason"], reason)


CASES = [Case(f"{title}, asked directly", domain, expect, seen, DIRECT)
         for domain, _, _, title, _, expect, seen in ROWS] + [
    Case(f"{title}, through a resolver", domain, expect, seen)
    for domain, _, _, title, _, expect, seen in ROWS
    if title.rpartition(": ")[2] in THROUGH] + [
    three_answers,
    Case("a record among 60 kB of others, over TCP", "big.broken.test", FOUND, (), DIRECT),
    Case("a policy host whose A question fails and AAAA question does not",
         "halfhost.broken.test", FOUND, (), DIRECT),
    Case("a CNAME loop at the MX host", "mxloop.broken.test", {"verdict": "temperror"},
         (no_contact("smtp"),), DIRECT),
    Case("a name server on IPv6 alone", "good.test", FOUND,
         conf={"dns": {"servers": [daemons.UNBOUND6]}}),
    Case("a name server that is not there, then one that is", "good.test", FOUND,
         conf={"dns": {"servers": ["192.0.2.99", daemons.UNBOUND]}}),
    Case("a name server that refuses, then one that knows", "refusing.test", FOUND,
         conf={"dns": {"servers": [daemons.BROKEN_DNS, daemons.UNBOUND]}}),
    Case("the name servers of resolv.conf", "good.test", FOUND,
         conf={"dns": {"servers": None}}),
    Case("no name server answers", "good.test", UNKNOWN,
         conf={"dns": {"servers": ["192.0.2.99"], "timeout": "1s"}}),
]


def build(lab):
    world.build(lab)
    for domain, owner, rtypes, _, behaviour, _, _ in ROWS:
        lab.mx_host("mx." + domain)
        lab.domain(domain, mx=["mx." + domain])
        for rtype in rtypes:
            lab.zone.misbehave(owner.format(domain), rtype, behaviour)
    lab.domain("big.broken.test", mx=[MX])
    lab.zone.add("_mta-sts.big.broken.test", "TXT", [b"x" * 255] * 230)
    lab.domain("halfhost.broken.test", mx=[MX])
    lab.zone.misbehave("mta-sts.halfhost.broken.test", "A", dns.status("SERVFAIL"))
    lab.domain("nx.broken.test", mx=[MX], txt=None)
    lab.domain("nodata.broken.test", mx=[MX], txt=None)
    lab.zone.add("below._mta-sts.nodata.broken.test", "A", "192.0.2.1")
    lab.domain("mxloop.broken.test", mx=["one.mxloop.broken.test"])
    lab.zone.add("one.mxloop.broken.test", "CNAME", "two.mxloop.broken.test")
    lab.zone.add("two.mxloop.broken.test", "CNAME", "one.mxloop.broken.test")
    lab.zone.misbehave("_mta-sts.refusing.test", "TXT", dns.status("REFUSED"))
    lab.domain("refusing.test", mx=[MX])


if __name__ == "__main__":
    main(build, CASES)
