#!/usr/bin/python3 -B
"""The attackers, and Debian's Sendmail with contrib/sendmail and mtasts-milter."""

import os
import re
import sys

sys.path[1:1] = [os.path.join(os.path.dirname(__file__), "../" + name)
                 for name in ("mta", "lab")]

# pylint: disable=wrong-import-position
from daemon import Guarded
from sendmail import README_MC, SendmailLab, download_debs

# pylint: disable=wrong-import-order
from tap import main, need
from trial import Trial

# The sender is named before the rules are asked.
TRIAL = Trial("sendmail", may_say=("MAIL",))

UNSENT = range(64, 79)          # sysexits: queued or bounced, which the queue tells


class Attacked(Guarded, SendmailLab):
    lines = ""

    def enforce(self):
        self.configure(README_MC)

    def submit(self, sender, recipient, message):
        done = self.sendmail("-odi", "-i", "-f", sender, recipient, stdin=message)
        need(done.code == 0 or done.code in UNSENT,
             f"sendmail exits {done.code} of {recipient}: {done.out}{done.err}")

    def until_tried(self, _recipients):
        """-odi has seen to it."""

    def run_queue(self, _recipients):
        self.sendmail("-q", "-v")

    def bounced(self, recipient):
        return any(re.search(rf"to=<?{re.escape(recipient)}>?,.* dsn=5", line)
                   for line in self.syslog.lines)


if __name__ == "__main__":
    download_debs()
    main(TRIAL.build, TRIAL.cases(), Attacked, jobs=1)
