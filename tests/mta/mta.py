"""The lab with one of Debian's MTAs in it, and what became of the mail that it was given."""

import os
import socket
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass

sys.path.insert(1, os.path.join(os.path.dirname(__file__), "../lab"))

# pylint: disable=wrong-import-position
import daemons
from debian import Overlay, mount
from lab import Lab
from mtasts import Mtasts
from tap import Failure, same

US = "sender.test"
SENDER = "somebody@" + US
OUR_ADDRESS = "192.0.2.1"
SECRET = "the quick brown fox"
BODY = f"Subject: a message\nFrom: {SENDER}\n\n{SECRET}\n".encode()


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

    def texts(self):
        """The messages that were taken, headers and all."""
        return [event["text"] for event in self.at_hosts("message")]

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


class MtaLab(Lab):
    """Subclasses have `packages`, and know how to send and to wait; mtasts-milter runs
    while the lab does, or when a case says so."""

    packages = None
    with_mtasts = True

    def __init__(self):
        super().__init__()
        self.machine = Overlay()
        self.machine.write("/etc/resolv.conf", f"nameserver {daemons.UNBOUND}\n")
        self.machine.write("/etc/hosts", f"127.0.0.1 localhost\n{OUR_ADDRESS} {US}\n")
        self.machine.write("/etc/mailname", US + "\n")
        self.syslog = Syslog(self.machine.path("/dev/log"))
        self.machine.install(self.packages)
        with open(self.pki.root, encoding="ascii") as file:
            self.machine.trust(file.read())
        os.mkdir(self.machine.path("/src"))
        mount("--bind", os.environ["abs_top_srcdir"], self.machine.path("/src"))
        self.mtasts = Mtasts(self.machine)
        if self.with_mtasts:
            self.install_mtasts()

    def install_mtasts(self):
        self.mtasts.install()
        self.machine.must("useradd", "--system", "--home-dir", "/nonexistent",
                          "--shell", "/usr/sbin/nologin", "mtasts")
        self.mtasts.configure()

    def start(self):
        super().start()
        if self.with_mtasts:
            self.mtasts.start()

    def __exit__(self, *what):
        try:
            if self.mtasts.process:
                self.mtasts.stop()
        finally:
            super().__exit__(*what)

    def watch(self, action):
        """What comes of an action that begins with an empty queue."""
        mark, lines = self.record.mark(), len(self.syslog.lines)
        self.empty_queue()
        action()
        return Delivery("\n".join(self.syslog.lines[lines:]), self.queued(),
                        self.record.read(mark))

    def send(self, *recipients):
        """Give the MTA a message past its preflight, and wait until it has tried to
        deliver it."""
        return self.watch(lambda: self.submit(*recipients))

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
