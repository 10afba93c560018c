"""What must have become of one message to one domain."""

import re
from contextlib import contextmanager

from exim import BOUNCED, DEFERRED, DELIVERED

# pylint: disable=wrong-import-order
from tap import Failure, need, same

STATES = (DEFERRED, BOUNCED)


@contextmanager
def told(delivery):
    """Tell the whole story where something is not as expected."""
    try:
        yield
    except Failure as error:
        raise Failure(f"{error}\n{delivery.told()}") from error


def deliver(lab, domain):
    """One message to a domain, with nothing in the queue before it."""
    lab.exim.reset()
    return lab.exim.send("user@" + domain)


def expect(delivery, outcome, clear=False, untouched=(), reason="", verified=None):
    """`outcome` is the host that takes the mail, or DEFERRED or BOUNCED.

    clear      the mail goes in clear
    untouched  hosts that must not be contacted
    reason     what the log says of a deferral, a regular expression
    verified   what the log says of a delivery
    """
    with told(delivery):
        state, = delivery.states.values()
        delivered = outcome not in STATES
        same("the state", state, DELIVERED if delivered else outcome)
        same("taken by", delivery.messages(), [(outcome, not clear)] if delivered else [])
        same("contacted", set(untouched) & set(delivery.contacted()), set())
        if not clear:
            same("sent in clear", delivery.mail_in_clear(), set())
        if outcome == DEFERRED:
            expect_deferral(delivery, reason)
        if delivered and verified:
            need(verified in delivery.log, f"the log has no {verified}")


def expect_deferral(delivery, reason):
    same("the queue", (bool(delivery.queued), delivery.frozen), (True, False))
    need(re.search(f" == .*({reason})", delivery.log),
         f"the log does not give the reason {reason!r}")
