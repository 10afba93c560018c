#!/usr/bin/python3 -B
"""Addresses that a stranger's DNS must not lead us to.

At each forbidden address there is a good policy host and a good MX host, so that
only the guard stands between them and the command; no connection may reach them.
"""

import os

import daemons
import dns_server as dns
import world
from https_server import policy, reply
from lab import NET6
from namespace import own
from tap import Case, ask, count, main, need, no_contact, same, scenario

MX = "mx.good.test"
NO_POLICY = {"verdict": "none", "mode": None, "reason": "sts-policy-fetch-error"}
NO_PROBE = {"verdict": "temperror", "mode": "enforce"}
DIRECT = {"dns": {"servers": [daemons.LIVE_DNS]}}

# (what it is, address, the address to listen on if another, the network to own)
FORBIDDEN = (
    ("loopback", "127.0.0.1", None, None),
    ("loopback beyond its first address", "127.9.8.7", None, None),
    ("unspecified", "0.0.0.0", None, None),
    ("private 10/8", "10.1.2.3", None, "10.1.2.3/32"),
    ("private 172.16/12", "172.31.255.254", None, "172.31.255.254/32"),
    ("private 192.168/16", "192.168.1.1", None, "192.168.1.1/32"),
    ("shared 100.64/10", "100.127.0.1", None, "100.127.0.1/32"),
    ("link-local", "169.254.169.254", None, "169.254.169.254/32"),
    ("protocol assignments 192.0.0/24", "192.0.0.8", None, "192.0.0.8/32"),
    ("benchmarking 198.18/15", "198.19.0.1", None, "198.19.0.1/32"),
    ("reserved 240/4", "240.0.0.1", None, "240.0.0.1/32"),
    ("multicast", "224.0.0.1", None, None),
    ("IPv6 loopback", "::1", None, None),
    ("IPv6 unspecified", "::", None, None),
    ("v4-mapped loopback", "::ffff:127.0.0.3", "127.0.0.3", None),
    ("v4-mapped private", "::ffff:10.1.2.4", "10.1.2.4", "10.1.2.4/32"),
    ("v4-compatible loopback", "::127.0.0.1", None, "::127.0.0.1/128"),
    ("NAT64 of loopback", "64:ff9b::7f00:1", None, "64:ff9b::7f00:1/128"),
    ("NAT64 of private", "64:ff9b::a00:1", None, "64:ff9b::a00:1/128"),
    ("local NAT64", "64:ff9b:1::a00:1", None, "64:ff9b:1::a00:1/128"),
    ("6to4 of private", "2002:a00:1::1", None, "2002:a00:1::1/128"),
    ("Teredo of private", "2001:0:a00:1::f5ff:fffe", None, "2001:0:a00:1::f5ff:fffe/128"),
    ("unique local", "fd00::1", None, "fd00::1/128"),
    ("old site-local", "fec0::1", None, "fec0::1/128"),
    ("IPv6 multicast", "ff02::1", None, None),
)

# What nothing can listen on.
UNUSABLE = ("224.0.0.1", "ff02::1", "0.0.0.0", "::")



def policy_domain(number):
    return f"p{number}.ssrf.test"


def mx_domain(number):
    return f"m{number}.ssrf.test"

CASES = [
    *(Case(f"no policy is fetched from {title}", policy_domain(number), NO_POLICY,
           (no_contact("https"),))
      for number, (title, *_) in enumerate(FORBIDDEN)),
    *(Case(f"no MX host is probed at {title}", mx_domain(number),
           {**NO_PROBE, "hosts": {"mx." + mx_domain(number): "connect-failed"}},
           (no_contact("smtp"),))
      for number, (title, *_) in enumerate(FORBIDDEN)),
    Case("documentation's addresses are forbidden without allow_addresses", "guarded.test",
         NO_POLICY, (no_contact("https"),), {"https": {"allow_addresses": None}}),
    Case("documentation's IPv6 addresses are, too", "guarded6.test",
         NO_POLICY, (no_contact("https"),), {"https": {"allow_addresses": None}}),
    Case("an exception for another network does not help", "guarded.test",
         NO_POLICY, (no_contact("https"),), {"https": {"allow_addresses": ["192.0.2.0/24"]}}),
    Case("an exception for the address alone", "excepted.test", {"reason": "policy"},
         (count(1, server="https", event="request"),),
         {"https": {"allow_addresses": ["198.51.100.0/24", "203.0.113.0/24"]}}),
    Case("loopback may be allowed", policy_domain(0), {"reason": "policy"},
         conf={"https": {"allow_addresses": ["127.0.0.0/8", "203.0.113.0/24"]}}),
    Case("a forbidden address and a good one: the good one is taken", "both.test",
         {"verdict": "pass", "reason": "policy"}),
]


@scenario("an answer that changes from a good to a forbidden address changes nothing")
def rebinding(lab):
    mark = lab.record.mark()
    answer = ask(lab, "check", "rebind.test", conf=DIRECT)
    need(answer["reason"] in ("policy", "sts-policy-fetch-error"), f"reason: {answer['reason']}")
    same("connections to loopback",
         lab.record.read(mark, host="mta-sts.p1.ssrf.test"), [])


@scenario("the environment sends nothing elsewhere")
def environment(lab):
    """A proxy, a key log, aliases, resolver options: none is obeyed."""
    aliases = lab.path("aliases")
    with open(aliases, "w", encoding="ascii") as file:
        file.write("mta-sts mta-sts.hijacked.test\n")
    keys = lab.path("keys")
    before = ["env", "https_proxy=http://127.0.0.1:3128", "ALL_PROXY=socks5://127.0.0.1:1080",
              "SSLKEYLOGFILE=" + keys, "HOSTALIASES=" + aliases, "RES_OPTIONS=ndots:9",
              "LOCALDOMAIN=trap.test", "SSL_CERT_FILE=/dev/null", "CURL_CA_BUNDLE=/dev/null"]
    same("verdict", ask(lab, "check", "good.test", before=before)["verdict"], "pass")
    need(not os.path.exists(keys) or os.path.getsize(keys) == 0,
         "the session keys were written to SSLKEYLOGFILE")


CASES += [rebinding, environment]


def build(lab):
    world.build(lab)
    good = reply(policy(mx=[MX]))
    for number, (_, address, listen_on, network) in enumerate(FORBIDDEN):
        if network:
            own(network)
        for domain, name, make in (
                (policy_domain(number), "mta-sts." + policy_domain(number), policy_at(good)),
                (mx_domain(number), "mx." + mx_domain(number), mx_at)):
            if address not in UNUSABLE:
                make(lab, domain, listen_on or address)
                lab.zone.clear(name, "A")
                lab.zone.clear(name, "AAAA")
            lab.zone.add(name, "AAAA" if ":" in address else "A", address)
        lab.domain(policy_domain(number), mx=[MX], patterns=())
        lab.domain(mx_domain(number), mx=["mx." + mx_domain(number)])

    for domain in ("guarded.test", "guarded6.test", "excepted.test", "both.test", "rebind.test"):
        lab.domain(domain, mx=[MX], patterns=())
    lab.policy_host("guarded.test", good)
    lab.policy_host("guarded6.test", good, address=NET6)
    lab.policy_host("excepted.test", good)
    lab.zone.add("mta-sts.both.test", "A", "127.9.8.7")
    lab.policy_host("both.test", good)
    lab.policy_host("rebind.test", good)
    lab.zone.misbehave("mta-sts.rebind.test", "A", dns.in_turn(
        dns.good, dns.elsewhere("127.9.8.7")))


def policy_at(answer):
    return lambda lab, domain, address: lab.policy_host(domain, answer, address=address)


def mx_at(lab, domain, address):
    lab.mx_host("mx." + domain, address=address)


if __name__ == "__main__":
    main(build, CASES)
