#!/usr/bin/python3 -B
"""Name servers and policy hosts that die, hang or lie while a policy is cached: it
stays in force.  What becomes of them where nothing is cached is shown by the lab, from
which the lies are."""

from load import Cache, FaultLab

# pylint: disable=wrong-import-order
import cases_dns
import cases_https
import daemons
import dns_server as dns
from tap import main, need, one_of, same, scenario
import world

MX = "mx.good.test"
BROKEN = {"dns": {"servers": [daemons.BROKEN_DNS], "timeout": "1s"},
          "https": {"timeout": "4s"}, "probe": {"ttl": "0s"}}
IN_FORCE = {"mode": "enforce", "source": "cache", "id": "1"}


def forged(reply, _udp):
    """A hundred answers that nobody asked for, then the right one: other ids, other
    questions, and each says that there is no such name."""
    denial = dns.dnslib.DNSRecord.parse(dns.bare(reply, rcode=dns.RCODE.NXDOMAIN))
    lies = []
    for number in range(50):
        denial.header.id = (reply.header.id + 1 + number * 257) & 0xffff
        denial.questions[0].qname = reply.questions[0].qname
        lies.append(denial.pack())
        denial.header.id = reply.header.id
        denial.questions[0].qname = dns.dnslib.DNSLabel(f"l{number}.test")
        lies.append(denial.pack())
    return [*lies, reply.pack()]


def full_of(octets):
    """An answer of 64 kB over TCP that has a right header and question."""
    def answer(reply, _udp):
        head = dns.bare(reply)
        return (head + octets * 65535)[:65535]
    return dns.truncated(answer)


def chained(reply, _udp):
    """Names that point forth and back: each is the next one's."""
    head = bytearray(dns.bare(reply))
    head[6:8] = b"\0\x40"
    records = b"".join(bytes([0xc0 | at >> 8, at & 0xff]) + b"\0\x10\0\1\0\0\0\0\0\2"
                       + bytes([0xc0 | at >> 8, at & 0xff])
                       for at in range(len(head), len(head) + 64 * 14, 14))
    return bytes(head) + records


LIES = (
    *((title, behaviour) for title, behaviour, usable in cases_dns.BEHAVIOURS if not usable),
    ("64 kB of zeros", full_of(b"\0")),
    ("64 kB of pointers", full_of(b"\xc0\x0c")),
    ("names that point at each other", chained),
)


class Victim:
    """A domain below broken.test with a policy at nginx."""

    def __init__(self, lab, label):
        self.zone = lab.zone
        self.domain = label + ".broken.test"
        self.mx = "mx." + self.domain
        lab.mx_host(self.mx)
        lab.domain(self.domain, mx=[self.mx], ttl=0)

    def questions(self):
        return (("_mta-sts." + self.domain, "TXT"), (self.domain, "MX"), (self.mx, "A"),
                (self.mx, "AAAA"), ("mta-sts." + self.domain, "A"),
                ("mta-sts." + self.domain, "AAAA"))

    def lie(self, behaviour, questions):
        for name, rtype in questions:
            self.zone.misbehave(name, rtype, behaviour)


def expect(answer, **wanted):
    for key, value in {**IN_FORCE, **wanted}.items():
        same(key, answer[key], value)


def lie_about_the_record(number, title, behaviour):
    @scenario(f"DNS, {title}: the record is not known, the cached policy is in force")
    def case(lab):
        victim = lab.victims[f"r{number}"]
        cache = Cache(lab, BROKEN).warm(victim.domain)
        victim.lie(behaviour, victim.questions()[:1])
        expect(cache.ask("check", victim.domain), verdict="pass",
               reason="dns-temperror", hosts={victim.mx: "ok"})
    return f"r{number}", case


def lie_about_everything(number, title, behaviour):
    @scenario(f"DNS, {title} for every question: the policy is in force, mail waits")
    def case(lab):
        victim = lab.victims[f"e{number}"]
        cache = Cache(lab, BROKEN).warm(victim.domain)
        victim.lie(behaviour, victim.questions())
        expect(cache.ask("check", victim.domain), verdict="temperror",
               reason="dns-temperror", code=3)
    return f"e{number}", case


@scenario("DNS, a hundred forged answers before the right one are not taken for it")
def spoofed(lab):
    victim = lab.victims["spoofed"]
    cache = Cache(lab, BROKEN)
    victim.lie(forged, victim.questions())
    answer = cache.ask("check", victim.domain)
    expect(answer, verdict="pass", reason="policy", source="network")
    expect(cache.ask("check", victim.domain), verdict="pass", reason="policy")


@scenario("DNS, an answer from another address is not taken for the server's")
def stranger(lab):
    victim = lab.victims["stranger"]
    cache = Cache(lab, BROKEN).warm(victim.domain)
    victim.lie(dns.from_stranger(dns.status("NXDOMAIN")), victim.questions())
    expect(cache.ask("check", victim.domain), verdict="temperror",
           reason="dns-temperror", code=3)


def lie_by_https(label, title):
    """A new id promises another policy, which cannot be had in this way."""
    @scenario(f"HTTPS, {title}: the cached policy is in force")
    def case(lab):
        owner = lab.hosts[label]
        cache = Cache(lab).warm(owner.domain)
        owner.record("v=STSv1; id=two;")
        vars(owner.web).update(lab.lies[label])
        expect(cache.ask("check", owner.domain), verdict="pass", id="one",
               reason=one_of(*cases_https.FAILURES))
    return case


HTTPS = [(title, {"answer": value}) for title, value, reason in cases_https.ANSWERS
         if reason != cases_https.FOUND]
HTTPS += [(title, value) for title, value, reason in cases_https.ODD_HOSTS
          if reason != cases_https.FOUND]
HTTPS += [(title, {"certificate": value}) for title, value, reason
          in cases_https.CERTIFICATES if reason != cases_https.FOUND]

RECORD = [lie_about_the_record(number, *lie) for number, lie in enumerate(LIES)]
EVERYTHING = [lie_about_everything(number, *lie) for number, lie in enumerate(LIES)]
LIARS = {f"h{number}": host for number, (_, host) in enumerate(HTTPS)}
ANSWERS = [lie_by_https(label, title) for label, (title, _) in zip(LIARS, HTTPS)]
CASES = [spoofed, stranger, *(case for _, case in RECORD + EVERYTHING), *ANSWERS]


def build(lab):
    world.build(lab)
    lab.victims = {label: Victim(lab, label)
                   for label in ("spoofed", "stranger",
                                 *(label for label, _ in RECORD + EVERYTHING))}
    lab.hosts = {label: lab.owner(f"{label}.live.test") for label in LIARS}
    lab.lies = {label: lie(lab, label, host) for label, host in LIARS.items()}


def lie(lab, label, host):
    """The changed fields of a policy host."""
    if "certificate" not in host:
        return host
    certificate = cases_https.filled(host["certificate"], "mta-sts", f"{label}.live.test")
    return {"certificate": lab.pki.file(certificate)}


if __name__ == "__main__":
    main(build, CASES, FaultLab)
