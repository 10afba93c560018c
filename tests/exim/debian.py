"""Debian's own packages, installed where nobody else sees them: in an overlay of /
inside the lab's namespaces.  The machine itself is not changed."""

import contextlib
import fcntl
import glob
import os
import subprocess
import sys

sys.path.insert(1, os.path.join(os.path.dirname(__file__), "../lab"))

# pylint: disable=wrong-import-position
from lab import run
from namespace import INSIDE, skip

MOUNTPOINT = "/mnt"             # in a mount namespace of our own
DEVICES = ("null", "zero", "random", "urandom")
ENVIRONMENT = ("env", "-i", "HOME=/root", "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive",
               "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
INSTALL_LIMIT = 300
LIMIT = 120                     # seconds for any other command


def cache():
    """Where packages are kept between runs."""
    return os.path.join(os.environ.get("abs_top_builddir") or "/var/tmp/mtasts",
                        "tests/exim/debs")


@contextlib.contextmanager
def turn():
    """One of the programs that run at once does this at a time."""
    os.makedirs(cache(), exist_ok=True)
    with open(os.path.join(cache(), "lock"), "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def download(*packages):
    """Have packages, with what they need and this machine lacks, in the cache;
    asks the network once.  What others only recommend, or what conflicts with
    an earlier one, comes alone.  To be called outside of the namespaces."""
    if INSIDE in os.environ:
        return
    if os.getuid() != 0:
        skip("not root: Exim routes mail for delivery as root, and would not "
             "do here what it does in production")
    with turn():
        if not all(debs(name) for name in packages):
            fetch(packages)


def fetch(packages):
    directory = cache()
    os.makedirs(os.path.join(directory, "partial"), exist_ok=True)
    first, *others = packages
    commands = [["apt-get", "-qq", "-y", "--download-only", "--no-install-recommends",
                 "-o", "Dir::Cache::archives=" + directory, "install", first]]
    commands += [["apt-get", "-qq", "download", name] for name in others]
    for command in commands:
        done = subprocess.run(command, cwd=directory, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False,
                              timeout=INSTALL_LIMIT)
        if done.returncode:
            skip(f"{command[-1]} cannot be had: {done.stderr.strip().splitlines()[-1:]}")


def debs(name="*"):
    return sorted(glob.glob(os.path.join(cache(), f"{name}_*.deb")))


class Overlay:
    """A machine like this one, with other files."""

    def __init__(self):
        mount("-t", "tmpfs", "tmpfs", MOUNTPOINT)
        for name in ("upper", "work", "root"):
            os.mkdir(os.path.join(MOUNTPOINT, name))
        self.root = os.path.join(MOUNTPOINT, "root")
        layers = f"lowerdir=/,upperdir={MOUNTPOINT}/upper,workdir={MOUNTPOINT}/work"
        mount("-t", "overlay", "overlay", "-o", layers, self.root)
        mount("-t", "proc", "proc", self.path("/proc"))
        for name in DEVICES:
            self.write("/dev/" + name, "")
            mount("--bind", "/dev/" + name, self.path("/dev/" + name))
        mount("-t", "tmpfs", "tmpfs", self.path("/run"))
        self.write("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755)

    def path(self, name):
        return self.root + name

    def install(self, packages):
        """Install package files, for instance all of the cache.  They are the set
        that apt chose, but a package that is to be there before another is even
        unpacked (cron has one) stops dpkg, which sees to no such order."""
        os.mkdir(self.path("/debs"))
        mount("--bind", cache(), self.path("/debs"))
        self.must("dpkg", "--force-unsafe-io", "--force-depends", "--install",
                  *("/debs/" + os.path.basename(deb) for deb in packages),
                  limit=INSTALL_LIMIT)

    def run(self, *command, stdin=None, limit=LIMIT):
        """Run a command inside; returns an Outcome."""
        return run(self._inside(command), limit, stdin)

    def start(self, *command):
        """Start a command that is to be ended by its process."""
        return subprocess.Popen(self._inside(command), stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _inside(self, command):
        return ["chroot", self.root, *ENVIRONMENT, *command]

    def must(self, *command, **how):
        """Run a command that has to work; returns its output."""
        outcome = self.run(*command, **how)
        if outcome.code != 0:
            raise RuntimeError(f"{' '.join(command)}: exit {outcome.code}\n"
                               f"{outcome.out}{outcome.err}")
        return outcome.out

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.islink(path):
            os.unlink(path)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(path, mode)

    def read(self, name):
        with open(self.path(name), encoding="utf-8", errors="backslashreplace") as file:
            return file.read()


def mount(*arguments):
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        skip(f"mount {arguments[-2]} is not possible here: {done.stderr.strip()}")
