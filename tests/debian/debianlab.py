"""The lab with a minimal Debian in it, in which our packages are installed by apt and
taken out again."""

import glob
import os
import re
import stat
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
for folder in ("../lab", "../exim", "../mta"):
    sys.path.insert(1, os.path.join(HERE, folder))

# pylint: disable=wrong-import-position
import daemons
from debian import ENVIRONMENT, INSTALL_LIMIT, Overlay, mount, turn
from lab import ALLOWED, Lab, body
from namespace import INSIDE, skip
from tap import need, same

US = "sender.test"
WORK = os.path.join(os.environ.get("abs_top_builddir", "."), "tests/debian/work")
ROOT = os.path.join(WORK, "root")
BUILT = os.path.join(WORK, "packages")
APT = ("apt-get", "-qq", "-y", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0",
       "-o", "DPkg::Options::=--force-unsafe-io")
DIRECTORIES = ("/var/lib/mtasts", "/run/mtasts")
LAB_AUTHORITY = "/usr/local/share/ca-certificates/lab.crt"

# What any installation changes, and mail that comes and goes.
PASSING = re.compile(r"/(proc|sys|dev|tmp|debs|mnt|var/(log|cache|mail|spool/\w+|lib/(apt|dpkg|exim4)"
                     r"|tmp)|run/exim4|etc/(passwd|group|shadow|gshadow|subuid|subgid)-"
                     r"|etc/ld\.so\.cache|etc/\.pwd\.lock|run/systemd|var/lib/systemd)(/|$)")


def ours(*names):
    """The files of packages that were built, as they are seen in the machine."""
    found = [path for name in names for path in glob.glob(f"{BUILT}/{name}_*.deb")]
    if len(found) != len(names):
        skip("the packages are not built: make debian-lab")
    return ["/debs/" + os.path.basename(path) for path in found]


def prepare(mta, *names):
    """Have what the packages of an MTA and ours need in the cache of the Debian that
    machines are made of.  To be called outside of the namespaces, where there is a
    network."""
    if INSIDE in os.environ:
        return
    if os.getuid() != 0:
        skip("not root: packages are installed by root")
    debs = ours(*names)
    if not os.path.exists(ROOT + "/bootstrapped"):
        skip("there is no Debian to install them in: make debian-lab")
    with turn():
        inside = ROOT + "/debs"
        os.makedirs(inside, exist_ok=True)
        command = ["unshare", "--mount", "sh", "-ec",
                   'mount --bind "$1" "$2"; shift 2; exec "$@"', "sh", BUILT, inside,
                   "chroot", ROOT, *ENVIRONMENT, *APT, "--download-only", "install",
                   *mta, *debs]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, check=False, timeout=INSTALL_LIMIT)
        if done.returncode:
            skip(f"what they need cannot be had: {done.stderr.strip()[-500:]}")


class DebianLab(Lab):
    """Subclasses name the packages of their MTA, and ours."""

    mta = ()
    names = ()

    def __init__(self):
        Lab.__init__(self)      # and no other machine's
        self.machine = Overlay(ROOT)
        self.machine.write("/etc/resolv.conf",
                           f"nameserver {daemons.UNBOUND}\noptions trust-ad\n")
        self.machine.write("/etc/hosts", f"127.0.0.1 localhost\n192.0.2.1 {US}\n")
        self.machine.write("/etc/mailname", US + "\n")
        os.makedirs(self.machine.path("/debs"), exist_ok=True)
        mount("--bind", BUILT, self.machine.path("/debs"))
        self.apt("install", *self.mta, *self.needed())
        with open(self.pki.root, encoding="ascii") as file:
            self.machine.write(LAB_AUTHORITY, file.read())
        self.machine.must("update-ca-certificates")
        self.before = None

    def apt(self, *arguments):
        """Returns what apt and the packages' scripts say."""
        outcome = self.machine.run(*APT, *arguments, limit=INSTALL_LIMIT)
        need(outcome.code == 0, f"apt-get {arguments} exits {outcome.code}\n"
             f"{outcome.out}{outcome.err}")
        return outcome.out + outcome.err

    def said(self, *command):
        """The output of a command that has to work."""
        outcome = self.machine.run(*command)
        need(outcome.code == 0, f"{command} exits {outcome.code}\n{outcome.out}{outcome.err}")
        return outcome.out

    def needed(self):
        """What ours need beside themselves, to be there before they are."""
        plan = self.machine.must(*APT, "-s", "install", *self.mta, *ours(*self.names))
        wanted = re.findall(r"^Inst (\S+)", plan, re.MULTILINE)
        return [name for name in wanted if not any(name == one for one in self.names)]

    # Our packages.

    def install(self, *how):
        said = self.apt(*how, "install", *ours(*self.names))
        self.mtasts_conf()
        return said

    def remove(self, *names):
        return self.apt("remove", *names)

    def purge(self):
        return self.apt("purge", *self.names)

    def mtasts_conf(self):
        """What the lab needs, at the end of the configuration as it is shipped."""
        text = self.machine.read("/etc/mtasts.conf")
        if "allow_addresses" not in text:
            text += f"https {{\n{body({'allow_addresses': ALLOWED})}}}\n"
            self.machine.write("/etc/mtasts.conf", text)

    def expect_directories(self, group):
        """Owner, group and mode of the cache, and the group of what is in it."""
        for directory in DIRECTORIES:
            shown = self.said("stat", "-c", "%U %G %a", directory).strip()
            same(directory, shown, f"mtasts {group} 2750")
            others = self.said("find", directory, "!", "-group", group)
            same(f"of another group in {directory}", others, "")

    # What there is.

    def note(self):
        """Remember the machine as it is."""
        self.before = self.state()

    def expect_as_before(self):
        """Nothing is left of what was installed since."""
        now = self.state()
        for what, was in self.before.items():
            need(now[what] == was, f"{what}: new {sorted(now[what] - was)[:20]}, "
                 f"gone {sorted(was - now[what])[:20]}")

    def state(self):
        accounts = {self.machine.read(name).replace("\n", f" in {name}\n")
                    for name in ("/etc/passwd", "/etc/group")}
        return {"files": set(self.files()),
                "accounts": {line for text in accounts for line in text.splitlines()},
                "packages": set(self.machine.must(
                    "dpkg-query", "-W", "-f", "${Package} ${db:Status-Abbrev}\n").splitlines())}

    def files(self):
        """Names, and what is written in those of /etc."""
        for folder, folders, names in os.walk(self.machine.root):
            place = folder[len(self.machine.root):]
            folders[:] = [name for name in folders
                          if not PASSING.match(f"{place}/{name}")]
            for name in (*folders, *names):
                path = f"{place}/{name}"
                if not PASSING.match(path):
                    yield path + self.written(path)

    def written(self, path):
        real = self.machine.path(path)
        if not path.startswith("/etc/") or not stat.S_ISREG(os.lstat(real).st_mode):
            return ""
        with open(real, "rb") as file:
            return f" {hash(file.read())}"
