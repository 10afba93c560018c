"""A policy host that does what it is told, however wrong.

What it does is an iterator of octets to send, made by one of the functions
below, or a handler of listen.py that takes the place of TLS or of HTTP.
"""

import time
from dataclasses import dataclass, field
from typing import Callable, Optional

import tls

PATH = "/.well-known/mta-sts.txt"
PLAIN = "text/plain; charset=utf-8"
REQUEST_LIMIT = 65536


def policy(mode="enforce", mx=(), max_age=86400, **more):
    """A policy body; more fields as name=value."""
    fields = [("version", "STSv1"), ("mode", mode)]
    fields += [("mx", pattern) for pattern in mx]
    fields += [("max_age", max_age), *more.items()]
    return "".join(f"{name}: {value}\r\n" for name, value in fields).encode()


def head(status, content_type=PLAIN, headers=()):
    lines = [f"HTTP/1.1 {status} Whatever", "Connection: close"]
    if content_type is not None:
        lines.append("Content-Type: " + content_type)
    lines += [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def reply(body, status=200, content_type=PLAIN, headers=(), length=0):
    """A reply whose Content-Length may lie by `length` octets."""
    headers = [*headers, ("Content-Length", len(body) + length)]
    return lambda: iter((head(status, content_type, headers), body))


def until_close(body):
    """No length: the end of the connection is the end of the body."""
    return lambda: iter((head(200), body))


def chunked(body):
    def answer():
        yield head(200, headers=[("Transfer-Encoding", "chunked")])
        yield b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    return answer


def endless(piece=b"x: " + b"y" * 1020 + b"\n"):
    """A chunked body without end, valid as far as it goes."""
    def answer():
        yield head(200, headers=[("Transfer-Encoding", "chunked")])
        while True:
            yield b"%x\r\n%s\r\n" % (len(piece), piece)
    return answer


def endless_headers():
    def answer():
        yield b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
        while True:
            yield b"X-More: " + b"y" * 1000 + b"\r\n"
    return answer


def drip(body, pause=1.0):
    """The body, one octet at a time."""
    def answer():
        yield head(200, headers=[("Content-Length", len(body))])
        for octet in body:
            time.sleep(pause)
            yield bytes([octet])
    return answer


def drip_headers(pause=1.0):
    """A status line, then headers, one octet at a time."""
    def answer():
        for octet in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"y" * 300:
            yield bytes([octet])
            time.sleep(pause)
    return answer


def raw(data):
    return lambda: iter((data,))


@dataclass
class PolicyHost:
    name: str
    address: str
    certificate: str
    answer: Callable
    versions: tuple = tls.MODERN
    instead_of_tls: Optional[Callable] = None
    instead_of_http: Optional[Callable] = None
    record: object = field(default=None, repr=False)

    def __call__(self, connection):
        who = {"server": "https", "host": self.name}
        self.record.write(event="connect", **who)
        if self.instead_of_tls:
            self.instead_of_tls(connection)
            return
        with tls.accept(connection, self.certificate, self.versions,
                        self.record, **who) as secure:
            if self.instead_of_http:
                self.instead_of_http(secure)
                return
            self._converse(secure, who)

    def _converse(self, secure, who):
        request = read_request(secure)
        if request is None:
            return
        self.record.write(event="request", **request, **who)
        for piece in self.answer():
            secure.sendall(piece)
        tls.close(secure)


def read_request(secure):
    """The request line and the headers, names in lower case."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = secure.recv(4096)
        if not piece or len(data) > REQUEST_LIMIT:
            return None
        data += piece
    line, *headers = data.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
    pairs = (header.partition(":") for header in headers)
    return {"line": line,
            "headers": {name.lower(): value.strip() for name, _, value in pairs}}
