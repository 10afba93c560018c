"""A Debian Sendmail in an overlay."""

import os
import re
import signal
from contextlib import contextmanager

from mta import AUTHORITIES, BODY, MAP, SENDER, US, MtaLab, until

# pylint: disable=wrong-import-order
import daemons
from debian import Packages
from tap import need

DEBIAN_MC = "/usr/share/sendmail/cf/debian/sendmail.mc"
FEATURES = "/usr/share/sendmail/cf/feature/"
QUEUE = "/var/spool/mqueue"
PACKAGES = Packages("sendmail", "sendmail-bin", "sendmail-cf")

# What the lab needs, and no administrator.
LAB_MC = f"""\
define(`confDOMAIN_NAME', `{US}')dnl
define(`confDONT_PROBE_INTERFACES', `True')dnl
define(`confCONNECTION_RATE_THROTTLE', `0')dnl
define(`confTO_ICONNECT', `10s')dnl
define(`confTO_CONNECT', `10s')dnl
undefine(`confHOST_STATUS_DIRECTORY')dnl
LOCAL_DOMAIN(`{US}')dnl
"""

# contrib/sendmail/README.md's lines.
README_MC = f"""\
define(`confCACERT', `{AUTHORITIES}')dnl
define(`confCACERT_PATH', `/etc/ssl/certs')dnl
FEATURE(`mtasts', `unix:{MAP}', `mx.smart.test')dnl
"""


def download_debs():
    PACKAGES.download("Sendmail delivers mail as root")


class SendmailLab(MtaLab):
    """A lab whose machine sends mail by Sendmail."""

    packages = PACKAGES

    def __init__(self):
        super().__init__()
        self.machine.must("cp", "/src/contrib/sendmail/mtasts.m4", FEATURES)
        for name in ("dialup", "provider"):
            self.machine.must("mkdir", "-p", "/etc/mail/m4")
            self.machine.must("touch", f"/etc/mail/m4/{name}.m4", "/etc/mail/local-host-names")
        self.machine.must("mkdir", "-p", QUEUE)
        self.configure()

    def configure(self, lines=README_MC, after=""):
        """Debian's sendmail.mc with lines before its mailers, and some after them."""
        mc = self.machine.read(DEBIAN_MC)
        head, mailers, tail = mc.partition("MAILER_DEFINITIONS\n")
        self.machine.write("/etc/mail/sendmail.mc",
                           head + LAB_MC + lines + mailers + tail + after)
        done = self.machine.run("sh", "-c", "cd /etc/mail && m4 sendmail.mc >sendmail.cf",
                                limit=20)
        need(done.code == 0 and not done.err, f"m4 says {done.err[:1000]}")

    def sendmail(self, *arguments, stdin=None):
        return self.machine.run("sendmail", "-Am", *arguments, stdin=stdin)

    def send(self, *recipients, how="-odi"):
        """Give Sendmail a message, and wait until it has tried to deliver it."""
        return self.watch(lambda: self.submit(*recipients, how=how))

    def submit(self, *recipients, how="-odi"):
        done = self.sendmail(how, "-i", "-f", SENDER, *recipients, stdin=BODY)
        need(done.code in (0, 71, 75), f"sendmail exits {done.code}: {done.out}{done.err}")

    def empty_queue(self):
        for name in os.listdir(self.machine.path(QUEUE)):
            os.unlink(self.machine.path(f"{QUEUE}/{name}"))

    def queued(self):
        shown = self.sendmail("-bp").out
        return set(re.findall(r"^\s+<?([^<>\s()]+@[^<>\s]+?)>?$", shown, re.MULTILINE))

    @contextmanager
    def daemon(self):
        """The daemon, for a while."""
        process = self.machine.start("sendmail", "-bD", "-q1h")
        try:
            until(lambda: daemons.accepts("127.0.0.1", 25), "Sendmail does not answer")
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()
