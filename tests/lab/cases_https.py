#!/usr/bin/python3 -B
"""Policy hosts: what they may answer, over what TLS, with what certificate."""

import gzip

import listen
import tls
import world
from https_server import (PLAIN, chunked, drip, drip_headers, endless, endless_headers,
                          policy, raw, reply, until_close)
from pki import Certificate, filled, named
from tap import Case, ask, count, gets, main, one_of, same, scenario

MX = "mx.good.test"
POLICY = policy(mx=[MX])
GOOD = reply(POLICY)
IMPATIENT = {"https": {"timeout": "4s"}}

FOUND = "policy"
FETCH = "sts-policy-fetch-error"
INVALID = "sts-policy-invalid"
WEBPKI = "sts-webpki-invalid"
FAILURES = (FETCH, INVALID, WEBPKI)


def sized(size):
    """A valid policy of so many octets."""
    filler = size - len(POLICY)
    lines, rest = divmod(filler, 80)
    pad = b"".join(b"x: " + b"y" * (length - 5) + b"\r\n"
                   for length in [80] * (lines - 1) + [80 + rest])
    return POLICY + pad


# (ids and title, answer, reason)
ANSWERS = (
    *((f"STS-3.3-07 redirect {status} is not followed",
       reply(POLICY, status, headers=[("Location", "https://mta-sts.good.test/"
                                       ".well-known/mta-sts.txt")]), FETCH)
      for status in (301, 302, 303, 307, 308)),
    *((f"STS-3.3-06 status {status} is no policy", reply(POLICY, status), FETCH)
      for status in (201, 202, 203, 206, 400, 404, 410, 500, 503)),
    *((f"STS-3.3-06 status {status} is no policy", reply(b"", status), FETCH)
      for status in (204, 304)),
    ("STS-3.2-02 type in odd case", reply(POLICY, content_type="Text/Plain; Charset=UTF-8"),
     FOUND),
    ("STS-3.2-02 type without charset", reply(POLICY, content_type="text/plain"), FOUND),
    ("STS-3.2-03 other parameters", reply(
        POLICY, content_type="text/plain; charset=iso-8859-1; format=flowed; x=y"), FOUND),
    ("STS-3.2-02 A-10 text/html", reply(POLICY, content_type="text/html"), INVALID),
    ("STS-3.2-02 A-10 text/plainer", reply(POLICY, content_type="text/plainer"), INVALID),
    ("STS-3.2-02 A-10 no type", reply(POLICY, content_type=None), INVALID),
    ("STS-3.2-02 A-10 octets", reply(POLICY, content_type="application/octet-stream"),
     INVALID),
    ("STS-3.3-12 A-20 65536 octets", reply(sized(65536)), FOUND),
    ("STS-3.3-12 A-20 65537 octets", reply(sized(65537)), FETCH),
    ("STS-3.3-12 65536 octets in chunks", chunked(sized(65536)), FOUND),
    ("STS-3.3-12 65537 octets in chunks", chunked(sized(65537)), FETCH),
    ("STS-3.3-12 chunks without end", endless(), FETCH),
    ("STS-3.3-12 A-20 gzip is not decoded", reply(
        gzip.compress(POLICY), headers=[("Content-Encoding", "gzip")]),
     one_of(FETCH, INVALID)),
    ("STS-3.3-12 gzip bomb", reply(
        gzip.compress(POLICY + b"\n" * (32 << 20)), headers=[("Content-Encoding", "gzip")]),
     one_of(FETCH, INVALID)),
    ("a body that ends with the connection", until_close(POLICY), FOUND),
    ("a body in chunks", chunked(POLICY), FOUND),
    ("a body shorter than promised", reply(POLICY, length=100), FETCH),
    ("a body longer than promised is cut", reply(POLICY, length=-2), FOUND),
    ("STS-3.3-11 one octet a second", drip(POLICY), FETCH),
    ("STS-3.3-11 headers, one octet a second", drip_headers(), FETCH),
    ("STS-3.3-11 silence after the headers", drip(POLICY, pause=30), FETCH),
    ("headers without end", endless_headers(), FETCH),
    ("20 KiB of headers", reply(POLICY, headers=[("X-Big", "y" * 1000)] * 20), FETCH),
    ("8 KiB of headers", reply(POLICY, headers=[("X-Big", "y" * 1000)] * 8), FOUND),
    ("garbage for HTTP", raw(b"\x00\x1b[2J garbage\r\n\r\n" * 40), FETCH),
    ("HTTP/0.9", raw(POLICY), FETCH),
    ("nothing for an answer", raw(b""), FETCH),
    ("an empty body", reply(b""), INVALID),
    ("STS-3.3-13 a body that is no policy", reply(b"<html>\x1b[31m\xff\x00</html>"), INVALID),
    ("STS-3.2-10 no mx", reply(policy(mx=[])), INVALID),
    ("STS-3.2-07 an unknown mode", reply(policy(mode="Enforce", mx=[MX])), INVALID),
    ("STS-3.2-13 a U-label pattern", reply(policy(mx=["mx.b\u00fccher.test"])), INVALID),
    ("STS-3.3-08 headers of HTTP caches", reply(POLICY, headers=[
        ("Cache-Control", "no-store, max-age=0"), ("Expires", "0"), ("ETag", '"x"')]), FOUND),
    ("early 100 and 103 answers", raw(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nX: y\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Type: " + PLAIN.encode() + b"\r\nContent-Length: %d\r\n\r\n%s"
        % (len(POLICY), POLICY)), FOUND),
    ("a cookie is no matter", reply(POLICY, headers=[("Set-Cookie", "a=b")]), FOUND),
)

# What a policy host may do before there is HTTP: (title, PolicyHost's fields, reason)
ODD_HOSTS = (
    ("silence after accepting", {"instead_of_tls": listen.silence}, FETCH),
    ("closed after accepting", {"instead_of_tls": listen.close}, FETCH),
    ("reset after accepting", {"instead_of_tls": listen.reset}, FETCH),
    ("garbage for TLS", {"instead_of_tls": listen.say(b"\x00\x1b\xff" * 400)}, FETCH),
    ("HTTP without TLS", {"instead_of_tls": listen.say(
        b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n" + POLICY)}, FETCH),
    ("one octet a second for TLS", {"instead_of_tls": listen.drip(b"\x16\x03\x03" * 60)},
     FETCH),
    ("octets without end for TLS", {"instead_of_tls": listen.endless(b"\x1b\xff" * 500)},
     FETCH),
    ("silence inside TLS", {"instead_of_http": listen.silence}, FETCH),
    ("closed inside TLS", {"instead_of_http": listen.close}, FETCH),
    ("STS-7.2-02 TLS 1.1", {"versions": (tls.V11, tls.V11)}, one_of(FETCH, WEBPKI)),
    ("STS-7.2-01 TLS 1.2", {"versions": (tls.V12, tls.V12)}, FOUND),
    ("STS-7.2-01 TLS 1.3", {"versions": (tls.V13, tls.V13)}, FOUND),
)

# Certificates for the policy host HOST of DOMAIN: (ids and title, Certificate, reason)
OTHER = "mta-sts.good.test"
CERTIFICATES = (
    ("STS-3.3-01 self-signed", named("HOST", issuer="self"), WEBPKI),
    ("STS-3.3-01 unknown authority", named("HOST", issuer="unknown"), WEBPKI),
    ("STS-3.3-01 intermediate not sent", named("HOST", send=False), WEBPKI),
    ("STS-3.3-01 expired", named("HOST", dates="expired"), WEBPKI),
    ("STS-3.3-01 not yet valid", named("HOST", dates="future"), WEBPKI),
    ("STS-3.3-01 intermediate expired", named("HOST", issuer="old"), WEBPKI),
    ("STS-3.3-01 for clients", named("HOST", usage="clientAuth"), WEBPKI),
    ("STS-3.3-01 issued by the root itself", named("HOST", issuer="root"), FOUND),
    ("STS-3.3-01 another name", named(OTHER), WEBPKI),
    ("STS-3.3-02 PKX-04 CN alone", Certificate(cn="HOST"), WEBPKI),
    ("STS-3.3-02 PKX-04 CN, and another SAN", named(OTHER, cn="HOST"), WEBPKI),
    ("STS-3.3-02 CN, and an e-mail SAN", Certificate(
        cn="HOST", others=(("email", "postmaster@HOST"),)), WEBPKI),
    ("STS-3.3-02 CN, and an address SAN", Certificate(
        cn="HOST", others=(("ip", "192.0.2.1"),)), WEBPKI),
    ("STS-3.3-02 CN, and a URI SAN", Certificate(
        cn="HOST", others=(("uri", "https://HOST/"),)), WEBPKI),
    ("STS-3.3-02 the second SAN", named(OTHER, "HOST"), FOUND),
    ("PKX-01 a SAN in upper case", named("MTA-STS.DOMAIN"), FOUND),
    ("STS-3.3-03 wildcard", named("*.DOMAIN"), FOUND),
    ("STS-3.3-03 PKX-03 part of a label", named("mta-*.DOMAIN"), WEBPKI),
    ("STS-3.3-03 PKX-03 part of a label at the front", named("*-sts.DOMAIN"), WEBPKI),
    ("STS-3.3-03 PKX-03 wildcard for two labels", named("*.certificate.test"), WEBPKI),
    ("STS-3.3-03 PKX-03 two wildcards", named("*.*.certificate.test"), WEBPKI),
    ("STS-3.3-03 PKX-03 wildcard below the name", named("*.HOST"), WEBPKI),
    ("STS-3.3-03 PKX-03 wildcard in the middle", named("mta-sts.*.certificate.test"), WEBPKI),
    ("STS-3.3-03 a lone wildcard", named("*"), WEBPKI),
    ("PKX-03 a bad wildcard and a good name", named("mta-*.DOMAIN", "HOST"), FOUND),
    ("PKX-05 trailing dot", named("HOST."), WEBPKI),
    ("PKX-05 NUL in the SAN", named("HOST\0.evil.test"), WEBPKI),
    ("PKX-05 8-bit SAN", named("HOST\xe9"), WEBPKI),
    ("PKX-05 empty label", named("mta-sts..DOMAIN"), WEBPKI),
)


def fields(kind, value, domain):
    """What makes the policy host of a row of one of the tables."""
    if kind == "answer":
        return {"answer": value}
    if kind == "host":
        return {"answer": GOOD, **value}
    return {"answer": GOOD, "certificate": filled(value, "mta-sts", domain)}


TABLES = {"answer": ANSWERS, "host": ODD_HOSTS, "certificate": CERTIFICATES}

# (domain, title, what makes its policy host, reason)
HOSTS = [(domain, title, fields(kind, value, domain), reason)
         for kind, rows in TABLES.items()
         for number, (title, value, reason) in enumerate(rows)
         for domain in [f"{kind[0]}{number}.{kind}.test"]]


def case(domain, title, host, reason):
    """A policy that is found makes a pass, any other no policy at all.  There is
    one connection, and the policy host's own name in it."""
    seen = [count(1, server="https", event="connect")]
    if "instead_of_tls" not in host and host.get("versions") != (tls.V11, tls.V11):
        seen.append(count(1, event="hello", sni="mta-sts." + domain))
    if set(host) == {"answer"}:
        seen.append(gets(1))
    return Case(f"{title}: {'policy' if reason == FOUND else 'no policy'}", domain,
                {"verdict": "pass" if reason == FOUND else "none", "reason": reason},
                tuple(seen), IMPATIENT)


@scenario("STS-3.3-11 one octet a second ends within the default bound of 60 s")
def bounded(lab):
    """The default time-out is 60 s; nothing here may take longer."""
    mark = lab.record.mark()
    answer = ask(lab, "check", "patience.test", code=0, limit=75)
    same("reason", answer["reason"], FETCH)
    same("requests", len(lab.record.read(mark, host="mta-sts.patience.test",
                                         event="request")), 1)


CASES = [bounded] + [case(*row) for row in HOSTS]


def build(lab):
    world.build(lab)
    for domain, _, host, _ in [*HOSTS, ("patience.test", "", {"answer": drip(POLICY)}, "")]:
        lab.domain(domain, mx=[MX], patterns=())
        lab.policy_host(domain, **host)


if __name__ == "__main__":
    main(build, CASES)
