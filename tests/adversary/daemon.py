"""What Sendmail's and Postfix's labs have in common here."""


class Guarded:
    """To stand before a lab of tests/mta among the bases of a class.  mtasts-milter runs
    all the time; what the MTA knows of it comes in the middle, with enforce."""

    def refresh(self, domain):
        self.machine.must("mtasts-cachectl", "refresh", domain)

    def waiting(self):
        return self.queued()

    def said(self, name):
        return "\n".join(line for line in self.syslog.lines if name.search(line))
