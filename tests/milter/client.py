"""The MTA's side of the milter protocol, one packet at a time."""

import contextlib
import socket
import struct

ALL_ACTIONS = 0x1ff
ALL_STEPS = 0x1fffff
ADD_HEADERS, BODY, CHANGE_HEADERS = 0x01, 0x02, 0x10
NO_HEADERS, QUIET_HEADERS = 0x20, 0x80
QUIET_MAIL = 0x4000


class Client:
    """One SMTP session of an MTA. The daemon's answers are a letter, as in
    the protocol, or the text of a reply."""

    def __init__(self, path, actions=ALL_ACTIONS, steps=ALL_STEPS):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(path)
        self.send("O", struct.pack("!3L", 6, actions, steps))
        command, data = self.packet()
        assert command == "O", command
        _, self.actions, self.steps = struct.unpack("!3L", data[:12])

    def send(self, command, data=b""):
        self.sock.sendall(struct.pack("!L", len(data) + 1) +
                          command.encode() + data)

    def _exactly(self, size):
        data = b""
        while len(data) < size:
            more = self.sock.recv(size - len(data))
            if not more:
                raise ConnectionError("the daemon closed the connection")
            data += more
        return data

    def packet(self):
        size, = struct.unpack("!L", self._exactly(4))
        data = self._exactly(size)
        return data[:1].decode(), data[1:]

    def answer(self):
        command, data = self.packet()
        return data.rstrip(b"\0").decode() if command == "y" else command

    def macros(self, command, **values):
        text = "".join(f"{name}\0{value}\0" for name, value in values.items())
        self.send("D", command.encode() + text.encode())

    def mail(self, queue_id=None):
        """Begin a transaction."""
        if queue_id is not None:
            self.macros("M", i=queue_id)
        self.send("M", b"<s@sender.test>\0")
        return None if self.steps & QUIET_MAIL else self.answer()

    def name(self, addr, mailer="esmtp", host=None):
        """Send a recipient; its answer is not waited for."""
        if mailer is not None:
            host = addr.rsplit("@", 1)[-1] if host is None else host
            self.macros("R", **{"{rcpt_mailer}": mailer, "{rcpt_host}": host,
                                "{rcpt_addr}": addr})
        self.send("R", f"<{addr}>\0".encode())

    def rcpt(self, addr, mailer="esmtp", host=None):
        self.name(addr, mailer, host)
        return self.answer()

    def header(self, name, value):
        if self.steps & NO_HEADERS:
            return
        self.send("L", f"{name}\0{value}\0".encode())
        if not self.steps & QUIET_HEADERS:
            self.answer()

    def end(self):
        """End the message: what is to change, and the answer."""
        self.send("E")
        changes = []
        while True:
            command, data = self.packet()
            if command not in "im":
                return changes, command
            index, = struct.unpack("!L", data[:4])
            name, value = data[4:].decode().split("\0")[:2]
            changes.append((command, index, name, value))

    def abort(self):
        self.send("A")

    def close(self):
        with contextlib.suppress(OSError):
            self.send("Q")
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
