"""What Sendmail's and Postfix's labs have in common here: mtasts-milter comes in the
middle of the run."""

# pylint: disable=wrong-import-order
from mta import MAP, MILTER

CONF = "/etc/mtasts.conf"

# Wherever the build would have them.
SECTIONS = {
    "cache": {"directory": "/var/lib/mtasts", "run_directory": "/run/mtasts"},
    "daemon": {"user": "mtasts", "pid_file": ""},
    "milter": {"socket": "unix:" + MILTER},
    "socketmap": {"listen": ["unix:" + MAP]},
}


class Guarded:
    """Before a lab of tests/mta among the bases of a class."""

    process = None

    def start_daemon(self):
        self.install_mtasts()
        self.mtasts_conf(**SECTIONS)
        self.process = self.start_mtasts()

    def __exit__(self, *what):
        if self.process:
            self.end_mtasts(self.process)
        super().__exit__(*what)

    def refresh(self, domain):
        self.machine.must("mtasts-cachectl", "-c", CONF, "refresh", domain)

    def waiting(self):
        return self.queued()

    def said(self, name):
        return "\n".join(line for line in self.syslog.lines if name.search(line))
