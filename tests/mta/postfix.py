"""A Debian Postfix in an overlay."""

import re

from mta import BODY, SENDER, US, MtaLab, until

# pylint: disable=wrong-import-order
import daemons
from debian import Packages

PACKAGES = Packages("postfix", "postfix")
MAIN_CF = "/etc/postfix/main.cf"
README_CF = "/src/contrib/postfix/main.cf"

# What the lab needs, and no administrator.
LAB_CF = f"""
compatibility_level = 3.6
myhostname = {US}
mydestination = {US}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtp_host_lookup = dns
smtp_connect_timeout = 5s
minimal_backoff_time = 300s
"""


def download_debs():
    PACKAGES.download("Postfix is started as root")


class PostfixLab(MtaLab):
    """A lab whose machine sends mail by Postfix, which runs while the lab does."""

    packages = PACKAGES

    def __init__(self):
        super().__init__()
        master = self.machine.read("/usr/share/postfix/master.cf.dist")
        self.machine.write("/etc/postfix/master.cf", re.sub(
            r"^(\w+ +(?:inet|unix) +\S+ +\S+ +)y", r"\1n", master, flags=re.MULTILINE))
        self.machine.write("/etc/aliases", "")
        self.configure()
        self.machine.must("postalias", "/etc/aliases")

    def __exit__(self, *what):
        self.machine.run("postfix", "abort")
        super().__exit__(*what)

    def start(self):
        super().start()
        self.machine.must("postfix", "start")
        until(lambda: daemons.accepts("127.0.0.1", 25), "Postfix does not answer")

    def configure(self, without="smtpd_milters", lines=""):
        """The lines of contrib/postfix but some, and others."""
        ours = "".join(line for line in self.machine.read(README_CF).splitlines(True)
                       if not without or not line.startswith(without))
        self.machine.write(MAIN_CF, LAB_CF + ours + lines)
        self.machine.run("postfix", "reload")

    def send(self, *recipients):
        """Give Postfix a message, and wait until it has tried to deliver it."""
        return self.watch(lambda: self.submit(*recipients))

    def submit(self, *recipients):
        lines = len(self.syslog.lines)
        self.machine.must("sendmail", "-i", "-f", SENDER, *recipients, stdin=BODY)
        until(lambda: all(self.tried(recipient, lines) for recipient in recipients),
              "not all recipients have been tried:\n" + "\n".join(self.syslog.lines[lines:]))

    def tried(self, recipient, lines):
        return any(f"to=<{recipient}>" in line and "status=" in line
                   for line in self.syslog.lines[lines:])

    def empty_queue(self):
        self.machine.must("postsuper", "-d", "ALL")

    def queued(self):
        shown = self.machine.must("postqueue", "-p")
        return set(re.findall(r"^\s{20,}(\S+@\S+)$", shown, re.MULTILINE))
