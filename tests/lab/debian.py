"""Debian's own packages, installed where nobody else sees them: in an overlay of /
inside the lab's namespaces.  The machine itself is not changed."""

import contextlib
import fcntl
import glob
import os
import subprocess

from lab import run
from namespace import INSIDE, skip
from tap import SANITIZER, need

MOUNTPOINT = "/mnt"             # in a mount namespace of our own
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
HASHED = os.path.dirname(AUTHORITIES)
DEVICES = ("null", "zero", "random", "urandom")
ENVIRONMENT = ("env", "-i", "HOME=/root", "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive",
               "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
INSTALL_LIMIT = 300
LIMIT = 120                     # seconds for any other command

# Somebody else, on this machine, may be at his packages just now.
APT = ("apt-get", "-qq", "-y", "-o", f"DPkg::Lock::Timeout={INSTALL_LIMIT}")


@contextlib.contextmanager
def turn():
    """One of the programs that run at once does this at a time."""
    os.makedirs(kept(), exist_ok=True)
    with open(kept("lock"), "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def kept(name=""):
    """Where packages are kept between runs: in the build directory."""
    return os.path.join(os.environ.get("abs_top_builddir") or "/var/tmp/mtasts",
                        "tests/lab/debs", name)


class Packages:
    """Package files.  The first is had with what it needs and this machine lacks; the
    others, which conflict with it or are only recommended, come alone."""

    def __init__(self, directory, *names):
        self.names = names
        self.directory = kept(directory)

    def download(self, why):
        """Ask the network for those that are not there, once.  To be called outside
        of the namespaces; `why` says what only root can do."""
        if INSIDE in os.environ:
            return
        if os.getuid() != 0:
            skip("not root: " + why)
        with turn():
            if not self._here() and self._fetch():
                self._apt("update")             # the lists may be old, or none
                trouble = self._fetch()
                if trouble:
                    skip(f"{self.names[0]} cannot be had: {trouble}")

    def _here(self):
        return all(self.files(name) for name in self.names)

    def _fetch(self):
        """Returns what apt has to complain of, if it fails."""
        os.makedirs(os.path.join(self.directory, "partial"), exist_ok=True)
        first, *others = self.names
        return (self._apt("--download-only", "--no-install-recommends", "-o",
                          "Dir::Cache::archives=" + self.directory, "install", first)
                or others and self._apt("download", *others))

    def _apt(self, *arguments):
        done = subprocess.run([*APT, *arguments], cwd=self.directory,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False, timeout=2 * INSTALL_LIMIT)
        return done.returncode and f"{done.stderr.strip().splitlines()[-1:]}"

    def files(self, name="*"):
        return sorted(glob.glob(os.path.join(self.directory, f"{name}_*.deb")))


class Overlay:
    """A machine like this one, or like the one below a directory, with other
    files."""

    def __init__(self, lower="/"):
        mount("-t", "tmpfs", "tmpfs", MOUNTPOINT)
        for name in ("upper", "work", "root"):
            os.mkdir(os.path.join(MOUNTPOINT, name))
        self.root = os.path.join(MOUNTPOINT, "root")
        layers = f"lowerdir={lower},upperdir={MOUNTPOINT}/upper,workdir={MOUNTPOINT}/work"
        mount("-t", "overlay", "overlay", "-o", layers, self.root)
        mount("-t", "proc", "proc", self.path("/proc"))
        for name in DEVICES:
            self.write("/dev/" + name, "")
            mount("--bind", "/dev/" + name, self.path("/dev/" + name))
        mount("-t", "tmpfs", "tmpfs", self.path("/run"))
        self.write("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755)

    def path(self, name):
        return self.root + name

    def install(self, packages, but=()):
        """Install packages.  They are the set that apt chose, but a package that is
        to be there before another is even unpacked (cron has one) stops dpkg, which
        sees to no such order.  Nobody asks for the index of manuals."""
        self.run("rm", "-f", "/var/lib/man-db/auto-update")
        os.makedirs(self.path("/debs"), exist_ok=True)
        mount("--bind", packages.directory, self.path("/debs"))
        self.must("dpkg", "--force-unsafe-io", "--force-depends", "--install",
                  *("/debs/" + os.path.basename(deb) for deb in packages.files()
                    if not os.path.basename(deb).startswith(tuple(but))),
                  limit=INSTALL_LIMIT)

    def trust(self, root, among=""):
        """Have everybody inside trust an authority, and others of a bundle: in the
        bundle for who reads it, by its hash for who looks for that."""
        self.write(AUTHORITIES, among + root)
        self.write(f"{HASHED}/lab.pem", root)
        name = self.must("openssl", "x509", "-noout", "-hash", "-in", f"{HASHED}/lab.pem")
        self.must("ln", "-sf", "lab.pem", f"{HASHED}/{name.strip()}.0")

    def run(self, *command, stdin=None, limit=LIMIT):
        """Run a command inside; returns an Outcome."""
        outcome = run(self._inside(command), limit, stdin)
        need(not SANITIZER.search(outcome.out + outcome.err), outcome.out + outcome.err)
        return outcome

    def start(self, *command, **streams):
        """Start a command that is to be ended by its process."""
        nowhere = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
        return subprocess.Popen(self._inside(command), **{**nowhere, **streams})

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

    def has(self, name):
        return os.path.exists(self.path(name))

    def read(self, name):
        with open(self.path(name), encoding="utf-8", errors="backslashreplace") as file:
            return file.read()


def mount(*arguments):
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        skip(f"mount {arguments[-2]} is not possible here: {done.stderr.strip()}")
