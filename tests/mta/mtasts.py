"""mtasts-milter in the machine: installed as it was built, configured, run."""

import contextlib
import os
import re
import signal
import subprocess

# pylint: disable=wrong-import-order
from debian import turn
from lab import ALLOWED, COMMAND, body
from tap import PATIENCE, SANITIZER, need, same, until

MAP = "/run/mtasts/map.sock"
MILTER = "/run/mtasts/milter.sock"
LOG = "/var/log/mtasts.log"
MAKE_LIMIT = 300

# What was built may have been configured for other places.
SECTIONS = {
    "cache": {"directory": "/var/lib/mtasts", "run_directory": "/run/mtasts"},
    "https": {"allow_addresses": ALLOWED},
    "probe": {"helo": "sender.test"},
    "milter": {"socket": f"unix:{MILTER}"},
    "socketmap": {"listen": [f"unix:{MAP}"]},
    "daemon": {"user": "mtasts", "pid_file": "/run/mtasts/mtasts-milter.pid"},
    "log": {"level": "info"},
}


class Mtasts:
    def __init__(self, machine):
        self.machine = machine
        self.process = None
        self.sections = SECTIONS
        self.conf = None

    def install(self):
        """What was built, and its user."""
        env = {name: value for name, value in os.environ.items()
               if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
        with turn():      # libtool links again, in the build directory
            subprocess.run(["make", "-C", os.environ["abs_top_builddir"], "install",
                            "DESTDIR=" + self.machine.root], stdin=subprocess.DEVNULL,
                           capture_output=True, timeout=MAKE_LIMIT, check=True, env=env)
        self.machine.must("ldconfig")
        told = self.machine.must(COMMAND, "--help")
        self.conf = re.search(r"configuration file \((.*?)\)", told).group(1)

    def configure(self, **changes):
        """Write mtasts.conf, with changes of sections for this once."""
        sections = {name: {**self.sections.get(name, {}), **changes.get(name, {})}
                    for name in {**self.sections, **changes}}
        self.machine.write(self.conf, "".join(f"{name} {{\n{body(keys)}}}\n"
                                              for name, keys in sections.items()))

    def start(self):
        mark = self.mark()
        with open(self.machine.path(LOG), "ab") as log:
            self.process = self.machine.start("mtasts-milter", "-f", stdout=log, stderr=log)
        until(lambda: "event=started" in self.log(mark),
              lambda: "mtasts-milter does not start:\n" + self.log(mark))

    def tell(self, number):
        self.process.send_signal(number)

    def stop(self, number=signal.SIGTERM):
        self.tell(number)
        self.process.wait(PATIENCE)
        same("how mtasts-milter ends", self.process.returncode,
             0 if number == signal.SIGTERM else -number)
        need(not SANITIZER.search(self.log()), self.log())

    def restart(self):
        self.stop()
        self.start()

    @contextlib.contextmanager
    def configured(self, **changes):
        """Restarted with changes, and without them at the end."""
        self.configure(**changes)
        self.restart()
        try:
            yield
        finally:
            self.configure()
            self.restart()

    @contextlib.contextmanager
    def away(self, number=signal.SIGKILL):
        """Ended for a while."""
        self.stop(number)
        try:
            yield
        finally:
            self.start()

    def reload(self, **changes):
        """Let the running daemon read changes, and wait until it has."""
        mark = self.mark()
        self.configure(**changes)
        self.tell(signal.SIGUSR1)
        until(lambda: "event=reloaded" in self.log(mark),
              lambda: "it does not reload:\n" + self.log(mark))

    def mark(self):
        """This moment, in the log."""
        return len(self.log())

    def log(self, mark=0):
        return self.machine.read(LOG)[mark:] if self.machine.has(LOG) else ""
