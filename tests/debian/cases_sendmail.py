#!/usr/bin/python3 -B
"""mtasts-milter on a Debian with Sendmail: installed, enforcing under all that its unit
takes from it, installed again, removed, purged.  The cases build on each other."""

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager

from debianlab import HERE, DebianLab, prepare

# pylint: disable=wrong-import-order
import world
from lab import run
from mta import Syslog
from mtasts import MAP, MILTER, Mtasts
from pki import named
from sendmail import SendmailLab
from tap import PATIENCE, main, need, same, scenario, until

MTA = ("sendmail-bin", "sendmail-cf")
NAMES = ("libmtasts0", "mtasts-cachectl", "mtasts-milter")
UNITS = "/lib/systemd/system/"
DAEMON, REFRESH = UNITS + "mtasts-milter.service", UNITS + "mtasts-refresh.service"
CF = "/etc/mail/sendmail.cf"
README = "/usr/share/doc/mtasts-milter/README.Debian"
GOOD, MX = "good.test", "mx.good.test"
STRIPPED, STRIPPED_MX = "downgraded.test", "mx.downgraded.test"
ROGUE = "rogue.test"


class SendmailMachine(DebianLab, SendmailLab):
    mta, names = MTA, NAMES
    with_mtasts = False         # as it was built; the cases install it

    def __init__(self):
        super().__init__()
        self.mtasts = Mtasts(self.machine)
        self.syslog = Syslog(self.machine.path("/dev/log"))
        self.process = None
        self.configure("")
        self.plain = self.machine.read(CF)
        self.empty_queue()
        self.note()

    def as_documented(self):
        """The lines of README.Debian for sendmail.mc."""
        section = self.machine.read(README).split("Sendmail\n--------\n")[1]
        section = section.split("\nPostfix\n")[0]
        self.configure("".join(line.strip() + "\n" for line in section.splitlines()
                               if line.startswith("    ")))

    def confined(self, unit, number=0):
        return [sys.executable, "-B", os.path.join(HERE, "confine.py"), self.machine.root,
                unit, str(number)]

    @contextmanager
    def daemon_of_unit(self):
        """mtasts-milter as its unit would start it, for a while."""
        log = self.path("milter.log")
        with open(log, "w", encoding="utf-8") as file:
            self.process = subprocess.Popen(self.confined(DAEMON), stdin=subprocess.DEVNULL,
                                            stdout=file, stderr=file)
        try:
            until(lambda: "event=started" in self.told(log)
                  or self.process.poll() is not None, "it does not start")
            need(self.process.poll() is None, f"it ends:\n{self.told(log)}")
            yield log
        finally:
            self.process.terminate()
            self.process.wait(PATIENCE)

    @staticmethod
    def told(log):
        with open(log, encoding="utf-8", errors="backslashreplace") as file:
            return file.read()[-4000:]

    def status(self):
        """{key: value} of the daemon in /proc."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return dict(re.findall(r"^(\w+):\s*(.*)$", file.read(), re.MULTILINE))


@scenario("control: without the packages mail goes in clear")
def before(lab):
    lab.expect([STRIPPED, ROGUE], {STRIPPED: STRIPPED_MX, ROGUE: "mx." + ROGUE})


@scenario("apt installs them")
def install(lab):
    lab.install()
    lab.expect_directories("mtasts")


@scenario("under its unit the daemon has no capability and a filter")
def confinement(lab):
    with lab.daemon_of_unit():
        status = lab.status()
        uid = lab.said("id", "-u", "mtasts").strip()
        same("user", status["Uid"].split(), [uid] * 4)
        same("capabilities", {int(status["Cap" + kind], 16)
                              for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")}, {0})
        same("no new privileges, seccomp", (status["NoNewPrivs"], status["Seccomp"]),
             ("1", "2"))


@scenario("with README.Debian's lines Sendmail enforces, by the daemon under its unit")
def works(lab):
    lab.as_documented()
    with lab.daemon_of_unit():
        lab.expect([GOOD, STRIPPED, ROGUE], {GOOD: MX, STRIPPED: None, ROGUE: None})
    lab.expect_directories("mtasts")
    need(GOOD in lab.said("mtasts-cachectl", "list"), f"{GOOD} is not cached")


@scenario("under its unit it reloads, tells statistics, ends in good order")
def signals(lab):
    with lab.daemon_of_unit() as log:
        for number, word in ((signal.SIGUSR1, "event=reloaded"),
                             (signal.SIGUSR2, "event=statistics")):
            lab.process.send_signal(number)
            until(lambda word=word: word in lab.told(log), f"no {word}:\n{lab.told(log)}")
        lab.process.terminate()
        same("exit status", lab.process.wait(PATIENCE), 0)
    same("left behind", [name for name in (MAP, MILTER)
                         if os.path.exists(lab.machine.path(name))], [])


@scenario("the refresh does its work under its unit")
def refresh(lab):
    for number in (0, 1):
        done = run(lab.confined(REFRESH, number), 90)
        need(done.code in (0, 1), f"exit {done.code}: {done.out}{done.err}")
        need("not permitted" not in done.err, done.err)
    listed = lab.said("mtasts-cachectl", "--json", "show", GOOD)
    need('"refresh_failures":0' in listed.replace(" ", ""), listed)
    lab.expect_directories("mtasts")


@scenario("without the daemon all mail waits")
def no_daemon(lab):
    lab.expect([GOOD, STRIPPED], {GOOD: None, STRIPPED: None})


@scenario("installed over itself: cache and enforcement stay")
def again(lab):
    lab.install("--reinstall")
    lab.said("dpkg-reconfigure", *NAMES)
    lab.expect_directories("mtasts")
    need(GOOD in lab.said("mtasts-cachectl", "list"), f"{GOOD} is not cached")
    with lab.daemon_of_unit():
        lab.expect([GOOD, STRIPPED], {GOOD: MX, STRIPPED: None})


@scenario("removed, purged: no file, no user, no group is left, mail goes as without")
def purge(lab):
    lab.configure("")
    lab.machine.write(CF, lab.plain)            # it has its date in it
    lab.remove("mtasts-milter")
    lab.purge()
    lab.expect_as_before()
    before(lab)


def build(lab):
    world.build(lab)
    lab.mx_host("mx." + ROGUE, certificate=named("mx." + ROGUE, issuer="unknown"))
    lab.domain(ROGUE, ["mx." + ROGUE])


CASES = [before, install, confinement, works, signals, refresh, no_daemon, again, purge]

if __name__ == "__main__":
    prepare(MTA, *NAMES)
    main(build, CASES, SendmailMachine, jobs=1)
