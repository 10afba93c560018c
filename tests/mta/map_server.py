"""A socket map that answers from a table, for the rules of contrib/sendmail alone.

It speaks the dialects `mtasts` (the key `domain|server`, the answers `OK secure` and
`OK refuse REASON`) and `postfix` (the key a next hop)."""

import os
import socketserver
import threading


class MapServer:
    """`policies` is {domain: the servers it allows}; `failing` are domains that
    are answered by TEMP."""

    def __init__(self, path):
        self.path = path
        self.policies = {}
        self.failing = set()
        self.asked = []
        self.server = None

    def start(self):
        os.makedirs(os.path.dirname(self.path), mode=0o755, exist_ok=True)
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.server = socketserver.ThreadingUnixStreamServer(self.path, self.handler())
        os.chmod(self.path, 0o666)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        os.unlink(self.path)

    def handler(self):
        owner = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                while (query := netstring(self.rfile)) is not None:
                    answer = owner.answer(query.decode("latin-1")).encode("latin-1")
                    self.wfile.write(b"%d:%s," % (len(answer), answer))
        return Handler

    def answer(self, query):
        self.asked.append(query)
        name, _, key = query.partition(" ")
        domain, _, server = (part.strip() for part in key.partition("|"))
        domain = domain.lower()
        if domain in self.failing:
            return "TEMP no answer"
        servers = self.policies.get(domain)
        if servers is None:
            return "NOTFOUND "
        if name == "postfix":
            return f"OK secure match={':'.join(servers)} servername=hostname"
        if server in servers:
            return "OK secure"
        return f"OK refuse policy of {domain} does not list {server}"


def netstring(file):
    """The next netstring, or None at the end."""
    size = b""
    while (octet := file.read(1)) not in (b":", b""):
        size += octet
    return file.read(int(size) + 1)[:-1] if octet else None
