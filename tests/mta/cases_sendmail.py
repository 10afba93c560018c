#!/usr/bin/python3 -B
"""The rules of contrib/sendmail/mtasts.m4 with mtasts-milter behind them: what is
delivered, by recipient, to whom."""

import signal
from concurrent.futures import ThreadPoolExecutor

from sendmail import README_MC, SendmailLab, download_debs

# pylint: disable=wrong-import-order
import gone
import over_time
import rows
import shared
from rows import ROWS
from shared import MIXED, NONE, SHARED, SMART, VALID, fates
from tap import main, need, same, scenario


@scenario("the server's name is asked for by SNI")
def sni(lab):
    delivery = lab.send("user@valid.test")
    with delivery.told():
        same("SNI", delivery.names(), {("mx1.valid.test", "mx1.valid.test")})


@scenario("the map is asked once a recipient and server")
def asked(lab):
    lab.send("user@valid.test")
    mark = lab.mtasts.mark()
    lab.send("user@valid.test")
    lines = [line for line in lab.mtasts.log(mark).splitlines() if "door=map" in line]
    need(len(lines) == 1 and "domain=valid.test" in lines[0], f"the log is {lines}")


@scenario("user@VALID.Test: the policy is found")
def case_of_letters(lab):
    lab.expect(["VALID.Test"], VALID)
    lab.expect(["ROGUE.Test"], {"rogue.test": None})


def mixed(domains):
    @scenario("shared untrusted host, bypass closed: " + ", ".join(domains))
    def case(lab):
        lab.expect(domains, fates(domains))
    return case


@scenario("two policies on one host, of which one lists it")
def two_policies(lab):
    for domains in (("a.good.shared2.test", "b.bad.shared2.test"),
                    ("a.bad.shared2.test", "b.good.shared2.test")):
        lab.expect(domains, {domain: None if ".bad." in domain else "mx.shared2.test"
                             for domain in domains})


@scenario("one queue run, one connection: each message judged by its own policy")
def queue_run(lab):
    def run():
        for domain in ("aaa", "listed", "zzz"):
            lab.submit(f"user@{domain}.shared.test", how="-odq")
        lab.sendmail("-q", "-v")
    delivery = lab.watch(run)
    with delivery.told():
        same("queued", delivery.queued, {"user@listed.shared.test"})
        same("taken by", delivery.messages(), [(SHARED, True)] * 2)


@scenario("smart host, exempt: delivered, though it has no TLS")
def smart_host(lab):
    with lab.smart_host(SMART):
        lab.expect(["valid.test"], {"valid.test": SMART})


@scenario("smart host, not exempt: deferred")
def smart_host_not_exempt(lab):
    with lab.configured(README_MC.replace(SMART, "mx.another.test")
                        + f"define(`SMART_HOST', `[{SMART}]')dnl\n"):
        lab.expect(["valid.test", "none.test"], {"valid.test": None, "none.test": SMART})


@scenario("mailertable target, exempt: delivered")
def mailertable(lab):
    with lab.routed("valid.test", SMART):
        lab.expect(["valid.test"], {"valid.test": SMART})


# Features that read an argument of their own, or define what ours defines.
OTHERS = """\
FEATURE(`nocanonify')dnl
FEATURE(`mailertable', `hash -o /etc/mail/mailertable')dnl
FEATURE(`virtusertable', `hash -o /etc/mail/virtusertable')dnl
FEATURE(`genericstable', `hash -o /etc/mail/genericstable')dnl
FEATURE(`check_cert_altnames')dnl
FEATURE(`enhdnsbl', `dnsbl.test', `"no"', `t')dnl
"""


def beside(place, lines):
    @scenario(f"beside other features, {place} them, and rules of the administrator's own")
    def case(lab):
        lab.table("mailertable", "")
        with lab.configured(lines, after="LOCAL_TLS_RCPT\nR$*@none.test\t$#error $@ 4.7.0 "
                                         "$: 450 the administrator's rule\n"):
            delivery = lab.expect(["valid.test"], VALID)
            with delivery.told():
                same("SNI", delivery.names(), {("mx1.valid.test", "mx1.valid.test")})
            lab.expect(["rogue.test"], {"rogue.test": None})
            lab.expect(["none.test"], {"none.test": None})
    return case


@scenario("confDONT_EXPAND_CNAMES: an alias is judged by the name it was addressed by")
def alias(lab):
    lab.expect(["alias.test"], VALID)
    with lab.with_lines("define(`confDONT_EXPAND_CNAMES', `True')dnl\n"):
        delivery = lab.send("user@alias.test")
        with delivery.told():
            same("queued", delivery.queued, {"user@alias.test"})


@scenario("an MX host that is an alias: its MX record's name counts, not its target's")
def aliased(lab):
    lab.expect(["byname.test"], {"byname.test": shared.TARGET})
    lab.expect(["bytarget.test"], {"bytarget.test": None})


@scenario("the map answers TEMP for one domain: it is deferred, others are not")
def lookup_fails(lab):
    with lab.mtasts.configured(policy={"strict_first_use": True}):
        mark = lab.mtasts.mark()
        lab.expect(["promised.test", "valid.test"], {"promised.test": None, **VALID})
        need("action=temp" in lab.mtasts.log(mark), lab.mtasts.log(mark))


@scenario("the map is silent: deferred")
def map_silent(lab):
    lab.mtasts.tell(signal.SIGSTOP)
    try:
        lab.expect(["valid.test"], {"valid.test": None})
    finally:
        lab.mtasts.tell(signal.SIGCONT)


def load(lab, messages):
    with ThreadPoolExecutor(6) as pool:
        sent = [pool.submit(lab.submit, *recipients) for recipients in messages]
        for _ in range(3):
            lab.mtasts.stop(signal.SIGKILL)
            lab.mtasts.start()
        for submission in sent:
            submission.result()


@scenario("a host that fails is told of the sender, and of no more")
def sender(lab):
    delivery = lab.send("user@rogue.test")
    with delivery.told():
        same("said", {event["line"].split()[0].upper() for event in delivery.at_hosts("command")},
             {"EHLO", "STARTTLS", "MAIL", "RSET", "QUIT"})


@scenario("control: without the feature an untrusted host is given the mail")
def control(lab):
    with lab.configured(""):
        lab.expect(["rogue.test", "clear.test"],
                   {"rogue.test": "mx1.rogue.test", "clear.test": "mx1.clear.test"})


def build(lab):
    rows.settle(lab)
    shared.settle(lab)
    over_time.settle(lab)
    lab.domain("promised.test", [NONE], ())
    lab.domain("alias.test", [], ["mx.other.test"])


CASES = [*(row.under("ours", control=True) for row in ROWS), sni, asked, case_of_letters,
         *map(mixed, MIXED), two_policies, queue_run, smart_host, smart_host_not_exempt,
         mailertable, beside("before", README_MC + OTHERS), beside("after", OTHERS + README_MC),
         alias, aliased, lookup_fails, gone.map_gone, map_silent,
         gone.restarted(load, bounce="dsn=5"), *over_time.CASES, sender, control, gone.stops]

if __name__ == "__main__":
    download_debs()
    main(build, CASES, SendmailLab, jobs=1)
