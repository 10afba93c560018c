"""A Debian Sendmail in an overlay, and what became of the mail that it was given."""

import os
import re
import signal
import socket
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass

sys.path.insert(1, os.path.join(os.path.dirname(__file__), "../lab"))

# pylint: disable=wrong-import-position
import daemons
from debian import Overlay, Packages, mount
from lab import Lab
from namespace import own
from tap import Failure, need

US = "sender.test"
SENDER = "somebody@" + US
OUR_ADDRESS = "192.0.2.1"
DEBIAN_MC = "/usr/share/sendmail/cf/debian/sendmail.mc"
FEATURES = "/usr/share/sendmail/cf/feature/"
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
QUEUE = "/var/spool/mqueue"
SECRET = "the quick brown fox"
BODY = f"Subject: a message\nFrom: {SENDER}\n\n{SECRET}\n".encode()
PATIENCE = 30
PACKAGES = Packages("tests/mta/debs/sendmail", "sendmail-bin", "sendmail-cf")

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
MAP = "unix:/run/mtasts/map.sock"
README_MC = f"""\
define(`confCACERT', `{AUTHORITIES}')dnl
define(`confCACERT_PATH', `/etc/ssl/certs')dnl
FEATURE(`mtasts', `{MAP}', `mx.smart.test')dnl
"""


def download_debs():
    PACKAGES.download("Sendmail delivers mail as root")


@dataclass
class Delivery:
    """What became of a message: Sendmail's log, the recipients still in the queue,
    and what the servers saw."""

    log: str
    queued: set
    events: list

    @contextmanager
    def told(self):
        """Tell the whole story where something is not as expected."""
        try:
            yield
        except Failure as error:
            events = "\n".join(map(str, self.events))
            raise Failure(f"{error}\n{self.log}\nqueued: {sorted(self.queued)}\n"
                          f"{events}") from error

    def at_hosts(self, kind):
        return [event for event in self.events
                if event["server"] == "smtp" and event["event"] == kind]

    def messages(self):
        """Who was given the message: [(host, inside TLS)]."""
        return sorted((event["host"], event["tls"]) for event in self.at_hosts("message")
                      if SECRET in event["text"])

    def recipients(self):
        """Who was told of which recipient: {(host, recipient)}."""
        return {(event["host"], event["line"][9:].split(">")[0].lower())
                for event in self.at_hosts("command")
                if event["line"].upper().startswith("RCPT TO:<")}

    def names(self):
        """What was asked for by SNI: {(host, name)}."""
        return {(event["host"], event["sni"]) for event in self.at_hosts("hello")}


class Syslog:
    """What programs in the machine log."""

    def __init__(self, path):
        self.lines = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        os.chmod(path, 0o666)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            self.lines.append(self.socket.recv(65536).decode(errors="backslashreplace"))


class SendmailLab(Lab):
    """A lab whose machine sends mail by Sendmail."""

    def __init__(self):
        super().__init__()
        self.machine = Overlay()
        self.machine.write("/etc/resolv.conf", f"nameserver {daemons.UNBOUND}\n")
        self.machine.write("/etc/hosts", f"127.0.0.1 localhost\n{OUR_ADDRESS} {US}\n")
        self.machine.write("/etc/mailname", US + "\n")
        self.syslog = Syslog(self.machine.path("/dev/log"))
        self.machine.install(PACKAGES)
        with open(self.pki.root, encoding="ascii") as file:
            self.machine.write(AUTHORITIES, file.read())
        os.mkdir(self.machine.path("/src"))
        mount("--bind", os.environ["abs_top_srcdir"], self.machine.path("/src"))
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

    def watch(self, action):
        """What comes of an action that begins with an empty queue."""
        mark, lines = self.record.mark(), len(self.syslog.lines)
        for name in os.listdir(self.machine.path(QUEUE)):
            os.unlink(self.machine.path(f"{QUEUE}/{name}"))
        action()
        shown = self.sendmail("-bp").out
        queued = set(re.findall(r"^\s+<?([^<>\s()]+@[^<>\s]+?)>?$", shown, re.MULTILINE))
        return Delivery("\n".join(self.syslog.lines[lines:]), queued, self.record.read(mark))

    @contextmanager
    def daemon(self):
        """The daemon, for a while."""
        process = self.machine.start("sendmail", "-bD", "-q1h")
        try:
            end = time.monotonic() + PATIENCE
            while not daemons.accepts("127.0.0.1", 25):
                need(time.monotonic() < end, "Sendmail does not answer")
                time.sleep(0.1)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()
