"""The attackers of RFC 8461, 10, each as what is done to a Scene.

REACH is what MTA-STS promises to stop once a policy is known.  BEYOND is what it
cannot, as the RFC says itself: there the table tells what happens all the same.
"""

import ssl
from dataclasses import dataclass
from typing import Callable, Optional

# pylint: disable=wrong-import-order
import dns_server
import listen
import tls
import world
from certificates import STAND_IN, with_nul_in_cn
from https_server import policy, reply
from pki import Certificate, named
from scene import ATTACKER, FORGED

LIVE, BROKEN = "live.test", "broken.test"
PROVIDER = "provider.test"
ALIASED = "mx2.attacker.test"
NEIGHBOUR = "neighbour.provider.test"
NOWHERE = "198.51.100.1"        # where nobody listens
ALERT = b"\x15\x03\x01\x00\x02\x02\x28"        # fatal, handshake_failure
INJECTED = (b"250-mx at your service\r\n250 SIZE\r\n250 2.1.0 Sender ok\r\n"
            b"250 2.1.5 Recipient ok\r\n354 Go on\r\n250 2.0.0 Taken\r\n")


@dataclass(eq=False)
class Attack:
    """mount     does it, to a Scene
    prepare   what the domain has before that is not as elsewhere
    refresh   the policy is refreshed in between, as it is daily
    decoy     a domain that a message goes to first, to do harm to this one
    zone      whose name server answers
    """

    label: str
    title: str
    mount: Callable
    prepare: Optional[Callable] = None
    refresh: bool = False
    decoy: Optional[Callable] = None
    zone: str = LIVE


def both(*mounts):
    def mount(scene):
        for one in mounts:
            one(scene)
    return mount


# On the way to the MX host.

def host(**fields):
    """The MX host, or who answers in its place, does something else."""
    return lambda scene: vars(scene.right).update(fields)


def old_tls(version):
    return host(versions=(version, version))


def impostor(*names, cn="impostor", others=(), nul=False, **more):
    """Somebody else answers at the MX host's address, with a certificate.  Names may
    have {mx}, {domain}, {parent} and {address}."""
    def mount(scene):
        def fill(text):
            return text.format(mx=scene.mx, domain=scene.domain, parent=scene.parent,
                               address=scene.right.address)
        certificate = Certificate(cn=fill(cn), dns=tuple(map(fill, names)),
                                  others=tuple((kind, fill(name)) for kind, name in others),
                                  **more)
        pki = scene.lab.pki
        host(name=ATTACKER, certificate=with_nul_in_cn(pki, certificate) if nul
             else pki.file(certificate))(scene)
    return mount


# In the answers of the DNS.

def forged_mx(scene):
    scene.send_to(ATTACKER)


def added_mx(scene):
    scene.lab.zone.add(scene.domain, "MX", (1, ATTACKER))


def forged_address(scene):
    scene.point(scene.mx, "A", scene.lab.zone.names[ATTACKER]["A"][0])


def forged_alias(scene):
    scene.lab.zone.clear(scene.mx, "A")
    scene.point(scene.mx, "CNAME", ALIASED)


def longer_name(scene):
    name = scene.mx + ".attacker." + LIVE
    scene.point(name, "A", scene.lab.zone.names[ATTACKER]["A"][0])
    scene.send_to(name)


def suppressed(behaviour):
    """No policy is to be found, and mail is led elsewhere."""
    def suppress(scene):
        scene.lab.zone.misbehave("_mta-sts." + scene.domain, "TXT", behaviour)
    return both(suppress, forged_mx)


def nodata(reply_, _udp):
    return dns_server.bare(reply_)


def vanished(scene):
    for name in scene.names():
        scene.lab.zone.names.pop(name, None)


# At the policy host.  A new id makes the sender ask there, whatever it has cached.

def new_id(scene):
    scene.record("v=STSv1; id=2;")


def blocked(mount):
    return both(new_id, mount, forged_mx)


def web(**fields):
    return lambda scene: vars(scene.web).update(fields)


def unreachable(scene):
    scene.point("mta-sts." + scene.domain, "A", NOWHERE)


def false_host(certificate):
    """A policy of the attacker's, with a certificate that does not prove the name."""
    def mount(scene):
        name = "mta-sts." + scene.domain
        web(answer=reply(FORGED),
            certificate=certificate(scene.lab.pki, name))(scene)
    return blocked(mount)


def signed_by(issuer):
    return lambda pki, name: pki.file(named(name, issuer=issuer))


def of_names(*names):
    return lambda pki, name: pki.file(named(*(text.format(name) for text in names)))


def in_cn(pki, name):
    return pki.file(Certificate(cn=name))


def cut_off(scene):
    """The connection is cut after a digit of max_age, without TLS's end."""
    text = policy(mx=[scene.mx])
    end = text.index(b"86400") + 1
    web(answer=cutting(scene, text[:end]))(scene)


def cutting(scene, text):
    def answer():
        yield (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"
               + text)
        raise ConnectionAbortedError(scene.domain)
    return answer


# With the domain's own authority, or what looks like it.

def older(mode, mx=()):
    """An older policy, at the real policy host or with a certificate as good."""
    return lambda scene: web(answer=reply(policy(mode, mx)))(scene)


def older_id(scene):
    scene.record("v=STSv1; id=0;")


def testing(scene):
    scene.publish("1", "testing")


def short(scene):
    scene.publish("1", max_age=1)


def of_provider(scene):
    scene.publish("1", mx=(scene.mx, "*." + PROVIDER))


def aliased_decoy(scene):
    """A domain of the attacker's own, with a policy that its MX host does not meet."""
    domain = "decoy-" + scene.domain
    scene.lab.zone.add("mx." + domain, "CNAME", scene.mx)
    scene.lab.domain(domain, ["mx." + domain], patterns=(), txt=None)
    scene.lab.zone.add("_mta-sts." + domain, "TXT", [b"v=STSv1; id=1;"])
    scene.lab.policy_host(domain, reply(policy(mx=["mx." + domain])))
    return "user@" + domain


REACH = (
    Attack("stripped", "STARTTLS is stripped from the EHLO reply",
           host(extensions=world.NO_STARTTLS)),
    Attack("noehlo", "EHLO is refused, so that HELO is left", host(ehlo=b"502 5.5.1 no\r\n")),
    Attack("s454", "STARTTLS is answered 454", host(starttls=b"454 4.7.0 not now\r\n")),
    Attack("s500", "STARTTLS is answered 500", host(starttls=b"500 5.5.1 what\r\n")),
    Attack("cuttls", "the TLS handshake is cut", host(stages={"tls": listen.close})),
    Attack("badtls", "the TLS handshake is answered with an alert",
           host(stages={"tls": lambda connection: connection.sendall(ALERT)})),
    Attack("inject", "replies are injected behind 220, before TLS",
           host(starttls=b"220 2.0.0 Go ahead\r\n" + INJECTED)),
    Attack("tls10", "the connection is downgraded to TLS 1.0", old_tls(ssl.TLSVersion.TLSv1)),
    Attack("tls11", "the connection is downgraded to TLS 1.1", old_tls(tls.V11)),

    Attack("rogue", "the MX host is impersonated, with a certificate of a rogue CA",
           impostor("{mx}", issuer="unknown")),
    Attack("self", "... with a self-signed certificate", impostor("{mx}", issuer="self")),
    Attack("leafca", "... signed with another customer's certificate, which is no CA",
           impostor("{mx}", issuer="customer")),
    Attack("expired", "... with an old certificate, expired",
           impostor("{mx}", dates="expired")),
    Attack("tenant", "... with the certificate of another customer of the provider",
           impostor(NEIGHBOUR)),
    Attack("domain", "... with a certificate for the recipient's domain alone",
           impostor("{domain}")),
    Attack("cnonly", "... with the name in the CN, and no SAN", impostor(cn="{mx}")),
    Attack("cnother", "... with the name in the CN, another in the SAN",
           impostor(NEIGHBOUR, cn="{mx}")),
    Attack("cnmail", "... with the name in the CN, an e-mail address in the SAN",
           impostor(cn="{mx}", others=(("email", "a@{domain}"),))),
    Attack("cnip", "... with the name in the CN, its IP address in the SAN",
           impostor(cn="{mx}", others=(("ip", "{address}"),))),
    Attack("mail", "... with an e-mail SAN that reads like the name",
           impostor(others=(("email", "{mx}"),))),
    Attack("uri", "... with a URI SAN of the name",
           impostor(others=(("uri", "https://{mx}/"),))),
    Attack("sannul", "... with NUL in the SAN: mx.DOMAIN\\0.attacker.test",
           impostor("{mx}\0.attacker.test")),
    Attack("cnnul", "... with NUL in the CN: mx.DOMAIN\\0.attacker.test",
           impostor(cn="{mx}" + STAND_IN + ".attacker.test", nul=True)),
    Attack("dot", "... with a SAN that ends in a dot: mx.DOMAIN.", impostor("{mx}.")),
    Attack("longer", "... with a SAN that begins with the name: mx.DOMAIN.attacker.test",
           impostor("{mx}.attacker.test")),
    Attack("star", "... with the SAN *", impostor("*")),
    Attack("stars", "... with the SAN *.*.PARENT", impostor("*.*.{parent}")),
    Attack("parent", "... with the SAN *.PARENT, a label short", impostor("*.{parent}")),
    Attack("partial", "... with the SAN m*.DOMAIN", impostor("m*.{domain}")),
    Attack("inner", "... with the SAN mx.*.PARENT", impostor("mx.*.{parent}")),

    Attack("address", "the MX host's address is forged", forged_address),
    Attack("alias", "the MX host is made an alias of the attacker's", forged_alias),
    Attack("prefix", "the MX answer is forged: a host called mx.DOMAIN.attacker.test", longer_name),
    Attack("added", "a host is added to the MX answer, better than the right one", added_mx),
    Attack("mx", "the MX answer is forged", forged_mx),
    Attack("nxdomain", "... and the TXT answer suppressed: NXDOMAIN",
           suppressed(dns_server.status("NXDOMAIN"))),
    Attack("nodata", "... NODATA", suppressed(nodata)),
    Attack("servfail", "... SERVFAIL", suppressed(dns_server.status("SERVFAIL"))),
    Attack("silence", "... silence", suppressed(dns_server.silent), zone=BROKEN),

    Attack("refused", "... and the policy host blocked: connection refused",
           blocked(unreachable)),
    Attack("mute", "... silent", blocked(web(instead_of_tls=listen.silence))),
    Attack("reset", "... reset", blocked(web(instead_of_tls=listen.reset))),
    Attack("404", "... 404", blocked(web(answer=reply(b"no", 404)))),
    Attack("redirect", "... redirected to the attacker's policy", blocked(web(answer=reply(
        b"", 301, headers=[("Location", "https://mta-sts.attacker.test"
                            "/.well-known/mta-sts.txt")])))),
    Attack("cut", "... the policy cut off in the middle of max_age", blocked(cut_off)),
    Attack("webrogue", "... and the policy host impersonated, with a certificate of a rogue CA",
           false_host(signed_by("unknown"))),
    Attack("webother", "... with the certificate of another customer",
           false_host(of_names("mta-sts." + NEIGHBOUR))),
    Attack("webcn", "... with the name in the CN, and no SAN", false_host(in_cn)),
    Attack("webnul", "... with NUL in the SAN",
           false_host(of_names("{}\0.attacker.test"))),
    Attack("webold", "... over TLS 1.1, with the right certificate",
           blocked(web(answer=reply(FORGED), versions=(ssl.TLSVersion.TLSv1, tls.V11)))),
    Attack("replay", "the policy host serves an older policy, mode none; the record is as it was",
           both(older("none"), forged_mx)),
)

BEYOND = (
    Attack("replayed", "the policy host serves an older policy, when the daily refresh asks",
           both(older("none"), forged_mx), refresh=True),
    Attack("rollnone", "rolled back, with the record: an older id, mode none",
           both(older_id, older("none"), forged_mx)),
    Attack("rolltest", "... mode testing",
           both(older_id, older("testing", [ATTACKER]), forged_mx)),
    Attack("rollmx", "... enforce, with an MX host that the attacker has now",
           both(older_id, older("enforce", [ATTACKER]), forged_mx)),
    Attack("misissued", "a trusted CA gives the attacker a certificate for the MX host",
           host(name=ATTACKER)),
    Attack("wide", "the policy names *.provider; a neighbour there, and a forged MX answer",
           lambda scene: scene.send_to(NEIGHBOUR), prepare=of_provider),
    Attack("testing", "the policy's mode is testing; a forged MX answer",
           forged_mx, prepare=testing),
    Attack("expiry", "the policy host is blocked until max_age is over; a forged MX answer",
           blocked(unreachable), prepare=short),
    Attack("retry", "somebody else's MX host is an alias of the right one, and fails before it",
           lambda scene: None, decoy=aliased_decoy),
    Attack("gone", "the domain is made to vanish: NXDOMAIN", vanished),
)

ATTACKS = REACH + BEYOND


def settle(lab):
    """Whom the attacks need besides."""
    world.build(lab)
    for name in (ALIASED, NEIGHBOUR):
        lab.mx_host(name)
    lab.publish("attacker.test", FORGED)
