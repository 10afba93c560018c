#!/usr/bin/python3 -B
"""MX hosts: what they may say, over what TLS, with what certificate."""

import listen
import tls
import world
from pki import Certificate, filled, named
from tap import Case, count, main, need, one_of

GARBAGE = bytes(range(256)) * 4 + b"\x1b]0;title\x07\r\n"

# What a result means for the verdict: (verdict, enhanced code).
MEANING = {
    "ok": ("pass", None),
    "connect-failed": ("temperror", "4.4.1"),
    "starttls-not-supported": ("fail", "4.7.10"),
    "certificate-host-mismatch": ("fail", "4.7.5"),
    "certificate-expired": ("fail", "4.7.5"),
    "certificate-not-trusted": ("fail", "4.7.5"),
    "validation-failure": ("fail", one_of("4.7.0", "4.7.5", "4.7.6", "4.7.10")),
}
REFUSED = ("validation-failure", "4.7.10")
NOT_SMTP = "validation-failure"
EITHER = one_of("connect-failed", "validation-failure")
NO_VERSION = ("validation-failure", "4.7.6")
DOWN = "connect-failed"
TRUST = "certificate-not-trusted"
MISMATCH = "certificate-host-mismatch"


def at(stage, handler):
    return {"stages": {stage: handler}}


def lines(number):
    """An EHLO answer of so many lines."""
    more = b"".join(b"250-X-LINE-%d\r\n" % line for line in range(number - 1))
    return more + b"250 STARTTLS\r\n"


# (ids and title, MxHost's fields, result or (result, enhanced code))
HOSTS = (
    ("a good host", {}, "ok"),
    ("STARTTLS in lower case", {"extensions": ("starttls",)}, "ok"),
    ("a greeting of several lines", {"banner": b"220-mx\r\n220-good day\r\n220 mx\r\n"}, "ok"),
    ("64 EHLO lines", {"ehlo": lines(64)}, "ok"),
    ("RPT-4.3-01 STS-5-03 no STARTTLS", {"extensions": world.NO_STARTTLS},
     "starttls-not-supported"),
    ("RPT-4.3-01 STARTTLS as part of another word", {"extensions": ("XSTARTTLS", "STARTTLSX")},
     "starttls-not-supported"),
    ("RPT-4.3-01 EHLO refused, HELO taken", {"ehlo": b"502 5.5.1 what?\r\n"},
     "starttls-not-supported"),
    ("STS-5-04 454 to STARTTLS", {"starttls": b"454 4.7.0 TLS not available\r\n"}, REFUSED),
    ("STS-5-04 502 to STARTTLS", {"starttls": b"502 5.5.1 no\r\n"}, REFUSED),
    ("STS-5-04 554 to STARTTLS", {"starttls": b"554 5.7.0 no\r\n"}, REFUSED),
    ("STS-5-04 250 to STARTTLS", {"starttls": b"250 2.0.0 fine\r\n"}, REFUSED),
    ("STS-5-04 garbage to STARTTLS", at("starttls", listen.say(GARBAGE)), NOT_SMTP),
    ("an answer without end to STARTTLS", at(
        "starttls", listen.endless(b"220-and more\r\n")), NOT_SMTP),
    ("one octet a second to STARTTLS", at("starttls", listen.drip(b"220-" + b"x" * 400)),
     DOWN),
    ("silence to STARTTLS", at("starttls", listen.silence), DOWN),
    ("closed at STARTTLS", at("starttls", listen.close),
     EITHER),
    ("STS-5-04 garbage for a handshake", at("tls", listen.say(GARBAGE)), NOT_SMTP),
    ("octets without end for a handshake", at("tls", listen.endless(GARBAGE)), NOT_SMTP),
    ("STS-5-04 closed at the handshake", at("tls", listen.close),
     EITHER),
    ("silence at the handshake", at("tls", listen.silence), DOWN),
    ("one octet a second at the handshake", at("tls", listen.drip(b"\x16\x03\x03" * 60)),
     EITHER),
    ("silence inside TLS", at("secure", listen.silence), "ok"),
    ("octets without end inside TLS", at("secure", listen.endless(b"220-and more\r\n")), "ok"),
    ("closed inside TLS", at("secure", listen.close), "ok"),
    ("SMT-04 words slipped in before the handshake", {
        "starttls": b"220 2.0.0 Go ahead\r\n250-mx\r\n250 AUTH PLAIN\r\n"},
     one_of("ok", "validation-failure")),
    ("a 421 greeting", {"banner": b"421 4.3.2 not now\r\n"}, DOWN),
    ("a 450 greeting", {"banner": b"450 4.7.1 later\r\n"}, DOWN),
    ("a 554 greeting", {"banner": b"554 5.7.1 go away\r\n"},
     EITHER),
    ("421 to EHLO", {"ehlo": b"421 4.3.2 not now\r\n"}, DOWN),
    ("silence for a greeting", at("banner", listen.silence), DOWN),
    ("closed at once", at("banner", listen.close), DOWN),
    ("reset at once", at("banner", listen.reset), DOWN),
    ("one octet a second for a greeting", at("banner", listen.drip(b"220-" + b"x" * 400)),
     DOWN),
    ("a garbage greeting", at("banner", listen.say(GARBAGE)), NOT_SMTP),
    ("a greeting without end", at("banner", listen.endless(b"220-and more\r\n")), NOT_SMTP),
    ("a greeting line without end", at("banner", listen.endless(b"x" * 1000)), NOT_SMTP),
    ("an HTTP server", at("banner", listen.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")), NOT_SMTP),
    ("silence to EHLO", at("ehlo", listen.silence), DOWN),
    ("one octet a second to EHLO", at("ehlo", listen.drip(b"250-" + b"x" * 400)), DOWN),
    ("closed at EHLO", at("ehlo", listen.close), DOWN),
    ("garbage to EHLO", at("ehlo", listen.say(GARBAGE)), NOT_SMTP),
    ("EHLO lines without end", at("ehlo", listen.endless(b"250-and more\r\n")), NOT_SMTP),
    ("200 EHLO lines", {"ehlo": lines(200)}, NOT_SMTP),
    ("an EHLO line of 100 kB", {"ehlo": b"250-" + b"x" * 100000 + b"\r\n250 STARTTLS\r\n"},
     NOT_SMTP),
    ("ESC sequences in the answers", {
        "banner": b"220 \x1b[31mred\x1b[0m \xff\r\n",
        "starttls": b"554 5.7.0 \x1b]0;title\x07\x9b31m\r\n"}, REFUSED),
    ("STS-7.2-02 TLS 1.1", {"versions": (tls.V11, tls.V11)}, NO_VERSION),
    ("STS-7.2-01 TLS 1.2", {"versions": (tls.V12, tls.V12)}, "ok"),
    ("STS-7.2-01 TLS 1.3", {"versions": (tls.V13, tls.V13)}, "ok"),
)

# Certificates for the MX host HOST of DOMAIN: (ids and title, Certificate, result)
CERTIFICATES = (
    ("STS-4.2-02 self-signed", named("HOST", issuer="self"), TRUST),
    ("STS-4.2-02 unknown authority", named("HOST", issuer="unknown"), TRUST),
    ("STS-4.2-02 intermediate not sent", named("HOST", send=False), TRUST),
    ("STS-4.2-02 for clients", named("HOST", usage="clientAuth"), TRUST),
    ("STS-4.2-01 RPT-4.3-03 expired", named("HOST", dates="expired"), "certificate-expired"),
    ("STS-4.2-01 intermediate expired", named("HOST", issuer="old"), "certificate-expired"),
    ("STS-4.2-01 A-13 not yet valid", named("HOST", dates="future"), TRUST),
    ("STS-4.2-03 RPT-4.3-02 another name", named("mx.good.test"), MISMATCH),
    ("STS-4.2-03 PKX-04 CN alone", Certificate(cn="HOST"), MISMATCH),
    ("STS-4.2-03 PKX-04 CN, and another SAN", named("mx.good.test", cn="HOST"), MISMATCH),
    ("STS-4.2-03 CN, and an e-mail SAN", Certificate(
        cn="HOST", others=(("email", "postmaster@HOST"),)), MISMATCH),
    ("STS-4.2-03 address SAN alone", Certificate(
        cn="lab", others=(("ip", "203.0.113.1"),)), MISMATCH),
    ("STS-4.2-04 the domain's name alone", named("DOMAIN"), MISMATCH),
    ("STS-4.2-04 the policy host's name alone", named("mta-sts.DOMAIN"), MISMATCH),
    ("STS-4.2-03 PKX-01 the second SAN, in upper case", named("DOMAIN", "MX.DOMAIN"), "ok"),
    ("STS-4.2-06 wildcard", named("*.DOMAIN"), "ok"),
    ("STS-4.2-06 wildcard for two labels", named("*.certificate.test"), MISMATCH),
    ("STS-4.2-06 PKX-03 part of a label", named("m*.DOMAIN"), MISMATCH),
    ("STS-4.2-06 PKX-03 two wildcards", named("*.*.certificate.test"), MISMATCH),
    ("PKX-03 a bad wildcard and a good name", named("m*.DOMAIN", "HOST"), "ok"),
    ("PKX-05 trailing dot", named("HOST."), MISMATCH),
    ("PKX-05 NUL in the SAN", named("HOST\0.evil.test"), MISMATCH),
)


# (domain, ids and title, MxHost's fields, result)
ROWS = [(f"h{number}.host.test", title, fields, result)
        for number, (title, fields, result) in enumerate(HOSTS)]
ROWS += [(f"c{number}.certificate.test", title,
          {"certificate": filled(spec, "mx", f"c{number}.certificate.test")}, result)
         for number, (title, spec, result) in enumerate(CERTIFICATES)]


def in_clear(events):
    """After STARTTLS nothing but QUIT is said in clear, whatever came of it."""
    said = [event["line"] for event in events
            if event["event"] == "command" and not event["tls"]]
    after = said[said.index("STARTTLS") + 1:] if "STARTTLS" in said else []
    need(set(after) <= {"QUIT"}, f"said in clear after STARTTLS: {after}")
    need(not any(line.startswith("MAIL") for line in said), f"mail is begun: {said}")


def own_name(domain):
    """The host's own name in every handshake."""
    def look(events):
        names = {event["sni"] for event in events if event["event"] == "hello"
                 and event["server"] == "smtp"}
        need(names <= {"mx." + domain}, f"SNI is {names}")
    return look


def expectation(domain, result):
    """What the answer is for a result, (result, enhanced code) or a choice of results."""
    result, code = result if isinstance(result, tuple) else (result, None)
    results = result if isinstance(result, frozenset) else {result}
    expect = {"mode": "enforce", "reason": "policy",
              "hosts": lambda hosts: hosts.keys() == {"mx." + domain}
              and hosts["mx." + domain] in results}
    if len(results) == 1:
        verdict, usual = MEANING[result]
        expect |= {"verdict": verdict, "enhanced_code": code or usual}
    return expect


def title_of(title, result):
    result = result[0] if isinstance(result, tuple) else result
    results = sorted(result) if isinstance(result, frozenset) else [result]
    return f"{title}: {' or '.join(results)}"


CASES = [Case(title_of(title, result), domain, expectation(domain, result),
              (in_clear, own_name(domain)))
         for domain, title, _, result in ROWS] + [
    Case("a host that refuses connections: connect-failed", "refused.test",
         {"verdict": "temperror", "hosts": {"mx.refused.test": DOWN}}),
    Case("a host that answers no SYN: connect-failed", "deaf.test",
         {"verdict": "temperror", "hosts": {"mx.deaf.test": DOWN}}),
    Case("all addresses of a host are tried", "two.test",
         {"verdict": "pass", "hosts": {"mx.two.test": "ok"}}),
    Case("the probe says the name it is given", "helo.test", {"verdict": "pass"},
         (count(1, event="command", line="EHLO sender.test", tls=False),
          count(1, event="command", line="QUIT", tls=True))),
    Case("a host down and a host bad: not yet a failure", "mixed.test",
         {"verdict": "temperror", "hosts": {"mx.refused.test": DOWN,
                                            "mx.downgraded.test": "starttls-not-supported"}}),
]


def build(lab):
    world.build(lab)
    for domain, _, fields, _ in ROWS:
        lab.mx_host("mx." + domain, **fields)
        lab.domain(domain, mx=["mx." + domain])
    lab.absent("mx.refused.test")
    lab.deaf("mx.deaf.test", 25)
    lab.absent("mx.two.test")
    lab.mx_host("mx.two.test")
    lab.mx_host("mx.helo.test")
    for name in ("refused.test", "deaf.test", "two.test", "helo.test"):
        lab.domain(name, mx=["mx." + name])
    lab.domain("mixed.test", mx=["mx.refused.test", "mx.downgraded.test"])


if __name__ == "__main__":
    main(build, CASES)
