"""The lab with one of Debian's MTAs in it, and what became of the mail that it was given."""

import os
import signal
import smtplib
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass

sys.path.insert(1, os.path.join(os.path.dirname(__file__), "../lab"))

# pylint: disable=wrong-import-position
import daemons
from debian import Overlay, mount, turn
from lab import ALLOWED, Lab, body
from tap import Failure, need, same

US = "sender.test"
SENDER = "somebody@" + US
OUR_ADDRESS = "192.0.2.1"
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
MAP = "/run/mtasts/map.sock"
MILTER = "/run/mtasts/milter.sock"
SECRET = "the quick brown fox"
BODY = f"Subject: a message\nFrom: {SENDER}\n\n{SECRET}\n".encode()
PATIENCE = 30


def until(done, otherwise):
    """Wait until something is true."""
    end = time.monotonic() + PATIENCE
    while not done():
        need(time.monotonic() < end, otherwise)
        time.sleep(0.1)


@dataclass
class Delivery:
    """What became of a message: the log, the recipients still in the queue,
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


def accepts(path):
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(path) == 0


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


class MtaLab(Lab):
    """Subclasses have `packages`, and know how to send and to wait."""

    packages = None

    def __init__(self):
        super().__init__()
        self.machine = Overlay()
        self.machine.write("/etc/resolv.conf", f"nameserver {daemons.UNBOUND}\n")
        self.machine.write("/etc/hosts", f"127.0.0.1 localhost\n{OUR_ADDRESS} {US}\n")
        self.machine.write("/etc/mailname", US + "\n")
        self.syslog = Syslog(self.machine.path("/dev/log"))
        self.machine.install(self.packages)
        with open(self.pki.root, encoding="ascii") as file:
            self.machine.write(AUTHORITIES, file.read())
        os.mkdir(self.machine.path("/src"))
        mount("--bind", os.environ["abs_top_srcdir"], self.machine.path("/src"))

    # mtasts-milter in the machine.

    def install_mtasts(self):
        """What was built, and its user."""
        env = {name: value for name, value in os.environ.items()
               if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
        with turn():      # libtool links again, in the build directory
            subprocess.run(["make", "-C", os.environ["abs_top_builddir"], "install",
                            "DESTDIR=" + self.machine.root], stdin=subprocess.DEVNULL,
                           capture_output=True, timeout=300, check=True, env=env)
        self.machine.must("ldconfig")
        self.machine.must("useradd", "--system", "--home-dir", "/nonexistent",
                          "--shell", "/usr/sbin/nologin", "mtasts")

    def mtasts_conf(self, **sections):
        sections = {"https": {"allow_addresses": ALLOWED},
                    "daemon": {"user": "mtasts"}, **sections}
        self.machine.write("/etc/mtasts.conf", "".join(
            f"{name} {{\n{body(keys)}}}\n" for name, keys in sections.items()))

    def start_mtasts(self):
        process = self.machine.start("mtasts-milter", "-f", "-c", "/etc/mtasts.conf")
        until(lambda: all(accepts(self.machine.path(name)) for name in (MAP, MILTER)),
              "mtasts-milter does not listen:\n" + "\n".join(self.syslog.lines[-20:]))
        return process

    @staticmethod
    def end_mtasts(process):
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)

    @staticmethod
    def rcpt(*recipients, data=None):
        """What a client is told of recipients, [(code, text)], and of the message."""
        with smtplib.SMTP("127.0.0.1", timeout=PATIENCE, local_hostname="client.test") as smtp:
            smtp.ehlo()
            sender = smtp.mail(SENDER)
            if sender[0] != 250:
                return [(sender[0], sender[1].decode("latin-1"))]
            replies = [smtp.rcpt(recipient) for recipient in recipients]
            if data is not None:
                replies.append(smtp.data(data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")))
        return [(code, text.decode("latin-1")) for code, text in replies]

    def watch(self, action):
        """What comes of an action that begins with an empty queue."""
        mark, lines = self.record.mark(), len(self.syslog.lines)
        self.empty_queue()
        action()
        return Delivery("\n".join(self.syslog.lines[lines:]), self.queued(),
                        self.record.read(mark))

    def expect(self, domains, fates, local="user"):
        """A message to domains; `fates` is who takes it for each, None for nobody."""
        delivery = self.send(*(f"{local}@{domain}" for domain in domains))
        told = {(host, f"{local}@{domain}".lower()) for domain, host in fates.items() if host}
        with delivery.told():
            same("queued", {name.lower() for name in delivery.queued},
                 {f"{local}@{domain}".lower() for domain, host in fates.items() if not host})
            same("told of recipients", delivery.recipients(), told)
            same("the message is at", {host for host, _ in delivery.messages()},
                 {host for host in fates.values() if host})
        return delivery
