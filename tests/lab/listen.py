"""What every scripted server of the lab is made of: listeners and a record.

A listener is one address and port and a handler; a handler is called in a
thread of its own with the accepted socket, and the socket is closed when it
returns.  What servers see is written as JSON lines, also by nginx, so that a
case reads one file to learn what happened.
"""

import json
import os
import selectors
import socket
import struct
import threading
import time

PATIENCE = 120      # seconds a server waits for a client before it gives up


class Record:
    """An append-only file of JSON lines, shared by all servers."""

    def __init__(self, path):
        self.path = path
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)

    def write(self, **event):
        os.write(self.file, (json.dumps(event) + "\n").encode())

    def mark(self):
        """The present end of the record, to read only what comes after."""
        return os.stat(self.path).st_size

    def read(self, mark=0, **wanted):
        """The events after a mark that have all the wanted values."""
        with open(self.path, "rb") as file:
            file.seek(mark)
            events = [json.loads(line) for line in file]
        return [event for event in events
                if all(event.get(key) == value for key, value in wanted.items())]


class Listeners:
    """All listening TCP sockets of the lab, and one thread that accepts."""

    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.full = []

    def add(self, address, port, handler):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        sock = socket.create_server((address, port), family=family, backlog=64)
        self.selector.register(sock, selectors.EVENT_READ, handler)

    def deaf(self, address, port):
        """A port whose queue is full, so that the kernel ignores every SYN."""
        sock = socket.create_server((address, port), backlog=0)
        self.full.append(sock)
        for _ in range(3):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex((address, port))
            self.full.append(client)

    def start(self):
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            for key, _ in self.selector.select(timeout=1):
                connection, _ = key.fileobj.accept()
                threading.Thread(target=serve, args=(key.data, connection),
                                 daemon=True).start()


def serve(handler, connection):
    """Run a handler; a client that goes away in the middle is no news."""
    connection.settimeout(PATIENCE)
    with connection:
        try:
            handler(connection)
        except OSError:             # ssl.SSLError is one, too
            pass


# What a server may do to a client instead of speaking its protocol.

def silence(connection):
    """Say nothing until the client goes away."""
    while connection.recv(4096):
        pass


def close(_connection):
    """Close at once."""


def reset(connection):
    """Close by an RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                          struct.pack("ii", 1, 0))


def say(data):
    """Send some bytes, then wait for the client to go away."""
    def handler(connection):
        connection.sendall(data)
        silence(connection)
    return handler


def drip(data, pause=1.0):
    """Send one byte at a time."""
    def handler(connection):
        for byte in data:
            connection.sendall(bytes([byte]))
            time.sleep(pause)
        silence(connection)
    return handler


def endless(data):
    """Send the same bytes for as long as they are taken."""
    def handler(connection):
        while True:
            connection.sendall(data)
    return handler
