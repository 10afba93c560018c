"""A Debian Postfix in an overlay."""

import re
from contextlib import contextmanager

from mta import BODY, SENDER, US, MtaLab
from mtasts import SECTIONS

# pylint: disable=wrong-import-order
import daemons
from debian import Packages
from tap import until

PACKAGES = Packages("postfix", "postfix")
MAIN_CF = "/etc/postfix/main.cf"
README_CF = "/src/contrib/postfix/main.cf"

# The doors of contrib/postfix/README.md.
DOORS = {"milter": {"socket": "inet:5462@127.0.0.1"},
         "socketmap": {"listen": ["inet:5461@127.0.0.1"]}}

# What the lab needs, and no administrator.
LAB_CF = f"""
compatibility_level = 3.6
myhostname = {US}
mydestination = {US}
alias_maps = hash:/etc/aliases
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtp_host_lookup = dns
smtp_connect_timeout = 5s
minimal_backoff_time = 300s
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 100000
smtpd_hard_error_limit = 100000
"""


def download_debs():
    PACKAGES.download("Postfix is started as root")


class PostfixLab(MtaLab):
    """A lab whose machine sends mail by Postfix, which runs while the lab does."""

    packages = PACKAGES

    def __init__(self):
        super().__init__()
        self.machine.write("/etc/aliases", "aliased: user@rogue.test\nsomebody: root\n")
        self.machine.must("postalias", "/etc/aliases")
        self.furnish()

    def furnish(self):
        """What there is in /etc/postfix."""
        self.configure()

    def install_mtasts(self):
        super().install_mtasts()
        self.mtasts.sections = {**SECTIONS, **DOORS}
        self.mtasts.configure()

    def __exit__(self, *what):
        self.machine.run("postfix", "abort")
        super().__exit__(*what)

    def start(self):
        super().start()
        self.machine.must("service", "postfix", "start")
        until(lambda: daemons.accepts("127.0.0.1", 25), "Postfix does not answer")

    def configure(self, lines=""):
        """The lines of contrib/postfix, and others."""
        self.machine.write(MAIN_CF, LAB_CF + self.machine.read(README_CF) + lines)

    @contextmanager
    def configured(self, lines):
        """Configured with more lines for a while."""
        self.configure(lines)
        self.machine.must("postfix", "reload")
        try:
            yield
        finally:
            self.configure()
            self.machine.must("postfix", "reload")

    def smart_host(self, host):
        return self.configured(f"relayhost = [{host}]\n")

    def routed(self, domain, host):
        """The transport table sends a domain's mail elsewhere."""
        return self.configured(f"transport_maps = inline:{{ {{ {domain} = smtp:[{host}] }} }}\n")

    def queue_time(self, limit):
        return self.configured(f"maximal_queue_lifetime = {limit}\n")

    def retry(self):
        self.machine.must("postqueue", "-f")

    @staticmethod
    def bounced(log, recipient):
        return f"to=<{recipient}>" in log and "status=expired, returned to sender" in log

    def submit(self, *recipients):
        """By the command, which is asked nothing by the preflight."""
        lines = len(self.syslog.lines)
        self.hand_in(*recipients)
        until(lambda: all(self.tried(recipient, lines) for recipient in recipients),
              lambda: "not all recipients have been tried:\n"
                      + "\n".join(self.syslog.lines[lines:]))

    def hand_in(self, *recipients):
        self.machine.must("sendmail", "-i", "-f", SENDER, *recipients, stdin=BODY)

    def tried(self, recipient, lines):
        return any(f"to=<{recipient}>" in line and "status=" in line
                   for line in self.syslog.lines[lines:])

    def empty_queue(self):
        self.machine.must("postsuper", "-d", "ALL")

    def queued(self):
        shown = self.machine.must("postqueue", "-p")
        return set(re.findall(r"^\s{20,}(\S+@\S+)$", shown, re.MULTILINE))
