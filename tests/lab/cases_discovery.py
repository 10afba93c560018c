#!/usr/bin/python3 -B
"""Finding a domain's policy: records, aliases, overrides, the ways of the verdict."""

import world
from https_server import policy, reply
from lab import NET6, POLICY_NET
from pki import named
from tap import Case, count, gets, main, no_contact, one_of, same

MX = "mx.good.test"
IDN = "xn--bcher-kva.test"
FOUND = {"verdict": "pass", "mode": "enforce", "reason": "policy", "source": "network"}

# (ids, domain below record.test, TXT records as lists of strings, id or reason)
RECORDS = (
    ("STS-3.1-01 STS-3.2-01 plain", "plain", [["v=STSv1; id=abc;"]], "abc"),
    ("STS-3.1-02 8-bit octet", "eightbit", [["v=STSv1; id=a; x=\xe9"]], "invalid-record"),
    ("STS-3.1-03 version not first", "late", [["id=1;v=STSv1"]], None),
    ("STS-3.1-03 upper-case version", "upper", [["V=STSv1;id=1"]], None),
    ("STS-3.1-03 lower-case STS", "lower", [["v=stsv1;id=1"]], None),
    ("STS-3.1-03 version 2", "two", [["v=STSv2;id=1"]], None),
    ("STS-3.1-03 leading space", "space", [[" v=STSv1;id=1"]], None),
    ("STS-3.1-04 lone version", "lone", [["v=STSv1"]], None),
    ("STS-3.1-04 version and delimiter", "lone2", [["v=STSv1;"]], "invalid-record"),
    ("STS-3.1-05 id of 32", "id32", [["v=STSv1; id=" + "a" * 32]], "a" * 32),
    ("STS-3.1-05 id of 33", "id33", [["v=STSv1; id=" + "a" * 33]], "invalid-record"),
    ("STS-3.1-05 empty id", "id0", [["v=STSv1; id=;"]], "invalid-record"),
    ("STS-3.1-05 hyphen in id", "idhyphen", [["v=STSv1; id=a-b;"]], "invalid-record"),
    ("STS-3.1-05 upper-case ID only", "idupper", [["v=STSv1; ID=a;"]], "invalid-record"),
    ("STS-3.1-07 tab and trailing delimiter", "tab", [["v=STSv1;\tid=a ; "]], "a"),
    ("STS-3.1-07 A-01 space before delimiter", "before", [["v=STSv1 ;id=a"]], "a"),
    ("STS-3.1-07 empty field", "empty", [["v=STSv1;;id=a"]], "invalid-record"),
    ("STS-3.1-07 trailing space", "trail", [["v=STSv1;id=a "]], "invalid-record"),
    ("STS-3.1-07 space round =", "equals", [["v=STSv1;id = a"]], "invalid-record"),
    ("STS-3.1-08 bad extension", "ext", [["v=STSv1;id=a;_x=1"]], "invalid-record"),
    ("STS-3.1-09 STS-3.1-10 unknown fields, any order", "order",
     [["v=STSv1; zz=9; y.y-y_y=1; id=a"]], "a"),
    ("STS-3.1-11 first duplicate wins", "dup", [["v=STSv1; id=a; id=b"]], "a"),
    ("STS-3.1-12 other records beside", "beside", [["spf"], ["v=STSv1; id=a;"]], "a"),
    ("STS-3.1-12 two records", "several", [["v=STSv1;id=a"], ["v=STSv1;id=b"]],
     "multiple-records"),
    ("STS-3.1-12 a good and a bad record", "mixed", [["v=STSv1;id=a"], ["v=STSv1;bad"]],
     "multiple-records"),
    ("STS-3.1-13 invalid record, no HTTPS", "bad", [["v=STSv1; id=a b"]], "invalid-record"),
    ("STS-3.1-15 several strings", "strings", [["v=ST", "Sv1; i", "d=abc;"]], "abc"),
    ("STS-3.1-15 string border in the id", "strings2", [["v=STSv1;id=ab", "cd"]], "abcd"),
    ("record with ESC and NUL", "escape", [["v=STSv1; id=a; x=\x1b[31m\x00"]],
     "invalid-record"),
    ("record of 60 kB beside the good one", "large",
     [["x" * 255] * 200, ["v=STSv1; id=a;"]], "a"),
)

# What no record at all may be called: all records were dropped, or the one was bad.
NOTHING = one_of("no-record", "invalid-record")


def record_case(ids, name, wanted):
    domain = name + ".record.test"
    if wanted is None or wanted in ("invalid-record", "multiple-records"):
        expect = {"verdict": "none", "mode": None, "reason": wanted or NOTHING}
        return Case(f"{ids}: no policy and no HTTPS", domain, expect, (no_contact("https"),))
    return Case(f"{ids}: found", domain, {**FOUND, "id": wanted}, (gets(1),))


def good_request(events):
    """The one GET, as RFC 8461 wants it."""
    host = "mta-sts.request.test"
    count(1, event="hello", sni=host)(events)
    count(1, event="request", line="GET /.well-known/mta-sts.txt HTTP/1.1")(events)
    headers = next(event["headers"] for event in events if event["event"] == "request")
    same("Host", headers.get("host"), host)
    same("Accept-Encoding", headers.get("accept-encoding", "identity"), "identity")
    unwanted = {"if-none-match", "if-modified-since", "authorization", "cookie"}
    same("unwanted headers", unwanted & set(headers), set())


def host_is(host, result):
    """One of the MX hosts has this result, whatever the others have."""
    return lambda hosts: hosts.get(host) == result


def unchecked(reason):
    """No policy applies, for this reason."""
    return {"verdict": "none", "mode": None, "reason": reason}


CASES = [record_case(ids, name, wanted) for ids, name, _, wanted in RECORDS] + [
    Case("STS-7.1-02 STS-3.3-08 the request is as it must be", "request.test",
         FOUND, (good_request,)),

    # The four of the README.
    Case("good: enforce, and the MX hosts keep it", "good.test",
         {**FOUND, "id": "1", "max_age": 86400, "enhanced_code": None,
          "mx_patterns": ["mx.good.test", "mx2.good.test"],
          "hosts": host_is("mx.good.test", "ok")}),
    Case("RPT-4.3-01 STS-5-03 downgraded: no STARTTLS", "downgraded.test",
         {"verdict": "fail", "mode": "enforce", "enhanced_code": "4.7.10",
          "hosts": {"mx.downgraded.test": "starttls-not-supported"}}),
    Case("STS-4.1-01 STS-5-01 hijacked: the MX is not in the policy", "hijacked.test",
         {"verdict": "fail", "mode": "enforce", "enhanced_code": "4.7.0",
          "hosts": {"mx.attacker.test": "not-probed"}}, (no_contact("smtp"),)),
    Case("plain: no record, no policy", "plain.test",
         {**unchecked("no-record"), "source": None}),

    # Modes.
    Case("STS-4-02 testing: a failure is a failure, what follows is another's",
         "testing.test", {"verdict": "fail", "mode": "testing", "enhanced_code": "4.7.0"}),
    Case("STS-5-07 none: nothing is promised, nobody is asked", "none.test",
         {"verdict": "none", "mode": "none", "reason": "policy"}, (no_contact("smtp"),)),

    # Names.
    Case("PKX-01 an upper-case domain with a dot", "GOOD.Test.",
         {**FOUND, "domain": "good.test"}),
    Case("PKX-02 STS-3.2-13 a U-label domain", "b\u00fccher.test",
         {**FOUND, "domain": IDN, "mx_patterns": ["mx." + IDN]}),
    Case("an A-label domain", IDN, {**FOUND, "domain": IDN}),
    Case("STS-3.4-02 an address literal has no policy", "[IPv6:2001:db8::1]",
         unchecked("not-a-domain")),
    *(Case(f"no domain: {name}", name, unchecked("not-a-domain"))
      for name in ("[192.0.2.1]", "192.0.2.1", "localhost", "a..test", "-a.test",
                   "a b.test", "x" * 64 + ".test", "good.test\x1b[31m",
                   ".".join(["x" * 60] * 4) + ".test")),
    Case("an A-label that punycode cannot decode is a name all the same", "xn--a.test",
         unchecked(one_of("no-such-domain", "no-record"))),
    Case("a domain that does not exist", "nowhere.test",
         {"verdict": "none", "reason": one_of("no-such-domain", "no-record")}),
    Case("/etc/hosts and the search list are not asked", "hosts.test",
         unchecked("sts-policy-fetch-error")),

    # Aliases and delegation.
    Case("STS-3.1-16 the record by a chain of CNAMEs, the policy host not", "chain.test",
         {**FOUND, "id": "chained"}, (count(1, event="hello", sni="mta-sts.chain.test"),)),
    Case("STS-3.1-16 a CNAME loop at the record", "loop.test",
         unchecked(one_of("dns-temperror", "no-record")), (no_contact("https"),)),
    Case("A-08 a domain that is a CNAME keeps its own policy", "alias.test",
         {**FOUND, "id": "alias", "hosts": host_is(MX, "ok")}),
    Case("STS-8.2-01 STS-7.1-02 a policy host that is a CNAME, with its own name",
         "delegated.test", FOUND, (count(1, event="hello", sni="mta-sts.delegated.test"),)),
    Case("STS-8.2-01 a policy host that is a CNAME, with the provider's name",
         "provided.test", unchecked("sts-webpki-invalid"), (gets(0),)),
    Case("a policy host on IPv6 alone", "six.test", FOUND, (gets(1),)),
    Case("a policy host whose first address is closed", "twoaddresses.test", FOUND),
    Case("STS-3.3-13 a policy host that does not exist", "nohost.test",
         unchecked("sts-policy-fetch-error")),
    Case("STS-3.3-13 a policy host that refuses connections", "refused.test",
         unchecked("sts-policy-fetch-error")),
    Case("STS-3.3-11 a policy host that answers no SYN", "deaf.test",
         unchecked("sts-policy-fetch-error"), conf={"https": {"timeout": "3s"}}),

    # MX hosts.
    Case("NMX-01 NMX-02 null MX: not ours, and no policy is fetched", "nullmx.test",
         {"verdict": "none", "reason": "null-mx"}, (no_contact("https"),)),
    Case("NMX-01 a null MX among others is none", "halfnull.test",
         {"verdict": "pass", "hosts": host_is(MX, "ok")}),
    Case("STS-4.1-05 A-09 implicit MX that the policy lists", "implicit.test",
         {**FOUND, "hosts": {"implicit.test": "ok"}}),
    Case("STS-4.1-05 implicit MX under a wildcard pattern", "implicit2.test",
         {"verdict": "fail", "enhanced_code": "4.7.0"}),
    Case("STS-4.1-03 STS-10.4-01 a wildcard pattern", "wild.test", FOUND),
    Case("STS-4.1-03 a wildcard stands for one label", "wild2.test",
         {"verdict": "fail", "enhanced_code": "4.7.0"}, (no_contact("smtp"),)),
    Case("STS-4.1-02 an MX in upper case", "case.test",
         {**FOUND, "hosts": lambda hosts: list(hosts.values()) == ["ok"]}),
    Case("STS-4.1-04 STS-7.1-03 an MX that is a CNAME has its own name", "cnamed.test",
         {**FOUND, "hosts": {"mx.cnamed.test": "ok"}},
         (count(1, server="smtp", event="hello", sni="mx.cnamed.test"),)),
    Case("STS-4.1-04 the target of an MX that is a CNAME is not matched", "cnamed2.test",
         {"verdict": "fail", "enhanced_code": "4.7.0"}, (no_contact("smtp"),)),
    Case("STS-4-01 the second MX is the good one", "second.test",
         {**FOUND, "hosts": {"mx.attacker.test": "not-probed", MX: "ok"}}),
    Case("SMT-01 the hosts stand in order of preference", "second.test",
         {"mx": lambda mx: [host["preference"] for host in mx] == [10, 20]}),
    Case("STS-4-01 the first fails, the second keeps it", "second2.test",
         {**FOUND, "hosts": {"mx.downgraded.test": "starttls-not-supported", MX: "ok"}}),
    Case("RTL-01 a match is told apart from the verdict", "downgraded.test",
         {"verdict": "fail", "mode": "enforce",
          "mx": lambda mx: [host["matched"] for host in mx] == [True]}),
    Case("an MX host on IPv6 alone", "mxsix.test", {**FOUND, "hosts": {"mx.mxsix.test": "ok"}}),
    Case("an MX host without an address", "mxnone.test",
         {"verdict": "temperror", "hosts": {"mx.mxnone.test": "connect-failed"}}),
    Case("twelve MX hosts: at most eight are probed", "crowd.test",
         {"verdict": "temperror",
          "hosts": lambda hosts: list(hosts.values()).count("connect-failed") == 8}),
    Case("a policy read with leniency", "lenient.test", {**FOUND, "hosts": {MX: "ok"}}),
    Case("STS-3.2-08 STS-3.2-09 a max_age above the ceiling is clamped", "ages.test",
         {**FOUND, "max_age": 31557600}),
    Case("probe.enabled = false ends at the match", "good.test",
         {"verdict": "pass", "hosts": {"mx.good.test": "not-probed",
                                       "mx2.good.test": "not-probed"}},
         conf={"probe": {"enabled": False}}),
    Case("STS-3.3-05 STS-3.3-01 without ca_file the lab's root is unknown", "good.test",
         unchecked("sts-webpki-invalid"), conf={"https": {"ca_file": None}}),
]


def build(lab):
    world.build(lab)
    build_records(lab)
    build_hosts(lab)
    build_policy_hosts(lab)
    build_mx_sets(lab)


def build_records(lab):
    for _, name, records, _ in RECORDS:
        domain = name + ".record.test"
        lab.domain(domain, mx=[MX], patterns=(), txt=None)
        for strings in records:
            lab.zone.add("_mta-sts." + domain, "TXT", [s.encode("latin-1") for s in strings])
        lab.policy_host(domain, reply(policy(mx=[MX])))


def build_policy_hosts(lab):
    """Domains with the good MX whose record or policy host is special."""
    good = reply(policy(mx=[MX]))
    alias = lambda name, target: lab.zone.add(name, "CNAME", target)

    lab.domain("chain.test", mx=[MX], patterns=(), txt=None)
    alias("_mta-sts.chain.test", "one.chain.test")
    alias("one.chain.test", "two.good.test")
    lab.zone.add("two.good.test", "TXT", [b"v=STSv1; id=chained;"])
    lab.policy_host("chain.test", good)

    lab.domain("loop.test", mx=[MX], patterns=(), txt=None)
    alias("_mta-sts.loop.test", "loop2.test")
    alias("loop2.test", "_mta-sts.loop.test")

    alias("alias.test", "good.test")
    lab.domain("alias.test", patterns=[MX], txt="v=STSv1; id=alias;")

    for domain, name in (("delegated.test", "mta-sts.delegated.test"),
                         ("provided.test", "mta-sts.provider.test")):
        lab.domain(domain, mx=[MX], patterns=())
        address = lab.policy_host(domain, good, named(name)).address
        lab.zone.clear("mta-sts." + domain, "A")
        alias("mta-sts." + domain, "host." + domain)
        lab.zone.add("host." + domain, "A", address)

    for domain in ("six.test", "twoaddresses.test", "nohost.test", "refused.test",
                   "deaf.test", "hosts.test"):
        lab.domain(domain, mx=[MX], patterns=())
    lab.policy_host("six.test", good, address=NET6)
    lab.absent("mta-sts.twoaddresses.test", POLICY_NET)
    lab.policy_host("twoaddresses.test", good)
    lab.absent("mta-sts.refused.test", POLICY_NET)
    lab.deaf("mta-sts.deaf.test", 443, POLICY_NET)

    lab.domain("request.test", mx=[MX], patterns=())
    lab.policy_host("request.test", good)
    lab.domain("lenient.test", mx=[MX], patterns=())
    lab.publish("lenient.test", b"\xef\xbb\xbfversion: STSv1\n\n  mode: enforce\n"
                b"mx: mx.good.test.\nmx: mx_2.good.test\nmax_age: 86400\n\n")
    lab.domain("ages.test", mx=[MX], max_age=9999999999)


def build_hosts(lab):
    """MX hosts that are good and stand in an unusual place."""
    for name in ("implicit.test", "implicit2.test", "mx." + IDN, "mx.case.test",
                 "deep.mx.wild2.test", "mx.wild.test"):
        lab.mx_host(name)
    lab.mx_host("mx.mxsix.test", address=NET6)
    for domain in ("cnamed.test", "cnamed2.test"):
        address = lab.mx_host("mx." + domain).address
        lab.zone.clear("mx." + domain, "A")
        lab.zone.add("mx." + domain, "CNAME", "host." + domain)
        lab.zone.add("host." + domain, "A", address)
    for number in range(12):
        lab.absent(f"mx{number}.crowd.test")


def build_mx_sets(lab):
    """Domains with a well-behaved policy host whose MX records are special."""
    lab.domain("testing.test", mx=[MX], patterns=["mx.testing.test"], mode="testing")
    lab.domain("none.test", mx=["mx.downgraded.test"], patterns=(), mode="none")
    lab.domain(IDN, mx=["mx." + IDN])
    lab.domain("nullmx.test", patterns=[MX])
    lab.zone.add("nullmx.test", "MX", (0, ""))
    lab.domain("halfnull.test", mx=[MX])
    lab.zone.add("halfnull.test", "MX", (0, ""))
    lab.domain("implicit.test", patterns=["implicit.test"])
    lab.domain("implicit2.test", patterns=["*.implicit2.test"])
    lab.domain("wild.test", mx=["mx.wild.test"], patterns=["*.wild.test"])
    lab.domain("wild2.test", mx=["deep.mx.wild2.test"], patterns=["*.wild2.test"])
    lab.domain("case.test", mx=["MX.Case.TEST"], patterns=["mx.case.test"])
    lab.domain("cnamed.test", mx=["mx.cnamed.test"])
    lab.domain("cnamed2.test", mx=["mx.cnamed2.test"], patterns=["host.cnamed2.test"])
    lab.domain("second.test", mx=["mx.attacker.test", MX], patterns=[MX])
    lab.domain("second2.test", mx=["mx.downgraded.test", MX])
    lab.domain("mxsix.test", mx=["mx.mxsix.test"])
    lab.domain("mxnone.test", mx=["mx.mxnone.test"])
    lab.domain("crowd.test", mx=[f"mx{number}.crowd.test" for number in range(12)])


if __name__ == "__main__":
    main(build, CASES)
