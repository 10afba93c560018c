"""A domain that keeps its promise, and everything that somebody on the path can change."""

import copy
import re

# pylint: disable=wrong-import-order
import https_server
from owner import Owner

ATTACKER = "mx.attacker.test"   # a good host with a good certificate of its own
FORGED = https_server.policy(mx=[ATTACKER])


class Scene(Owner):
    """One attack in one column of the table: a domain, its MX host, its policy host,
    all for this alone."""

    def __init__(self, label, column, zone):
        super().__init__(f"{label}.{column}.{zone}")
        self.name = re.compile(rf"(?<![\w-]){re.escape(self.domain)}")
        self.parent = f"{column}.{zone}"
        self.mx = "mx." + self.domain
        self.recipient = "user@" + self.domain
        self.sender = self.domain + "@sender.test"

    def settle(self, lab):
        self.lab = lab
        self.right = lab.mx_host(self.mx)
        self.web = lab.policy_host(self.domain, https_server.reply(b""))
        lab.domain(self.domain, [self.mx], patterns=(), txt=None)
        self.publish("1")
        for name in self.names():
            lab.zone.ttls[name] = 0

    def publish(self, ident, mode="enforce", mx=None, **more):
        super().publish(ident, mode, (self.mx,) if mx is None else mx, **more)

    def names(self):
        return [name + self.domain for name in ("", "mx.", "mta-sts.", "_mta-sts.")]

    def point(self, name, rtype, value):
        """Let a name have one record, and no other of its type."""
        self.lab.zone.clear(name, rtype)
        self.lab.zone.add(name, rtype, value)

    def send_to(self, host):
        """Forge the answer to the MX question."""
        self.point(self.domain, "MX", (10, host))

    def message(self):
        """Whoever reads it knows whose it was."""
        return (f"Subject: a secret\nFrom: {self.sender}\nTo: {self.recipient}\n\n"
                "the quick brown fox\n").encode()

    def is_in(self, event):
        """Does what an SMTP server was told have to do with this domain?"""
        return bool(self.name.search(event.get("line", "") + event.get("text", "")))

    # An attack has an end.

    def remember(self):
        zone = self.lab.zone
        self.calm = (vars(self.right).copy(), vars(self.web).copy(),
                     {name: copy.deepcopy(zone.names[name]) for name in self.names()
                      if name in zone.names})

    def restore(self):
        zone = self.lab.zone
        for host, was in zip((self.right, self.web), self.calm):
            vars(host).update(was)
        for name in self.names():
            zone.names.pop(name, None)
            for key in [key for key in zone.behaviours if key[0] == name]:
                del zone.behaviours[key]
        zone.names.update(self.calm[2])
