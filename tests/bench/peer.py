"""The peer: Debian's postfix-mta-sts-resolver, unpacked and not installed, with the
packages of Python that it needs.  Its cache is not asked again for a day, so that it is
the cache that is measured."""

import os
import subprocess
import sys
import time

sys.path.insert(1, os.path.join(os.path.dirname(__file__), "../lab"))

# pylint: disable=wrong-import-position
from debian import Packages, turn
from product import answers

PACKAGES = Packages("peer", "postfix-mta-sts-resolver", "python3-uvloop")
ROOT = os.path.join(PACKAGES.directory, "root")
DAEMON = ("import sys; from postfix_mta_sts_resolver.daemon import main; sys.exit(main())")
CONF = """\
path: {path}
mode: 0666
cache_grace: 86400
cache:
  type: {cache}
  options:
{options}
default_zone:
  strict_testing: false
  timeout: 60
"""
CACHES = {
    "internal": "    cache_size: 1000000\n",
    "sqlite": '    filename: "{path}.db"\n',
}


def download():
    """Call it outside of the namespaces.  Says why, and ends this program, where the
    packages cannot be had."""
    PACKAGES.download("the peer's packages are not fetched")
    with turn():
        if not os.path.isdir(ROOT):
            for package in PACKAGES.files():
                subprocess.run(["dpkg", "-x", package, ROOT], check=True)


class Peer:
    """with Peer(directory, "internal", roots) as peer: its socket map is peer.map"""

    def __init__(self, directory, cache, roots=None):
        self.map = os.path.join(directory, f"peer-{cache}.sock")
        self.conf = self.map + ".yml"
        self.roots = roots
        self.process = None
        self.started = None
        with open(self.conf, "w", encoding="ascii") as file:
            file.write(CONF.format(path=self.map, cache=cache,
                                   options=CACHES[cache].format(path=self.map)))

    def __enter__(self):
        env = {**os.environ, "PYTHONPATH": os.path.join(
            ROOT, "usr/lib/python3/dist-packages")}
        if self.roots:
            env["SSL_CERT_FILE"] = self.roots
        begin = time.monotonic()
        self.process = subprocess.Popen(
            ["/usr/bin/python3", "-c", DAEMON, "-c", self.conf, "-v", "error"],
            env=env, stdin=subprocess.DEVNULL)
        answers(self.map)
        self.started = time.monotonic() - begin
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
