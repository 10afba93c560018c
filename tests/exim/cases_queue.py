#!/usr/bin/python3 -B
"""What one delivery does to another, and what Exim decides before any policy:
shared hosts, retry data, the loop rule, hosts of no domain, DANE, many at once."""

import hashlib
import ssl

from adapter import EximLab, download_debs
from exim import BOUNCED, DEFERRED, DELIVERED
from expect import deliver, expect, told

# pylint: disable=wrong-import-order
from namespace import own
from pki import Certificate, named
from tap import main, one_of, same, scenario
import world

SHARED, WEAK = "mx.shared.test", "mx.weak.test"
OTHER = "mx.elsewhere.test"
US = "192.0.2.1"                # an address of the machine's own
PRIVATE = "10.9.0."

# Domains on the shared hosts: (domain, host, patterns or None, mode)
TENANTS = (
    ("listed.shared.test", SHARED, (SHARED,), "enforce"),
    ("unlisted.shared.test", SHARED, (OTHER,), "enforce"),
    ("testing.shared.test", SHARED, (OTHER,), "testing"),
    ("plain.shared.test", SHARED, None, None),
    ("plain2.shared.test", SHARED, None, None),
    ("listed.weak.test", WEAK, (WEAK,), "enforce"),
    ("testing.weak.test", WEAK, (WEAK,), "testing"),
    ("plain.weak.test", WEAK, None, None),
)
KINDS = {"plain": {"txt": None, "patterns": ()},
         "enforce": {"mode": "enforce"},
         "testing": {"mode": "testing"}}

BULK_DOMAINS, BULK_MESSAGES, BULK_PROCESSES = 20, 200, 20
BULK = [f"b{number}.bulk.test" for number in range(BULK_DOMAINS)]


def settle_tenants(lab):
    lab.mx_host(SHARED)
    lab.mx_host(WEAK, certificate=named(WEAK, issuer="self"))
    for domain, host, patterns, mode in TENANTS:
        lab.domain(domain, [host], patterns=patterns or (), txt="v=STSv1; id=1;" if mode else None,
                   **({"mode": mode} if mode else {}))


def user(name):
    return f"user@{name}.test"


QUEUE_RUNS = (
    ("listed.shared", "unlisted.shared", "plain.shared"),
    ("unlisted.shared", "listed.shared", "testing.shared"),
    ("plain.shared", "unlisted.shared", "listed.shared"),
)
FATES = {"unlisted.shared": DEFERRED, "listed.weak": DEFERRED}


def expect_fates(delivery, names):
    with told(delivery):
        for name in names:
            same(f"the state of {name}", delivery.states[user(name)],
                 FATES.get(name, DELIVERED))
        same("queued", delivery.queued, {user(name) for name in names if name in FATES})


def queue_run(lab, names):
    """A message for each, and then one run of the queue in two stages, so that
    connections are used for more than one message."""
    lab.exim.reset()
    mark = lab.exim.mark()
    for name in names:
        lab.exim.send(user(name), how="-odq")
    lab.exim.run_queue("-qqff")
    return lab.exim.since(mark, [user(name) for name in names])


def in_one_queue_run(names):
    @scenario("enforce: in one queue run, each judged by its own policy: " + ", ".join(names))
    def case(lab):
        expect_fates(queue_run(lab, names), names)
    return case


def in_one_message(names):
    @scenario("enforce: recipients of one message, each judged by its own policy: "
              + ", ".join(names))
    def case(lab):
        lab.exim.reset()
        expect_fates(lab.exim.send(*map(user, names)), names)
    return case


@scenario("control: without policies such a queue run uses one connection for two messages")
def reuse(lab):
    names = ("plain.shared", "plain2.shared")
    delivery = queue_run(lab, names)
    expect_fates(delivery, names)
    with told(delivery):
        same("connections", delivery.contacted(), [SHARED])


def not_delayed(first, second):
    @scenario(f"enforce: retry data of {first} does not delay {second}")
    def case(lab):
        lab.exim.reset()
        expect_fates(lab.exim.send(user(first)), [first])
        expect_fates(lab.exim.send(user(second)), [second])
    return case


def settle_loops(lab):
    """We are in the middle, and in no policy."""
    lab.zone.add("us.test", "A", US)
    for kind in ("enforce", "plain"):
        for position, settle in (("down", lab.absent), ("up", lab.mx_host)):
            name = f"{position}.loop.{kind}.test"
            first, last = "mx1." + name, "mx3." + name
            settle(first)
            lab.mx_host(last)
            patterns = [last] if position == "up" else [first, last]
            lab.domain(name, [first, "us.test", last], **{"patterns": patterns, **KINDS[kind]})


def loop(kind):
    @scenario(f"{kind}: a host worse than ourselves is never used")
    def case(lab):
        name = f"down.loop.{kind}.test"
        expect(deliver(lab, name), DEFERRED, untouched=("mx3." + name,))
    return case


@scenario("enforce: better hosts outside of the policy, then ourselves: deferred")
def loop_end(lab):
    name = "up.loop.enforce.test"
    expect(deliver(lab, name), DEFERRED, untouched=("mx1." + name, "mx3." + name))


def settle_nowhere(lab):
    """Domains that no mail can go to."""
    for number, (kind, sts) in enumerate(KINDS.items(), 2):
        missing, private = f"missing.{kind}.test", f"mx.private.{kind}.test"
        lab.mx_host(private, address=f"{PRIVATE}{number}")
        for name, mx in (("nodata", []), ("nullmx", []), ("dangling", [missing]),
                         ("private", [private])):
            lab.domain(f"{name}.{kind}.test", mx, **{"patterns": mx or [OTHER], **sts})
        lab.zone.add(f"nullmx.{kind}.test", "MX", (0, ""))


def nowhere(name):
    @scenario(f"enforce and testing: {name}: bounced at once, as without a policy")
    def case(lab):
        for kind in KINDS:
            expect(deliver(lab, f"{name}.{kind}.test"), BOUNCED)
    return case


def never(name):
    @scenario(f"enforce and testing: {name}: not delivered, and bounced without a policy")
    def case(lab):
        expect(deliver(lab, f"{name}.plain.test"), BOUNCED)
        for kind in ("enforce", "testing"):
            delivery = deliver(lab, f"{name}.{kind}.test")
            with told(delivery):
                same("contacted", delivery.contacted(), [])
                same("the state", *delivery.states.values(), one_of(BOUNCED, DEFERRED))
    return case


@scenario("enforce: a domain we relay for may have a private address")
def relayed(lab):
    expect(deliver(lab, "relay.test"), "mx.relay.test")


@scenario("control: without a policy, too")
def relayed_plain(lab):
    expect(deliver(lab, "plain.relay.test"), "mx.plain.relay.test")


def settle_relayed(lab):
    lab.mx_host("mx.relay.test", address=PRIVATE + "12")
    lab.domain("relay.test", ["mx.relay.test"])
    lab.mx_host("mx.plain.relay.test", address=PRIVATE + "13")
    lab.domain("plain.relay.test", ["mx.plain.relay.test"], patterns=(), txt=None)


# DANE: (label, title, certificate, does the TLSA record match, patterns, outcome)
SELF = named("HOST", issuer="self")
DANE = (
    ("match", "matching TLSA, self-signed", {"issuer": "self"}, True, None, True),
    ("nameless", "matching TLSA, self-signed, no names", {"issuer": "self", "dns": ()},
     True, None, True),
    ("wrong", "wrong TLSA, good certificate", {}, False, None, False),
    ("unlisted", "matching TLSA, host not in policy", {}, True, (OTHER,), False),
)


def settle_dane(lab):
    for label, _, spec, matching, patterns, _ in DANE:
        domain = label + ".signed.test"
        mx = "mx." + domain
        certificate = Certificate(**{"cn": "lab", "dns": (mx,), **spec})
        lab.mx_host(mx, certificate=certificate)
        digest = fingerprint(lab.pki.file(certificate)) if matching else bytes(32)
        lab.zone.add("_25._tcp." + mx, "TLSA", (3, 0, 1, digest))
        lab.domain(domain, [mx], patterns=patterns)
        for kind in ("plain", "testing"):
            lab.domain(f"{kind}.{domain}", [mx], **{"patterns": patterns or [mx], **KINDS[kind]})


def fingerprint(file):
    with open(file, encoding="ascii") as chain:
        text = chain.read()
    first = text[text.index("-----BEGIN CERTIFICATE"):]
    first = first[:first.index("-----END CERTIFICATE-----") + 26]
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(first)).digest()


def dane(label, title, delivered, patterns):
    @scenario(f"enforce: DANE: {title}: {DELIVERED if delivered else DEFERRED}")
    def case(lab):
        domain = label + ".signed.test"
        mx = "mx." + domain
        delivery = deliver(lab, domain)
        expect(delivery, mx if delivered else DEFERRED, verified="CV=dane",
               untouched=(mx,) if patterns else ())
    return case


def dane_testing(label, title, matching):
    outcome = DELIVERED if matching else DEFERRED

    @scenario(f"testing: DANE: {title}: {outcome}, as without a policy")
    def case(lab):
        mx = f"mx.{label}.signed.test"
        for kind in ("plain", "testing"):
            expect(deliver(lab, f"{kind}.{label}.signed.test"), mx if matching else DEFERRED)
    return case


def settle_bulk(lab):
    lab.mx_host("mx.bulk.test")
    for domain in BULK:
        lab.domain(domain, ["mx.bulk.test"])


@scenario(f"enforce: {BULK_MESSAGES} messages to {BULK_DOMAINS} domains by {BULK_PROCESSES} "
          "processes, empty cache: one GET for each domain")
def bulk(lab):
    lab.exim.reset()
    lab.forget()
    mark = lab.exim.mark()
    recipients = [f"u{number}@{BULK[number % BULK_DOMAINS]}"
                  for number in range(BULK_MESSAGES)]
    lab.exim.submit_all([[recipient] for recipient in recipients], BULK_PROCESSES)
    delivery = lab.exim.since(mark, recipients)
    gets = {f"mta-sts.{domain}": 0 for domain in BULK}
    for event in delivery.events:
        if event["server"] == "https" and event["event"] == "request":
            gets[event["host"]] += 1
    same("delivered", sum(tls for _, tls in delivery.messages()), BULK_MESSAGES)
    same("queued", delivery.queued, set())
    same("GETs", gets, {host: 1 for host in gets})


def build(lab):
    world.build(lab)
    own(PRIVATE + "1/24")
    for settle in (settle_tenants, settle_loops, settle_nowhere, settle_relayed,
                   settle_dane, settle_bulk):
        settle(lab)


CASES = [
    reuse,
    *map(in_one_queue_run, QUEUE_RUNS),
    *map(in_one_message, QUEUE_RUNS),
    in_one_queue_run(("listed.weak", "plain.weak", "testing.weak")),
    in_one_queue_run(("plain.weak", "listed.weak")),
    in_one_message(("plain.weak", "listed.weak")),
    not_delayed("unlisted.shared", "plain.shared"),
    not_delayed("unlisted.shared", "listed.shared"),
    not_delayed("listed.weak", "plain.weak"),
    not_delayed("listed.weak", "testing.weak"),
    loop("enforce"),
    loop("plain"),
    loop_end,
    *map(nowhere, ("nullmx", "nodata")),
    *map(never, ("dangling", "private")),
    relayed,
    relayed_plain,
    *(dane(label, title, delivered, patterns)
      for label, title, _, _, patterns, delivered in DANE),
    *(dane_testing(label, title, matching) for label, title, _, matching, *_ in DANE),
    bulk,
]

if __name__ == "__main__":
    download_debs()
    main(build, CASES, EximLab, jobs=1)
