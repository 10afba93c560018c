#!/usr/bin/python3 -B
"""contrib/postfix/migration.md, word by word, on a machine with Debian's own Postfix and
Debian's own postfix-mta-sts-resolver, which has found the policies by itself."""

import json

from postfix import DOORS, PostfixLab, download_debs
from mtasts import SECTIONS

# pylint: disable=wrong-import-order
import daemons
import gone
from debian import AUTHORITIES, Packages
from https_server import policy, reply
from lab import ALLOWED
import readme
from tap import main, need, same, scenario, until
import world

RESOLVER = Packages("resolver", "postfix-mta-sts-resolver")
RECIPE = "/src/contrib/postfix/migration.md"
OLD_MAP = "socketmap:inet:127.0.0.1:8461:postfix"
NEW_MAP = "socketmap:inet:127.0.0.1:5461:postfix"
OLD_LINE = f"smtp_tls_policy_maps = {OLD_MAP}\n"

# What is in force where: domain, mode, and what Postfix is told by the new map.
DOMAINS = {
    "good.test": ("enforce", "secure match=mx.good.test:mx2.good.test servername=hostname"),
    "hijacked.test": ("enforce", "secure match=mx.hijacked.test servername=hostname"),
    "closed.test": ("enforce", "secure match=mx.good.test servername=hostname"),
    "trying.test": ("testing", ""),
    "off.test": ("none", ""),
}


class MigrationLab(PostfixLab):
    """A machine that has the old daemon, and mtasts beside it."""

    def __init__(self):
        super().__init__()
        self.machine.install(RESOLVER)
        self.mtasts.sections = {
            **SECTIONS, **DOORS, "https": {"allow_addresses": ALLOWED, "ca_file": AUTHORITIES}}
        self.mtasts.configure()

    def start(self):
        super().start()
        self.resolver = self.machine.start("env", "SSL_CERT_FILE=" + AUTHORITIES,
                                           "mta-sts-daemon", "-c", "/etc/mta-sts-daemon.yml")
        until(lambda: daemons.accepts("127.0.0.1", 8461), "the old daemon does not answer")

    def __exit__(self, *what):
        self.resolver.kill()
        self.resolver.wait()
        super().__exit__(*what)

    def configure(self, lines=""):
        """With the old daemon's map."""
        super().configure(lines + OLD_LINE)

    def commands(self, heading):
        """The commands below a heading of the recipe, as they stand there."""
        return readme.commands(self.machine.read(RECIPE), heading)

    def follow(self, *commands):
        return [self.machine.run("sh", "-c", command) for command in commands]

    def asked(self, domain, where):
        return self.machine.run("postmap", "-q", domain, where).out.strip()

    def remembered(self):
        """What the old daemon has written down."""
        return set(self.machine.must("sqlite3", "-readonly", "/var/lib/mta-sts/cache.db",
                                     "SELECT domain FROM sts_policy_cache").split())

    def cached(self):
        lines = self.machine.run("mtasts-cachectl", "--json", "list").out.splitlines()
        return {value["domain"]: value["mode"] for value in map(json.loads, lines)}

    def clear(self):
        self.machine.run("mtasts-cachectl", "clear", "--yes")


@scenario("the recipe, with a policy host down: each policy stays in force")
def whole(lab):
    for domain, (mode, _) in DOMAINS.items():
        told = lab.asked(domain, OLD_MAP)
        same(f"{domain}: the old daemon says secure", told[:6] == "secure",
             mode == "enforce")
    until(lambda: lab.remembered() == set(DOMAINS),
          f"the old daemon remembers {lab.remembered()}")
    lab.closed.answer = reply(b"no", 503)
    take, warm = lab.follow(*lab.commands("Take its policies over")[:2])
    same("import says", (take.code, take.out + take.err),
         (0, f"{len(DOMAINS)} stored, 0 refused\n"))
    same("warm says", (warm.code, warm.out),
         (0, f"{len(DOMAINS)} domains: {len(DOMAINS)} with a policy, 0 without, 0 failed\n"))
    same("cached", lab.cached(), {name: mode for name, (mode, _) in DOMAINS.items()})
    for outcome in lab.follow(*lab.commands("Ask mtasts instead")):
        same("the exit code", outcome.code, 0)
    need(NEW_MAP in lab.machine.must("postconf", "smtp_tls_policy_maps"),
         "Postfix has the old map")
    lab.resolver.terminate()
    lab.resolver.wait()
    for domain, (_, answer) in DOMAINS.items():
        same(domain, lab.asked(domain, NEW_MAP), answer)
    check, = lab.commands("See that it works")
    need("gmail.com" in check, f"the recipe asks {check}")
    same("the recipe's question", lab.follow(check.replace("gmail.com", "good.test"))[0].out,
         DOMAINS["good.test"][1] + "\n")
    lab.expect(["good.test"], {"good.test": "mx.good.test"})
    lab.expect(["hijacked.test"], {"hijacked.test": None})
    lab.expect(["closed.test"], {"closed.test": "mx.good.test"})


@scenario("the old daemon is down: its file is read all the same")
def domains_alone(lab):
    lab.clear()
    lab.closed.answer = lab.open_answer
    outcome, = lab.follow(lab.commands("Take its policies over")[1])
    same("warm says", (outcome.code, outcome.out),
         (0, f"{len(DOMAINS)} domains: {len(DOMAINS)} with a policy, 0 without, 0 failed\n"))
    same("cached", set(lab.cached()), set(DOMAINS))


@scenario("without its file: domains from the log of what was sent")
def from_the_log(lab):
    lab.clear()
    lab.machine.write("/var/log/mail.log", "\n".join(lab.syslog.lines) + "\n")
    outcome, = lab.follow(lab.commands("Take its policies over")[2])
    same("the exit code", outcome.code, 0)
    same("cached", set(lab.cached()), {"good.test", "closed.test"})


def build(lab):
    world.build(lab)
    lab.closed = lab.policy_host("closed.test", reply(policy("enforce", ["mx.good.test"])))
    lab.open_answer = lab.closed.answer
    for domain in ("closed.test", "trying.test", "off.test"):
        lab.zone.add(domain, "MX", (10, "mx.good.test"))
        lab.zone.add("_mta-sts." + domain, "TXT", [b"v=STSv1; id=1;"])
    lab.publish("trying.test", policy("testing", ["mx.good.test"]))
    lab.publish("off.test", policy("none", []))


CASES = [whole, domains_alone, from_the_log, gone.stops]

if __name__ == "__main__":
    download_debs()
    RESOLVER.download("postfix-mta-sts-resolver is started as root")
    main(build, CASES, MigrationLab, jobs=1)
