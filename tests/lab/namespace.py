"""Into namespaces of our own, or out with a plain reason."""

import os
import shutil
import signal
import subprocess
import sys

INSIDE = "MTASTS_LAB"           # set in the environment inside the namespaces
SKIP = 77
NEEDED = ("unshare", "ip", "mount", "openssl", "nsd", "unbound", "nginx")


def skip(why):
    """Say why nothing is run, for people and for a reader of TAP."""
    print(f"1..0 # SKIP {why}")
    print(f"the lab is skipped: {why}", file=sys.stderr)
    sys.exit(SKIP)


def enter():
    """Run this program again inside namespaces of its own, where it ends with
    all its children, whatever happens."""
    if INSIDE in os.environ:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        return
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    missing = [tool for tool in NEEDED if not shutil.which(tool)]
    if missing:
        skip(f"not installed: {', '.join(missing)} (tests/packages lists the packages)")
    unshare = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child"]
    if os.getuid() != 0:
        unshare += ["--user", "--map-root-user"]
    tried = subprocess.run([*unshare, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        skip(f"namespaces cannot be made here: {tried.stderr.strip()} (root may make "
             "them, but not in a plain chroot or an unprivileged container)")
    os.environ[INSIDE] = "1"
    os.execvp(unshare[0], [*unshare, sys.executable, "-B", *sys.argv])


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


def furnish(networks, directory, files):
    """A loopback interface on which the networks are local, and /etc files."""
    # A /proc of this process-id namespace, where it may be mounted.
    subprocess.run(["mount", "-t", "proc", "proc", "/proc"], capture_output=True,
                   check=False)
    # Shared memory of our own, and a place for layers.
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/dev/shm"], capture_output=True,
                   check=False)
    ip("link", "set", "lo", "up")
    for network in networks:
        own(network)
    if not all(os.path.exists("/etc/" + name) for name in files):
        etc_that_has(files)
    for name, text in files.items():
        replacement = os.path.join(directory, name)
        with open(replacement, "w", encoding="ascii") as file:
            file.write(text)
        subprocess.run(["mount", "--bind", replacement, "/etc/" + name], check=True)


def etc_that_has(files):
    """An /etc with places to mount files at: debootstrap makes no hosts."""
    layer = "/dev/shm/etc"
    for part in ("upper", "work"):
        os.makedirs(os.path.join(layer, part))
    for name in files:
        if not os.path.exists("/etc/" + name):
            with open(f"{layer}/upper/{name}", "w", encoding="ascii"):
                pass
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o",
                    f"lowerdir=/etc,upperdir={layer}/upper,workdir={layer}/work", "/etc"],
                   check=True)


def own(address):
    """Make an address, or every address of an IPv4 network, one of ours."""
    nodad = ["nodad"] if ":" in address else []
    ip("addr", "add", address, "dev", "lo", *nodad)
