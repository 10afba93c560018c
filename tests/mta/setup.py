"""A machine before mtasts is set up, with it by the commands of a page, and after."""

import os

from client import codes, rcpt
from mta import BODY

# pylint: disable=wrong-import-order
import rows
from readme import commands
from tap import need, same, scenario, until

ATTACKED = ("clear", "rogue", "othername")
CONF = "/etc/mtasts.conf"


class Setup:
    """A lab whose machine has been given mtasts' programs, and no more.  Subclasses
    have `page`, and `sections` of mtasts.conf that the lab needs."""

    page = None
    sections = {}
    with_mtasts = False

    def __init__(self):
        super().__init__()
        self.mtasts.install()
        self.mtasts.sections = self.sections
        self.mtasts.conf, built_for = CONF, self.mtasts.conf
        self.mtasts.configure()
        if built_for != CONF:
            os.makedirs(os.path.dirname(self.machine.path(built_for)), exist_ok=True)
            os.symlink(CONF, self.machine.path(built_for))

    def follow(self, heading):
        """Do as a section of the page tells, word by word."""
        script = "\n".join(commands(self.machine.read("/src/" + self.page), heading))
        self.machine.must("sh", "-exc", f"cd /src\n{script}")


def enforced(lab):
    lab.expect(["valid.test"], {"valid.test": "mx1.valid.test"})
    for label in ATTACKED:
        lab.expect([label + ".test"], {label + ".test": None})


def as_without(lab):
    for label in ("valid", *ATTACKED):
        lab.expect([label + ".test"], {label + ".test": f"mx1.{label}.test"})


@scenario("control: before mtasts is set up every attack succeeds")
def before(lab):
    lab.untouched = lab.machine.read(lab.file)
    as_without(lab)
    same("the code", codes(rcpt("user@rogue.test", data=BODY)), [250, 250])


@scenario("the page's commands set it up: attacks are deferred, and a client is told")
def install(lab):
    lab.follow("Install")
    enforced(lab)
    until(lambda: codes(rcpt("user@rogue.test")) == [451], "it is not deferred")
    same("the code", codes(rcpt("user@valid.test")), [250])


@scenario("mtasts-cachectl check tells of a domain what the MTA was told")
def check(lab):
    need("not trusted" in lab.machine.run("mtasts-cachectl", "check", "rogue.test").out,
         "it does not say so")


@scenario("the page's commands take it out: attacks succeed, the configuration is as before")
def remove(lab):
    lab.follow("Take it out")
    same("the file is as before", lab.machine.read(lab.file) == lab.untouched, True)
    until(lambda: codes(rcpt("user@rogue.test")) == [250], "it is not accepted")
    as_without(lab)
    # A daemon's parent is this program, which does not wait for it.
    until(lambda: lab.machine.run("pgrep", "-r", "R,S,D", "mtasts-milter").code == 1,
          "mtasts-milter still runs")


def build(lab):
    rows.settle(lab)
