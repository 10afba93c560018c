"""A Debian Exim in an overlay, and what became of the mail that it was given."""

import glob
import os
import re
import smtplib
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

# pylint: disable=wrong-import-order
from daemons import accepts
from tap import PATIENCE, need, until

US = "sender.test"
SENDER = "root@" + US
MAINLOG = "/var/log/exim4/mainlog"
SPOOL = "/var/spool/exim4"
SECRET = "the quick brown fox"
BODY = f"Subject: a message\nFrom: {SENDER}\n\n{SECRET}\n".encode()

DELIVERED, DEFERRED, BOUNCED = "delivered", "deferred", "bounced"
FLAGS = {"=>": DELIVERED, "->": DELIVERED, "==": DEFERRED, "**": BOUNCED}
QUEUED = re.compile(r"^\s*\S+\s+\S+\s+(\S{6}-\S{6}-\S{2}) <.*?>(.*frozen.*)?$")
OURS = re.compile(r"<= root@sender\.test ")

MACROS = ("/etc/exim4/conf.d/main/000_localmacros", "/etc/exim4/exim4.conf.localmacros")
LOCAL_MACROS = f"MAIN_HARDCODE_PRIMARY_HOSTNAME = {US}\n"
INTERNET = {"configtype": "internet", "other_hostnames": US, "local_interfaces": "",
            "relay_domains": "relay.test : plain.relay.test", "smarthost": "", "split": "true"}
SETTINGS = """\
dc_eximconfig_configtype='{configtype}'
dc_other_hostnames='{other_hostnames}'
dc_local_interfaces='{local_interfaces}'
dc_readhost=''
dc_relay_domains='{relay_domains}'
dc_minimaldns='false'
dc_relay_nets=''
dc_smarthost='{smarthost}'
CFILEMODE='644'
dc_use_split_config='{split}'
dc_hide_mailname='false'
dc_mailname_in_oh='true'
dc_localdelivery='mail_spool'
"""


@dataclass
class Delivery:
    """What became of one message.

    states    {recipient: DELIVERED, DEFERRED or BOUNCED, or None}
    queued    the recipients that the queue still has
    events    what the servers saw
    """

    log: str
    states: dict
    queued: set
    frozen: bool
    events: list

    def told(self):
        events = "\n".join(map(str, self.events))
        return f"{self.log}queued: {sorted(self.queued)}\n{events}"

    def at_hosts(self, kind):
        """Events of a kind at MX hosts."""
        return [event for event in self.events
                if event["server"] == "smtp" and event["event"] == kind]

    def messages(self):
        """Who was given the message: [(host, inside TLS)]."""
        return [(event["host"], event["tls"]) for event in self.at_hosts("message")
                if SECRET in event["text"]]

    def contacted(self):
        return [event["host"] for event in self.at_hosts("connect")]

    def names(self):
        """What was asked for by SNI: {(host, name)}."""
        return {(event["host"], event["sni"]) for event in self.at_hosts("hello")}

    def said(self, verb):
        """The command lines that begin with a word: [(host, line, inside TLS)]."""
        return [(event["host"], event["line"], event["tls"])
                for event in self.at_hosts("command")
                if event["line"].upper().startswith(verb)]

    def mail_in_clear(self):
        """Hosts that were told of a sender outside of TLS."""
        return {host for host, _, tls in self.said("MAIL") if not tls}


class Exim:
    def __init__(self, machine, record):
        self.machine = machine
        self.record = record

    def configure(self, macros="", **changes):
        """What dpkg-reconfigure exim4-config would do, for both ways of Debian's
        to keep the configuration."""
        for name in MACROS:
            self.machine.write(name, LOCAL_MACROS + macros)
        self.machine.write("/etc/exim4/update-exim4.conf.conf",
                           SETTINGS.format(**{**INTERNET, **changes}))
        self.update()

    def update(self):
        self.machine.must("update-exim4.conf")

    def reset(self):
        """An empty queue, and nothing remembered."""
        for part in ("db", "input", "msglog"):
            for name in glob.glob(self.machine.path(f"{SPOOL}/{part}/*")):
                os.unlink(name)

    def send(self, *recipients, how="-odi", mark=None):
        """Give Exim a message, and wait until it has tried to deliver it."""
        mark = self.mark() if mark is None else mark
        self._submit(recipients, how)
        return self.since(mark, recipients)

    def _submit(self, recipients, how):
        outcome = self.machine.run("exim4", how, "-f", SENDER, *recipients, stdin=BODY)
        need(outcome.code == 0, f"exim4 exits {outcome.code}: {outcome.err}")

    @contextmanager
    def daemon(self):
        """The daemon as Debian starts it, for a while."""
        with self.machine.start("exim4", "-bdf", "-q30m", "-oX", "127.0.0.1") as process:
            try:
                until(lambda: accepts("127.0.0.1", 25), "the daemon does not answer")
                yield
            finally:
                process.terminate()

    def hand_over(self, recipients):
        """Give the daemon a message for each, and wait until it has tried them."""
        mark = self.mark()
        with smtplib.SMTP("127.0.0.1", timeout=PATIENCE) as client:
            for recipient in recipients:
                client.sendmail(SENDER, recipient, BODY)
        until(lambda: None not in self.since(mark, recipients).states.values(),
              "not all messages have been tried")
        return self.since(mark, recipients)

    def submit_all(self, lists, processes):
        """Messages, by so many Exim processes at once."""
        with ThreadPoolExecutor(processes) as pool:
            list(pool.map(lambda recipients: self._submit(recipients, "-odi"), lists))

    def run_queue(self, *options):
        outcome = self.machine.run("exim4", *options)
        need(outcome.code == 0, f"exim4 {options} exits {outcome.code}: {outcome.err}")

    def expand(self, text):
        return self.machine.run("exim4", "-be", text)

    def mark(self):
        """This moment, in the log and in the servers' record."""
        log = self.machine.path(MAINLOG)
        return os.path.getsize(log) if os.path.exists(log) else 0, self.record.mark()

    def since(self, mark, recipients):
        """What became of a message to these since a moment."""
        log_mark, record_mark = mark
        with open(self.machine.path(MAINLOG), "rb") as file:
            file.seek(log_mark)
            log = file.read().decode(errors="backslashreplace")
        queued, frozen = self.queue()
        return Delivery(log, {recipient: state(log, recipient) for recipient in recipients},
                        queued & set(recipients), frozen, self.record.read(record_mark))

    def queue(self):
        """The recipients that `exim -bp` shows, and whether anything is frozen."""
        recipients, frozen = set(), False
        for line in self.machine.must("exim4", "-bp").splitlines():
            head = QUEUED.match(line)
            if head:
                frozen |= bool(head.group(2))
            elif line.strip() and not line.strip().startswith("D "):
                recipients.add(line.strip())
        return recipients, frozen


def state(log, recipient):
    """The last that the log says of a recipient."""
    found = re.findall(rf" (=>|->|==|\*\*) {re.escape(recipient)}[ :]", log)
    return FLAGS[found[-1]] if found else None
