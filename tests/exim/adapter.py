"""A lab with a Debian Exim in it, and with mtasts installed there as its README tells."""

import os
import re
import shutil
import subprocess
import sys

sys.path.insert(1, os.path.join(os.path.dirname(__file__), "../lab"))

# pylint: disable=wrong-import-position
from exim import US, Exim

# pylint: disable=wrong-import-order
import daemons
from debian import Overlay, Packages, mount, turn
from lab import ALLOWED, COMMAND, Lab, body
from namespace import skip
from readme import commands

HEAVY, LIGHT = "exim4-daemon-heavy", "exim4-daemon-light"
MODULE = "/usr/lib/exim4/mtasts.so"
DIRECTORIES = ("/var/lib/mtasts", "/run/mtasts")
README = "/src/contrib/exim/README.md"
MAKE_LIMIT = 300
PACKAGES = Packages("exim", HEAVY, LIGHT)


def download_debs():
    PACKAGES.download("Exim routes mail for delivery as root, and would not "
                      "do here what it does in production")


class EximLab(Lab):
    """A lab whose machine sends mail by Exim, with mtasts or, for a start, without."""

    with_mtasts = True

    def __init__(self):
        super().__init__()
        self.conf_text = None
        self.machine = Overlay()
        self.exim = Exim(self.machine, self.record)
        self.machine.write("/etc/resolv.conf",
                           f"nameserver {daemons.UNBOUND}\noptions trust-ad\n")
        self.machine.write("/etc/hosts", "127.0.0.1 localhost\n")
        self.machine.write("/etc/mailname", US + "\n")
        self.machine.install(PACKAGES, but=[LIGHT])
        self.trust()
        self.exim.configure()
        self.install()
        if self.with_mtasts:
            self.follow("Install")

    def trust(self):
        with open(self.pki.root, encoding="ascii") as file:
            self.machine.trust(file.read())

    # mtasts in the machine.

    def install(self):
        """What was built, and the sources beside it, as somebody who builds from
        source has them.  Debian's Exim looks in one directory for modules; a build
        that was made for another is taken there."""
        with turn():                # libtool links again, in the build directory
            self._make("install", "DESTDIR=" + self.machine.root)
        built = self._make("-s", "--eval=where:;@echo $(eximmoddir)", "where").strip()
        if not os.path.exists(self.machine.path(f"{built}/mtasts.so")):
            skip("mtasts.so was not built (it needs exim4-dev)")
        if built != os.path.dirname(MODULE):
            shutil.copy(self.machine.path(f"{built}/mtasts.so"), self.machine.path(MODULE))
        self.machine.must("ldconfig")
        os.mkdir(self.machine.path("/src"))
        mount("--bind", os.environ["abs_top_srcdir"], self.machine.path("/src"))

    @staticmethod
    def _make(*arguments):
        top = os.environ.get("abs_top_builddir", "")
        if not os.path.exists(os.path.join(top, "Makefile")):
            skip("abs_top_builddir does not name a build")
        # A make of its own, whatever make runs this.
        env = {name: value for name, value in os.environ.items()
               if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
        done = subprocess.run(["make", "-C", top, "--no-print-directory", *arguments],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=MAKE_LIMIT, check=False, env=env)
        if done.returncode:
            raise RuntimeError(f"make {arguments}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout

    def follow(self, heading):
        """Do as a section of contrib/exim/README.md tells, word by word."""
        script = "\n".join(commands(self.machine.read(README), heading))
        self.machine.must("sh", "-exc", f"cd /src\n{script}")
        self.mtasts_conf()

    def mtasts_conf(self, **changes):
        """The README's mtasts.conf, where the build looks for it, with what the lab
        needs, and changes by section."""
        where = self.machine.must(COMMAND, "--help")
        file = re.search(r"configuration file \((.*?)\)", where).group(1)
        if self.conf_text is None:
            self.conf_text = self.machine.read("/etc/mtasts.conf")
        text = self.conf_text + "".join(map("cache.{} = {}\n".format,
                                            ("directory", "run_directory"), DIRECTORIES))
        sections = {"https": {"allow_addresses": ALLOWED}, **changes}
        text += "".join(f"{name} {{\n{body(keys)}}}\n" for name, keys in sections.items())
        self.machine.write(file, text)

    def forget(self):
        """Empty the policy cache."""
        for directory in self.cache_directories():
            for name in os.listdir(directory):
                path = os.path.join(directory, name)
                if os.path.isdir(path):
                    shutil.rmtree(path)
                else:
                    os.unlink(path)

    def cache_directories(self):
        """Those that there are: the first lookup makes them."""
        return [directory for directory in map(self.machine.path, DIRECTORIES)
                if os.path.isdir(directory)]

    def cache_files(self):
        """The databases."""
        return [os.path.join(directory, "data.mdb") for top in self.cache_directories()
                for directory, _, files in os.walk(top) if "data.mdb" in files]
