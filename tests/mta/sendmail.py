"""A Debian Sendmail in an overlay."""

import os
import re
from contextlib import contextmanager

from mta import BODY, SENDER, US, MtaLab
from mtasts import MAP

# pylint: disable=wrong-import-order
from debian import AUTHORITIES, Packages
from tap import need

DEBIAN_MC = "/usr/share/sendmail/cf/debian/sendmail.mc"
FEATURES = "/usr/share/sendmail/cf/feature/"
SPOOL = "/var/spool/mqueue"
PACKAGES = Packages("sendmail", "sendmail-bin", "sendmail-cf")

# What the lab needs, and no administrator.
LAB_MC = f"""\
define(`confDOMAIN_NAME', `{US}')dnl
define(`confDONT_PROBE_INTERFACES', `True')dnl
define(`confCONNECTION_RATE_THROTTLE', `0')dnl
define(`confBAD_RCPT_THROTTLE', `0')dnl
define(`confQUEUE_LA', `1000')dnl
define(`confREFUSE_LA', `1000')dnl
define(`confDELAY_LA', `0')dnl
define(`confTO_ICONNECT', `10s')dnl
define(`confTO_CONNECT', `10s')dnl
undefine(`confHOST_STATUS_DIRECTORY')dnl
LOCAL_DOMAIN(`{US}')dnl
"""

# Debian's ten are too few for clients that come at once.
BACKLOG = ("Port=smtp, Addr=127.0.0.1", "Port=smtp, Addr=127.0.0.1, Listen=128")

# contrib/sendmail/README.md's lines.
AUTHORITIES_MC = f"""\
define(`confCACERT', `{AUTHORITIES}')dnl
define(`confCACERT_PATH', `/etc/ssl/certs')dnl
"""
README_MC = AUTHORITIES_MC + f"FEATURE(`mtasts', `unix:{MAP}', `mx.smart.test')dnl\n"


def download_debs():
    PACKAGES.download("Sendmail delivers mail as root")


class SendmailLab(MtaLab):
    """A lab whose machine sends mail by Sendmail."""

    packages = PACKAGES
    lines = README_MC

    def __init__(self):
        super().__init__()
        self.furnish()

    def furnish(self):
        """What there is in /etc/mail."""
        self.machine.must("sh", "-c", f"cp /src/contrib/sendmail/*.m4 {FEATURES}")
        self.table("access", "GreetPause:127.0.0.1 0\nGreetPause:localhost 0\n")
        self.configure(self.lines)

    def table(self, name, text):
        """A table of Sendmail's, in /etc/mail."""
        self.machine.write("/etc/mail/" + name, text)
        self.machine.must("sh", "-c", f"cd /etc/mail && makemap hash {name} <{name}")

    def configure(self, lines, after=""):
        """Debian's sendmail.mc with lines before its mailers, and some after them."""
        mc = self.machine.read(DEBIAN_MC).replace(*BACKLOG)
        head, mailers, tail = mc.partition("MAILER_DEFINITIONS\n")
        self.machine.write("/etc/mail/sendmail.mc",
                           head + LAB_MC + lines + mailers + tail + after)
        done = self.machine.run("sh", "-c", "cd /etc/mail && m4 sendmail.mc >sendmail.cf")
        need(done.code == 0 and not done.err, f"m4 says {done.err[:1000]}")

    @contextmanager
    def configured(self, lines, after=""):
        """Configured otherwise for a while."""
        self.configure(lines, after)
        try:
            yield
        finally:
            self.configure(self.lines)

    def with_lines(self, more, after=""):
        """Configured with more lines for a while."""
        return self.configured(self.lines + more, after)

    def smart_host(self, host):
        return self.with_lines(f"define(`SMART_HOST', `[{host}]')dnl\n")

    def routed(self, domain, host):
        """The mailertable sends a domain's mail elsewhere."""
        self.table("mailertable", f"{domain} esmtp:[{host}]\n")
        return self.with_lines("FEATURE(`mailertable')dnl\n")

    def queue_time(self, limit):
        return self.with_lines(f"define(`confTO_QUEUERETURN', `{limit}')dnl\n")

    def retry(self):
        self.sendmail("-q", "-v")

    @staticmethod
    def bounced(log, recipient):
        """The sender gets a message about it."""
        return f"to={recipient}" in log and f"to={SENDER}" in log

    def sendmail(self, *arguments, stdin=None):
        return self.machine.run("sendmail", "-Am", *arguments, stdin=stdin)

    def submit(self, *recipients, how="-odi"):
        done = self.sendmail(how, "-i", "-f", SENDER, *recipients, stdin=BODY)
        need(done.code in (0, 71, 75), f"sendmail exits {done.code}: {done.out}{done.err}")

    def empty_queue(self):
        for name in os.listdir(self.machine.path(SPOOL)):
            os.unlink(self.machine.path(f"{SPOOL}/{name}"))

    def queued(self):
        shown = self.sendmail("-bp").out
        return set(re.findall(r"^\s+<?([^<>\s()]+@[^<>\s]+?)>?$", shown, re.MULTILINE))
