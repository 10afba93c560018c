#!/usr/bin/python3 -B
"""The attackers, and Debian's Exim with contrib/exim."""

import os
import sys

sys.path[1:1] = [os.path.join(os.path.dirname(__file__), "../" + name)
                 for name in ("exim", "lab")]

# pylint: disable=wrong-import-position
from adapter import EximLab, download_debs
from exim import MAINLOG, BOUNCED, state

# pylint: disable=wrong-import-order
from tap import main, need
from trial import Trial

TRIAL = Trial("exim")


class Attacked(EximLab):
    with_mtasts = False

    def enforce(self):
        self.follow("Install")

    def refresh(self, domain):
        self.machine.must("mtasts-cachectl", "refresh", domain)

    def submit(self, sender, recipient, message):
        done = self.machine.run("exim4", "-odi", "-f", sender, recipient, stdin=message)
        need(done.code == 0, f"exim4 exits {done.code}: {done.err}")

    def until_tried(self, _recipients):
        """-odi has seen to it."""

    def run_queue(self, _recipients):
        self.exim.run_queue("-qff")

    def waiting(self):
        return self.exim.queue()[0]

    def bounced(self, recipient):
        return state(self.machine.read(MAINLOG), recipient) == BOUNCED

    def said(self, name):
        return "\n".join(line for line in self.machine.read(MAINLOG).splitlines()
                         if name.search(line))


if __name__ == "__main__":
    download_debs()
    main(TRIAL.build, TRIAL.cases(), Attacked, jobs=1)
