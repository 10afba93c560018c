"""A network of the benchmark's own: a real name server (nsd), and policy hosts and MX
hosts of every name, in the namespaces of the lab.

The names of a zone are all alike, by wildcards: d0000042.bench.test has a TXT record, an
MX record and a policy host.  They answer at once; those of slow.test take a second, those
of hang.test take for ever, and the TXT records of brief.test live for a second.
"""

import os
import socket
import subprocess
import sys
import time

sys.path.insert(1, os.path.join(os.path.dirname(__file__), "../lab"))

# pylint: disable=wrong-import-position
from measure import Bench, cachectl, program
from namespace import enter, furnish

NAME_SERVER = "192.0.2.51"
# address of the policy hosts: milliseconds until they answer
POLICY_HOSTS = {"192.0.2.80": 0, "192.0.2.81": 1000, "192.0.2.82": 10 ** 7}
MX_HOST = "192.0.2.80"          # as well as policy host
NETWORK = "192.0.2.1/24"
# zone: (address of its policy hosts, TTL)
ZONES = {
    "bench.test": ("192.0.2.80", 3600),
    "slow.test": ("192.0.2.81", 3600),
    "hang.test": ("192.0.2.82", 3600),
    "brief.test": ("192.0.2.80", 1),
}
FILES = {"resolv.conf": f"nameserver {NAME_SERVER}\n", "hosts": "127.0.0.1 localhost\n"}
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
PATIENCE = 30

ZONE = """\
$ORIGIN {zone}.
$TTL {ttl}
@ SOA ns.{zone}. hostmaster.{zone}. 1 3600 600 86400 60
@ NS ns.{zone}.
ns A 192.0.2.51
* TXT "v=STSv1; id=20261122T000000;"
* MX 10 mx.bench.test.
* A {address}
"""

NSD = """
server:
    ip-address: 192.0.2.51
    username: ""
    zonesdir: "{dir}"
    database: ""
    pidfile: "{dir}/nsd.pid"
    xfrdfile: "{dir}/nsd.xfrd"
    xfrdir: "{dir}"
    zonelistfile: "{dir}/nsd.list"
    logfile: "{dir}/nsd.log"
    server-count: 1
    rrl-ratelimit: 0
remote-control:
    control-enable: no
"""

CONF = """
cache {{ size = 4G }}
dns {{ servers = {{{name_server}}} }}
https {{ ca_file = {roots} allow_addresses = {{192.0.2.0/24}} }}
"""


class Net(Bench):
    """with Net() as net: servers run, net.conf is a configuration, net.roots a file of
    all the roots that Debian has and ours."""

    mx_host = MX_HOST

    def __init__(self):
        enter()
        super().__init__()
        furnish([NETWORK], self.dir, FILES)
        self.running = []
        self._pki()
        self._name_server()
        for address, delay in POLICY_HOSTS.items():
            self._server("https", address, delay)
        self._server("smtp", MX_HOST, 0)
        for address, port in [*((address, 443) for address in POLICY_HOSTS),
                              (MX_HOST, 25)]:
            wait_for(address, port)
        self.conf = self.write("mtasts.conf", CONF.format(name_server=NAME_SERVER,
                                                          roots=self.roots))

    def __exit__(self, *_):
        for process in self.running:
            process.kill()
            process.wait()
        super().__exit__()

    def write(self, name, text):
        with open(self.path(name), "w", encoding="ascii") as file:
            file.write(text)
        return self.path(name)

    def _pki(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=bench",
                        "-days", "30", "-keyout", self.path("root.key"),
                        "-out", self.path("root.pem")], check=True, capture_output=True)
        with open(AUTHORITIES, encoding="ascii") as file:
            text = file.read()
        with open(self.path("root.pem"), encoding="ascii") as file:
            self.roots = self.write("roots.pem", text + file.read())

    def _name_server(self):
        conf = NSD.format(dir=self.dir)
        for zone, (address, ttl) in ZONES.items():
            self.write(zone, ZONE.format(zone=zone, address=address, ttl=ttl))
            conf += f'zone:\n    name: "{zone}"\n    zonefile: "{self.path(zone)}"\n'
        self._run("nsd", "-d", "-c", self.write("nsd.conf", conf))
        wait_for(NAME_SERVER, 53)

    def _server(self, kind, address, delay):
        self._run(program("server"), kind, address, self.path("root.pem"),
                  self.path("root.key"), str(delay))

    def _run(self, *command):
        self.running.append(subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                             stdout=subprocess.DEVNULL))

    # What is run in it.

    def names(self, count, first=0, zone="bench.test"):
        """A file of domains."""
        return self.write(f"names.{zone}.{first}.{count}", "".join(
            f"d{number:07}.{zone}\n" for number in range(first, first + count)))

    def fresh(self, name="cache"):
        """An empty directory."""
        number = 0
        while os.path.exists(self.path(f"{name}{number}")):
            number += 1
        os.mkdir(self.path(f"{name}{number}"))
        return self.path(f"{name}{number}")

    def command(self, cache, *arguments):
        return [cachectl(), "-c", self.conf, "--cache", cache, *map(str, arguments)]


def counter(protocol, name):
    """One of the counters of this namespace."""
    with open("/proc/net/snmp", encoding="ascii") as file:
        names, values = [text.split() for text in file
                         if text.startswith(protocol + ":")]
    return int(dict(zip(names, values))[name])


def connections():
    """TCP connections accepted in this namespace so far."""
    return counter("Tcp", "PassiveOpens")


def wait_for(address, port):
    end = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection((address, port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
