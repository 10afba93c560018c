"""An MX host that does what it is told, however wrong.

`stages` puts a handler of listen.py in the place of the host from a stage on:
"banner", "ehlo", "starttls" (instead of its answer), "tls" (instead of the
handshake), "secure" (inside TLS).  Mail that comes is taken and recorded.
"""

from dataclasses import dataclass, field

import tls

LINE_LIMIT = 1 << 20
EXTENSIONS = ("PIPELINING", "SIZE 10485760", "8BITMIME", "STARTTLS")

REPLIES = {
    "MAIL": "250 2.1.0 Sender ok",
    "RCPT": "250 2.1.5 Recipient ok",
    "RSET": "250 2.0.0 Ok",
    "NOOP": "250 2.0.0 Ok",
}


@dataclass
class MxHost:
    name: str
    address: str
    certificate: str
    banner: bytes = b""
    extensions: tuple = EXTENSIONS
    ehlo: bytes = b""
    starttls: bytes = b"220 2.0.0 Go ahead\r\n"
    versions: tuple = tls.MODERN
    stages: dict = field(default_factory=dict)
    record: object = field(default=None, repr=False)

    def __call__(self, connection):
        session = Session(self, connection)
        try:
            session.run()
        finally:
            session.connection.close()


class Session:
    """One client."""

    def __init__(self, host, connection):
        self.host = host
        self.connection = connection
        self.buffer = b""
        self.tls = False
        self.record("connect")

    def record(self, event, **more):
        self.host.record.write(server="smtp", host=self.host.name, event=event, **more)

    def run(self):
        if self._replaced("banner"):
            return
        self.send(self.host.banner or f"220 {self.host.name} ESMTP lab\r\n".encode())
        while (line := self.line()) is not None:
            self.record("command", line=line, tls=self.tls)
            verb = line[:8].strip().upper().split(" ")[0]
            action = getattr(self, "do_" + verb.lower(), None)
            if action is None:
                self.say(REPLIES.get(verb, "500 5.5.1 Unknown command"))
            elif action():
                return

    # An action returns True when the session is over.

    def do_ehlo(self):
        if not self.tls and self._replaced("ehlo"):
            return True
        lines = [self.host.name, *(word for word in self.host.extensions
                                   if not (self.tls and word == "STARTTLS"))]
        self.send(self.host.ehlo or "".join(
            f"250{' ' if line is lines[-1] else '-'}{line}\r\n" for line in lines).encode())
        return False

    def do_helo(self):
        self.say("250 " + self.host.name)
        return False

    def do_starttls(self):
        if self._replaced("starttls"):
            return True
        self.send(self.host.starttls)
        if not self.host.starttls.startswith(b"220"):
            return False
        if self._replaced("tls"):
            return True
        self.buffer = b""
        self.connection = tls.accept(self.connection, self.host.certificate,
                                     self.host.versions, self.host.record,
                                     server="smtp", host=self.host.name)
        self.tls = True
        return self._replaced("secure")

    def do_data(self):
        self.say("354 Go on")
        text = []
        while (line := self.line()) not in (".", None):
            text.append(line)
        self.record("message", text="\n".join(text), tls=self.tls)
        self.say("250 2.0.0 Taken")
        return False

    def do_quit(self):
        self.say("221 2.0.0 Bye")
        if self.tls:
            tls.close(self.connection)
        return True

    def say(self, text):
        self.send(text.encode() + b"\r\n")

    def send(self, data):
        self.connection.sendall(data)

    def line(self):
        """The next line, or None at the end."""
        while b"\n" not in self.buffer:
            piece = self.connection.recv(4096)
            if not piece or len(self.buffer) > LINE_LIMIT:
                return None
            self.buffer += piece
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line.rstrip(b"\r").decode("latin-1")

    def _replaced(self, stage):
        handler = self.host.stages.get(stage)
        if handler:
            handler(self.connection)
        return bool(handler)
