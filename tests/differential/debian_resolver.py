"""Debian's postfix-mta-sts-resolver, asked without a network.

Its own resolver and responder run; what they would ask DNS and HTTPS for is given
to them. Only the package's file is needed, and nothing of what it depends on.
"""

import asyncio
import glob
import importlib
import logging
import os
import subprocess
import sys
import types

PACKAGE = "postfix-mta-sts-resolver"
MODULE = "postfix_mta_sts_resolver"
INSTALLED = "/usr/lib/python3/dist-packages"


def download(directory):
    """The package's file, with new lists of packages if need be. What apt says."""
    commands = [["download", PACKAGE], ["update"], ["download", PACKAGE]]
    for command in commands:
        done = subprocess.run(["apt-get", "-qq", *command], cwd=directory,
                              capture_output=True, text=True, check=False)
        if command[0] == "download" and done.returncode == 0:
            return ""
    return " ".join(done.stderr.split())[:150]


def fetch(directory):
    """Where its modules are: installed, or unpacked here. None, and why not."""
    if os.path.isdir(os.path.join(INSTALLED, MODULE)):
        return INSTALLED, ""
    unpacked = os.path.join(directory, PACKAGE)
    modules = unpacked + INSTALLED
    if not os.path.isdir(os.path.join(modules, MODULE)):
        os.makedirs(directory, exist_ok=True)
        said = download(directory)
        files = sorted(glob.glob(os.path.join(directory, PACKAGE + "_*.deb")))
        if not files:
            return None, f"{PACKAGE} cannot be had: {said}"
        subprocess.run(["dpkg", "-x", files[-1], unpacked], check=True)
    return modules, ""


def stand_in(name, **members):
    """A module in place of one that is only needed with a network."""
    module = types.ModuleType(name)
    for key, value in members.items():
        setattr(module, key, value)
    sys.modules[name] = module
    return module


class Content:
    """A body that is read to its end."""

    def __init__(self, body):
        self.body = body

    async def read(self, size):
        """The next piece."""
        piece, self.body = self.body[:size], self.body[size:]
        return piece


class Session:
    """An HTTPS client that gets the body at hand, whatever it asks for."""

    body = b""

    def __init__(self, **_):
        pass

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        return False

    def get(self, *_, **__):
        """The answer, as if from the policy host."""
        self.status = 200
        self.headers = {"Content-Type": "text/plain; charset=utf-8"}
        self.charset = "utf-8"
        self.content = Content(Session.body)
        return self


class Names:
    """A resolver that has the records at hand."""

    texts = []

    def __init__(self, **_):
        pass

    async def query(self, *_):
        """As aiodns gives them."""
        return [types.SimpleNamespace(text=text) for text in Names.texts]


class DebianResolver:
    """The answers of one implementation, in the words of all."""

    name = PACKAGE

    def __init__(self, modules):
        sys.path.insert(0, modules)
        sys.dont_write_bytecode = True
        logging.disable(logging.CRITICAL)
        error = stand_in("aiodns.error", DNSError=OSError)
        stand_in("aiodns", error=error, DNSResolver=Names)
        stand_in("aiohttp", ClientSession=Session,
                 ClientTimeout=lambda **_: None,
                 helpers=types.SimpleNamespace(proxies_from_env=dict))
        sys.modules.setdefault("yaml", types.ModuleType("yaml"))
        self.resolver = importlib.import_module(MODULE + ".resolver")
        self.responder = importlib.import_module(MODULE + ".responder")
        self.loop = asyncio.new_event_loop()

    def _resolve(self):
        resolver = self.resolver.STSResolver(loop=self.loop)
        status, found = self.loop.run_until_complete(
            resolver.resolve("a.test"))
        return found if status.name == "VALID" else None

    def record(self, texts):
        """The id, or None."""
        Names.texts = texts
        Session.body = b"version: STSv1\nmode: none\nmax_age: 1\n"
        found = self._resolve()
        return found and found[0]

    def policy(self, body):
        """(mode, max_age, patterns), or None."""
        Names.texts = [b"v=STSv1; id=1"]
        Session.body = body
        found = self._resolve()
        return found and (found[1]["mode"], found[1]["max_age"],
                          frozenset(mx.lower() for mx in found[1]["mx"]))

    def _answer(self, pattern):
        """What Postfix is told of a policy with this pattern."""
        policy = {"mode": "enforce", "max_age": 1, "mx": [pattern]}
        entry = types.SimpleNamespace(ts=0, pol_id="1", pol_body=policy)

        async def get(_):
            return entry

        responder = self.responder.STSSocketmapResponder
        it = responder.__new__(responder)
        it.__dict__.update(
            _zones={}, _logger=logging.getLogger("STS"),
            _cache=types.SimpleNamespace(get=get),
            _default_zone=types.SimpleNamespace(strict=False, require_sni=False))
        it.is_stale = lambda _: False
        answer = self.loop.run_until_complete(it.process_request(b"z a.test"))
        return answer.partition(b":")[2][:-1].decode()

    def match(self, pattern, host):
        """As Postfix would by that answer: a name, or with a dot in front every
        name below (postconf(5), smtp_tls_secure_cert_match)."""
        word = "OK secure match="
        answer = self._answer(pattern)
        assert answer.startswith(word), answer
        host = host.lower()
        return any(host.endswith(name) if name.startswith(".") else host == name
                   for name in answer[len(word):].lower().split(":"))
