"""nsd, unbound and nginx as the lab runs them: configuration, start, proof of life."""

import os
import signal
import socket
import subprocess
import time

import dnslib

from dns_server import SIGNED

NSD = "192.0.2.51"
UNBOUND = "192.0.2.53"
UNBOUND6 = "2001:db8::53"
LIVE_DNS = "192.0.2.54"         # scripted, for what changes while a case runs
BROKEN_DNS = "192.0.2.55"       # scripted, so that unbound may think ill of it
NGINX = "192.0.2.80"
NGINX6 = "2001:db8::80"

START_LIMIT = 30                # seconds; the machine may be busy

NSD_CONF = """
server:
    ip-address: {NSD}
    username: ""
    zonesdir: "{dir}"
    database: ""
    pidfile: "{dir}/nsd.pid"
    xfrdfile: "{dir}/nsd.xfrd"
    xfrdir: "{dir}"
    zonelistfile: "{dir}/nsd.list"
    logfile: "{dir}/nsd.log"
    server-count: 1
remote-control:
    control-enable: no
zone:
    name: "test"
    zonefile: "{dir}/test.zone"
{signed}
"""

NSD_SIGNED = """
zone:
    name: "{SIGNED}"
    zonefile: "{dir}/{SIGNED}.zone.signed"
"""

UNBOUND_CONF = """
server:
    interface: {UNBOUND}
    interface: {UNBOUND6}
    access-control: 0.0.0.0/0 allow
    access-control: ::/0 allow
    username: ""
    chroot: ""
    directory: "{dir}"
    pidfile: "{dir}/unbound.pid"
    logfile: "{dir}/unbound.log"
    use-syslog: no
    num-threads: 1
    module-config: "{modules}"
    do-not-query-localhost: no
    qname-minimisation: no
    infra-host-ttl: 1
    local-zone: "test." nodefault
{anchor}
stub-zone:
    name: "test"
    stub-addr: {NSD}
stub-zone:
    name: "live.test"
    stub-addr: {LIVE_DNS}
stub-zone:
    name: "broken.test"
    stub-addr: {BROKEN_DNS}
remote-control:
    control-enable: no
"""

UNBOUND_SIGNED = """
    trust-anchor-file: "{dir}/{SIGNED}.key"
stub-zone:
    name: "{SIGNED}"
    stub-addr: {NSD}
"""

# nginx writes the same JSON lines as the scripted servers.
NGINX_CONF = """
daemon off;
{user}
worker_processes 1;
pid {dir}/nginx.pid;
error_log {dir}/nginx.log;
events {{ worker_connections 256; }}
http {{
    log_format seen escape=json '{{"server":"https","event":"request",'
        '"host":"$server_name","sni":"$ssl_server_name","line":"$request",'
        '"headers":{{"host":"$http_host","if-none-match":"$http_if_none_match"}}}}';
    access_log {dir}/seen.jsonl seen;
    client_body_temp_path {dir}/nginx-body;
    proxy_temp_path {dir}/nginx-proxy;
    fastcgi_temp_path {dir}/nginx-fastcgi;
    uwsgi_temp_path {dir}/nginx-uwsgi;
    scgi_temp_path {dir}/nginx-scgi;
    types {{ text/plain txt; }}
    server_names_hash_bucket_size 256;
{servers}
}}
"""

NGINX_SERVER = """
    server {{
        listen {NGINX}:443 ssl;
        listen [{NGINX6}]:443 ssl;
        server_name {host};
        root {dir}/www/{host};
        ssl_certificate {certificate};
        ssl_certificate_key {certificate};
    }}
"""

ADDRESSES = {"NSD": NSD, "UNBOUND": UNBOUND, "UNBOUND6": UNBOUND6, "LIVE_DNS": LIVE_DNS,
             "BROKEN_DNS": BROKEN_DNS, "NGINX": NGINX, "NGINX6": NGINX6, "SIGNED": SIGNED}


class Daemons:
    """The three daemons; `directory` holds all they read and write."""

    def __init__(self, directory):
        self.dir = directory
        self.running = {}
        self.commands = {}

    def start(self, zone, sites):
        """`sites` is {policy host: (certificate file, policy)}."""
        self._write("test.zone", zone.text())
        nsd, unbound, modules = "", "", "iterator"
        if zone.signed():
            self._sign(zone)
            nsd, unbound, modules = NSD_SIGNED, UNBOUND_SIGNED, "validator iterator"
        self._run("nsd", "-d", "-c",
                  self._conf("nsd.conf", NSD_CONF, signed=self._filled(nsd)))
        self._run("unbound", "-d", "-c",
                  self._conf("unbound.conf", UNBOUND_CONF, modules=modules,
                             anchor=self._filled(unbound)))
        self._run("nginx", "-e", self._path("nginx.log"),
                  "-c", self._conf("nginx.conf", NGINX_CONF, **self._sites(sites)))
        self._wait("nsd", lambda: answers(NSD))
        self._wait("unbound", lambda: answers(UNBOUND) and answers(UNBOUND6))
        if sites:
            self._wait("nginx", lambda: accepts(NGINX, 443))

    def stop(self, *commands):
        """End those whose names are given, or all."""
        ending = [self.running.pop(command)
                  for command in commands or list(self.running)]
        for process in ending:
            process.send_signal(signal.SIGTERM)
        for process in ending:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def restart(self, command):
        """Start again what was stopped."""
        self._run(*self.commands[command])

    def _sign(self, zone):
        """Sign the zone that is to be secure; unbound trusts its key."""
        file = self._write(SIGNED + ".zone", zone.text(SIGNED))
        made = subprocess.run(["ldns-keygen", "-a", "ECDSAP256SHA256", "-k", SIGNED],
                              cwd=self.dir, capture_output=True, text=True, check=True)
        key = self._path(made.stdout.strip())
        subprocess.run(["ldns-signzone", file, key], check=True)
        os.rename(key + ".key", self._path(SIGNED + ".key"))

    def _sites(self, sites):
        for host, (_, policy) in sites.items():
            directory = self._path(f"www/{host}/.well-known")
            os.makedirs(directory)
            self._write(f"www/{host}/.well-known/mta-sts.txt", policy)
        servers = "".join(NGINX_SERVER.format(host=host, certificate=certificate,
                                              dir=self.dir, **ADDRESSES)
                          for host, (certificate, _) in sites.items())
        return {"servers": servers, "user": "user root;" if os.getuid() == 0 else ""}

    def _conf(self, name, template, **more):
        return self._write(name, self._filled(template, **more))

    def _filled(self, template, **more):
        return template.format(dir=self.dir, **ADDRESSES, **more)

    def _run(self, *command):
        with open(self._path(command[0] + ".out"), "wb") as out:
            self.commands[command[0]] = command
            self.running[command[0]] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    def _wait(self, name, alive):
        """Wait until a daemon answers, or say what it said."""
        end = time.monotonic() + START_LIMIT
        while not alive():
            if time.monotonic() > end:
                raise RuntimeError(f"{name} does not answer:\n{self._said(name)}")
            time.sleep(0.05)

    def _said(self, name):
        text = ""
        for suffix in (".out", ".log"):
            if os.path.exists(self._path(name + suffix)):
                with open(self._path(name + suffix), encoding="utf-8",
                          errors="replace") as file:
                    text += file.read()
        return text

    def _path(self, name):
        return os.path.join(self.dir, name)

    def _write(self, name, text):
        data = text if isinstance(text, bytes) else text.encode()
        with open(self._path(name), "wb") as file:
            file.write(data)
        return self._path(name)


def answers(address):
    """Does a name server give the SOA of test.?"""
    query = dnslib.DNSRecord.question("test", "SOA")
    try:
        reply = query.send(address, timeout=1, ipv6=":" in address)
        return bool(dnslib.DNSRecord.parse(reply).rr)
    except (OSError, dnslib.DNSError):
        return False


def accepts(address, port):
    try:
        socket.create_connection((address, port), timeout=1).close()
        return True
    except OSError:
        return False
