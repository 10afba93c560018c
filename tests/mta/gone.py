"""mtasts-milter goes, and comes back: what both MTAs do meanwhile."""

# pylint: disable=wrong-import-order
from shared import NONE, VALID
from tap import need, same, scenario, until

MESSAGES = [["user@valid.test", "user@rogue.test"], ["user@none.test"]] * 12


@scenario("the map is gone: deferred; it is there again: delivered")
def map_gone(lab):
    with lab.mtasts.away():
        lab.expect(["valid.test", "none.test"], {"valid.test": None, "none.test": None})
    lab.expect(["valid.test", "none.test"], {**VALID, "none.test": NONE})


def restarted(load, bounce):
    """`load` hands in messages while the daemon is killed and started; `bounce` is what
    the MTA's log says of one."""
    @scenario("restarted under load: nothing bounced, nothing to a wrong host, all delivered")
    def case(lab):
        def flushed():
            lab.retry()
            return lab.queued() == {"user@rogue.test"}

        def run():
            load(lab, MESSAGES)
            until(flushed, lambda: f"queued: {lab.queued()}")
        delivery = lab.watch(run)
        with delivery.told():
            same("told of recipients", delivery.recipients(),
                 {("mx1.valid.test", "user@valid.test"), (NONE, "user@none.test")})
            same("delivered", len(delivery.messages()), len(MESSAGES))
            need(bounce not in delivery.log, "there is a bounce")
    return case


@scenario("in the end mtasts-milter stops in good order, and no sanitizer has complained")
def stops(lab):
    lab.mtasts.restart()
