"""The well-behaved domains: what the README shows, and what most cases need."""

import smtp_server

NO_STARTTLS = tuple(word for word in smtp_server.EXTENSIONS if word != "STARTTLS")


def build(lab):
    lab.zone.add("ns.test", "A", "192.0.2.51")
    for name in ("mx.good.test", "mx2.good.test", "mx.plain.test"):
        lab.mx_host(name)
    lab.mx_host("mx.downgraded.test", extensions=NO_STARTTLS)
    lab.mx_host("mx.attacker.test")

    lab.domain("good.test", mx=["mx.good.test", "mx2.good.test"])
    lab.domain("downgraded.test", mx=["mx.downgraded.test"])
    lab.domain("hijacked.test", mx=["mx.attacker.test"], patterns=["mx.hijacked.test"])
    lab.domain("plain.test", mx=["mx.plain.test"], patterns=(), txt=None)

    # Whoever uses a search list finds a policy for everything.
    lab.zone.add("*.trap.test", "TXT", [b"v=STSv1; id=trap;"])
    lab.zone.add("*.trap.test", "MX", (10, "mx.attacker.test"))
