"""Who runs a domain of the lab, and changes it as time goes on."""

import dns_server
from clock import later
from https_server import policy, reply
from tap import ask, clean, same

MX = "mx.good.test"
MX2, ATTACKER, NO_TLS = "mx2.good.test", "mx.attacker.test", "mx.downgraded.test"
MINUTE = 1 / 1440               # of a day


class Owner:
    """Who runs a domain: publishes, breaks, repairs, and counts the GETs."""

    def __init__(self, domain):
        self.domain = domain

    def settle(self, lab):
        """Take the domain into the lab."""
        self.lab = lab
        self.cache = lab.path("cache-" + self.domain)
        self.web = lab.policy_host(self.domain, reply(b""))
        lab.zone.ttls["_mta-sts." + self.domain] = 0
        lab.domain(self.domain, mx=[MX], patterns=(), txt=None)
        self.publish("one")

    def record(self, *texts):
        name = "_mta-sts." + self.domain
        self.lab.zone.clear(name, "TXT")
        for text in texts:
            self.lab.zone.add(name, "TXT", [text.encode()])

    def publish(self, ident, mode="enforce", mx=(MX,), **more):
        self.record(f"v=STSv1; id={ident};")
        self.web.answer = reply(policy(mode, mx, **more))

    def break_web(self):
        self.web.answer = reply(b"no", 500)

    def break_dns(self):
        self.lab.zone.misbehave("_mta-sts." + self.domain, "TXT",
                                dns_server.status("SERVFAIL"))

    def run(self, *arguments, days=0.0, **how):
        """Run the command on the domain's cache, some days from now."""
        outcome = self.lab.run(*arguments, before=later(days), cache=self.cache, **how)
        clean(outcome)
        return outcome

    def ask(self, command="query", days=0.0, **how):
        return ask(self.lab, command, self.domain, before=later(days), cache=self.cache,
                   **how)

    def expect(self, ident, mode="enforce", gets=None, **how):
        """The domain's policy now, and how often it has been fetched in all."""
        answer = self.ask(code=0, **how)
        same("(id, mode)", (answer["id"], answer["mode"]), (ident, mode))
        if gets is not None:
            same("the number of GETs", self.gets, gets)
        return answer

    @property
    def gets(self):
        return len(self.lab.record.read(host="mta-sts." + self.domain, event="request"))


class MailOwner(Owner):
    """An owner whose mail an MTA delivers."""

    def settle(self, lab):
        super().settle(lab)
        lab.zone.ttls[self.domain] = 0

    def move(self, *hosts):
        """Have other MX hosts."""
        self.lab.zone.clear(self.domain, "MX")
        for preference, host in enumerate(hosts):
            self.lab.zone.add(self.domain, "MX", (preference, host))
