"""An SMTP client that tells what it is told."""

import smtplib
import socket

# pylint: disable=wrong-import-order
from mta import BODY, SENDER
from tap import PATIENCE

LIMIT = 2 * PATIENCE


def codes(replies):
    return [code for code, _ in replies]


class Client(smtplib.SMTP):
    """A session with the MTA of the machine."""

    def __init__(self):
        super().__init__("127.0.0.1", timeout=LIMIT, local_hostname="client.test")
        self.ehlo()

    def give(self, *recipients, data=None, options=()):
        """Replies to recipients, [(code, text)], and to the message, if there is one."""
        replies = [text(self.mail(SENDER, options))]
        if replies[0][0] != 250:
            return replies
        replies = [text(self.rcpt(recipient)) for recipient in recipients]
        if data is not None and 250 in codes(replies):
            replies.append(text(self.data(data.replace(b"\n", b"\r\n"))))
        else:
            self.rset()
        return replies


def text(reply):
    return reply[0], reply[1].decode("latin-1")


def rcpt(*recipients, data=None, options=()):
    """One transaction in a session of its own."""
    with Client() as client:
        return client.give(*recipients, data=data, options=options)


def reply_codes(commands):
    """The codes of the replies to commands that are sent without waiting."""
    with socket.create_connection(("127.0.0.1", 25), timeout=LIMIT) as connection:
        file = connection.makefile("rwb")
        read_code(file)
        file.write(b"EHLO client.test\r\n")
        file.flush()
        read_code(file)
        found = []
        for at in range(0, len(commands), 100):
            batch = commands[at:at + 100]
            file.write("".join(command + "\r\n" for command in batch).encode())
            file.flush()
            found += [read_code(file) for _ in batch]
        return found


def read_code(file):
    while (line := file.readline())[3:4] == b"-":
        pass
    return int(line[:3])


def one_by_one(recipients):
    """Hand the usual message to recipients in sessions of their own."""
    return [code for recipient in recipients for code in codes(rcpt(recipient, data=BODY))]
