#!/usr/bin/python3 -B
"""The attackers, and Debian's Postfix with contrib/postfix and mtasts-milter."""

import os
import sys

sys.path[1:1] = [os.path.join(os.path.dirname(__file__), "../" + name)
                 for name in ("mta", "lab")]

# pylint: disable=wrong-import-position
from daemon import Guarded
from postfix import LAB_CF, MAIN_CF, PostfixLab, download_debs

# pylint: disable=wrong-import-order
from tap import main, until
from trial import Trial

TRIAL = Trial("postfix")

# As Debian's own configuration has it.
PLAIN_CF = """\
smtp_tls_security_level = may
smtp_tls_CApath = /etc/ssl/certs
"""


class Attacked(Guarded, PostfixLab):
    def __init__(self):
        super().__init__()
        self.machine.write(MAIN_CF, LAB_CF + PLAIN_CF)
        self.submitted = {}     # {recipient: where the log was}

    def enforce(self):
        self.configure()
        self.machine.must("postfix", "reload")

    def submit(self, sender, recipient, message):
        self.submitted[recipient] = len(self.syslog.lines)
        self.machine.must("sendmail", "-i", "-f", sender, recipient, stdin=message)

    def until_tried(self, recipients):
        for recipient in recipients:
            until(lambda: self.tried(recipient, self.submitted[recipient]),
                  f"{recipient} has not been tried")

    def run_queue(self, recipients):
        self.submitted = dict.fromkeys(recipients, len(self.syslog.lines))
        self.machine.must("postqueue", "-f")
        self.until_tried(recipients)

    def bounced(self, recipient):
        return any(f"to=<{recipient}>" in line and "status=bounced" in line
                   for line in self.syslog.lines)


if __name__ == "__main__":
    download_debs()
    main(TRIAL.build, TRIAL.cases(), Attacked, jobs=1)
