#!/usr/bin/python3 -B
"""The lab: real and misbehaving DNS, HTTPS and SMTP servers on their own ports,
in network and mount namespaces that this program makes itself.

    lab.py shell [AREA]              a shell inside, with the servers of an area
    lab.py run [AREA] -- COMMAND...  a command inside

AREA is the name of a case file without cases_ and .py; without one, the
well-behaved domains of world.py.  README.md tells the rest.
"""

import importlib
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile

from namespace import enter, furnish, own, skip

try:
    import daemons
    import dns_server
    import https_server
    import listen
    import pki
    import smtp_server
except ImportError as missing:
    skip(f"{missing.name} is not installed for {sys.executable} "
         "(tests/packages lists the packages)")

POLICY_NET = "198.51.100."      # scripted policy hosts
MX_NET = "203.0.113."           # scripted MX hosts
NET6 = "2001:db8::1:"
NETWORKS = ("192.0.2.1/24", POLICY_NET + "1/24", MX_NET + "1/24",
            daemons.UNBOUND6 + "/128", daemons.NGINX6 + "/128")
ALLOWED = ("192.0.2.0/24", POLICY_NET + "0/24", MX_NET + "0/24", "2001:db8::/32")

FILES = {
    "resolv.conf": f"nameserver {daemons.UNBOUND}\nsearch trap.test\noptions ndots:3\n",
    "hosts": "127.0.0.1 localhost\n127.0.0.2 mta-sts.hosts.test mx.hosts.test\n",
}

COMMAND = "mtasts-cachectl"


class Lab:
    """Tell it of a world, start it, run the command.

    with Lab() as lab:
        lab.mx_host("mx.good.test")
        lab.domain("good.test", mx=["mx.good.test"])
        lab.start()
        lab.run("--json", "check", "good.test")
    """

    def __init__(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="mtasts-lab.",
                                                     ignore_cleanup_errors=True)
        self.dir = self.temporary.name
        os.chmod(self.dir, 0o755)
        self.record = listen.Record(self.path("seen.jsonl"))
        self.pki = pki.Pki(self.path("pki"))
        self.zone = dns_server.Zone()
        self.listeners = listen.Listeners()
        self.daemons = daemons.Daemons(self.dir)
        self.sites = {}
        self.hosts = {net: itertools.count(2) for net in (POLICY_NET, MX_NET, NET6)}
        self.runs = itertools.count(1)
        furnish(NETWORKS, self.dir, FILES)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.daemons.stop()
        self.temporary.cleanup()

    def path(self, name):
        return os.path.join(self.dir, name)

    # What there is in the world.

    def domain(self, name, mx=(), patterns=None, txt="v=STSv1; id=1;", ttl=None,
               **policy):
        """A domain: MX hosts in order of preference, a TXT record, and with a
        `mode` or patterns a policy at nginx.  Patterns are the MX hosts' names
        unless given."""
        for number, host in enumerate(mx, 1):
            self.zone.add(name, "MX", (10 * number, host), ttl)
        if txt:
            self.zone.add("_mta-sts." + name, "TXT", [txt.encode("latin-1")], ttl)
        if patterns is None:
            patterns = mx
        if policy or patterns:
            self.publish(name, https_server.policy(mx=patterns, **policy))

    def publish(self, domain, policy, certificate=None, addresses=None):
        """A policy host at nginx."""
        host = "mta-sts." + domain
        self._addresses(host, addresses or (daemons.NGINX, daemons.NGINX6))
        self.sites[host] = (self.pki.file(certificate or pki.named(host)), policy)

    def policy_host(self, domain, answer, certificate=None, address=None, **more):
        """A scripted policy host, see https_server.py, which is returned."""
        host = "mta-sts." + domain
        return self._scripted(https_server.PolicyHost, host, 443, address or POLICY_NET,
                              certificate or pki.named(host), answer=answer, **more)

    def mx_host(self, name, certificate=None, address=None, **more):
        """A scripted MX host, see smtp_server.py, which is returned."""
        return self._scripted(smtp_server.MxHost, name, 25, address or MX_NET,
                              certificate or pki.named(name), **more)

    def absent(self, name, network=MX_NET):
        """A host whose address has no listener: connections are refused."""
        self._addresses(name, [self._address(network)])

    def deaf(self, name, port, network=MX_NET):
        """A host that never answers a SYN."""
        address = self._address(network)
        self._addresses(name, [address])
        self.listeners.deaf(address, port)

    def _scripted(self, kind, name, port, network, certificate, **more):
        address = self._address(network)
        self._addresses(name, [address])
        host = kind(name=name, address=address, record=self.record,
                    certificate=self.pki.file(certificate), **more)
        self.listeners.add(address, port, host)
        return host

    def _address(self, network):
        """The next address of a network of ours; any other address is taken as is."""
        if network not in self.hosts:
            return network
        address = f"{network}{next(self.hosts[network]):{'x' if ':' in network else ''}}"
        if ":" in address:
            own(address + "/128")
        return address

    def _addresses(self, name, addresses):
        for address in addresses:
            self.zone.add(name, "AAAA" if ":" in address else "A", address)

    def start(self):
        server = dns_server.DnsServer(self.zone, self.record)
        for address in (daemons.LIVE_DNS, daemons.BROKEN_DNS):
            server.start(address, self.listeners)
        self.listeners.start()
        self.daemons.start(self.zone, self.sites)

    # The command under test.

    def run(self, *arguments, conf=None, cache=None, limit=90, before=(), stdin=None):
        """Run the command with a configuration and a cache directory, fresh ones
        unless given; `before` stands before it, as env does."""
        number = next(self.runs)
        command = [*before, command_under_test(), "-c", self.conf(conf or {}, number),
                   "--cache", cache or self.path(f"cache{number}"), *arguments]
        return run(command, limit, stdin)

    def conf(self, changes, number=0):
        """Write a configuration: the lab's, with some keys changed or, by None,
        left out.  Returns its path."""
        sections = {
            "dns": {"servers": [daemons.UNBOUND], "timeout": "2s"},
            "https": {"ca_file": self.pki.root, "allow_addresses": ALLOWED},
            "probe": {"ca_file": self.pki.root, "helo": "sender.test"},
        }
        for section, keys in changes.items():
            sections[section] = {**sections.get(section, {}), **keys}
        path = self.path(f"mtasts{number}.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write("".join(f"{name} {{\n{body(keys)}}}\n"
                               for name, keys in sections.items()))
        return path


def body(keys):
    return "".join(f"    {key} = {spelled(value)}\n"
                   for key, value in keys.items() if value is not None)


def spelled(value):
    """A value in the configuration's syntax; a string of digits and a unit is a
    duration or a size."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "{" + ", ".join(f'"{item}"' for item in value) + "}"
    return value if value[:1].isdigit() else f'"{value}"'


class Outcome:
    """How a command ended: code (None if it had to be killed), out, err."""

    def __init__(self, command, code, out, err):
        self.command = command
        self.code = code
        self.out = out.decode(errors="surrogateescape")
        self.err = err.decode(errors="surrogateescape")


def run(command, limit, stdin=None):
    # A session of its own: what stands before the command may run it as a child.
    with subprocess.Popen(command, stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          start_new_session=True) as process:
        try:
            out, err = process.communicate(stdin, timeout=limit)
            return Outcome(command, process.returncode, out, err)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return Outcome(command, None, *process.communicate())


def command_under_test():
    """$MTASTS_CACHECTL, or the one just built, or the one installed."""
    top = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
    builds = (os.environ.get("abs_top_builddir", ""), os.path.join(top, "build"))
    built = [os.path.join(build, "core/cachectl", COMMAND) for build in builds]
    for candidate in (os.environ.get("MTASTS_CACHECTL"), *built, COMMAND):
        found = candidate and shutil.which(candidate)
        if found:
            return found
    return skip(f"{COMMAND} is not found: build it, and set abs_top_builddir or "
                "MTASTS_CACHECTL")


def main(arguments):
    """Run a shell or a command in the lab."""
    verb, *rest = arguments or ["help"]
    if verb not in ("shell", "run"):
        print(__doc__)
        return 0 if verb in ("help", "--help", "-h") else 2
    enter()
    area = rest.pop(0) if rest and rest[0] != "--" else None
    world = importlib.import_module("cases_" + area if area else "world")
    with Lab() as lab:
        world.build(lab)
        lab.start()
        os.environ.update(LAB_DIR=lab.dir, LAB_CONF=lab.conf({}), LAB_CA=lab.pki.root)
        command = rest[1:] or [os.environ.get("SHELL", "/bin/sh")]
        if verb == "shell":
            print(f"Inside the lab.  {COMMAND} -c $LAB_CONF --cache $LAB_DIR/cache; "
                  "the servers' record is $LAB_DIR/seen.jsonl.", file=sys.stderr)
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
