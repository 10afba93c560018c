"""What both MTAs say before they take a message, with mtasts-milter at their milter door."""

import re
import smtplib
import threading
from concurrent.futures import ThreadPoolExecutor

from client import Client, codes, rcpt, reply_codes
from mta import BODY, SENDER

# pylint: disable=wrong-import-order
import https_server
import rows
import shared
from rows import HOSTILE_TOLD, ROWS
from shared import SMART
from tap import need, same, scenario, until

FORGED = b"MTA-STS-Status: forged\nmta-sts-status: forged too\n" + BODY
HEADER = re.compile(r"^MTA-STS-Status: (.*(?:\n[ \t].*)*)", re.MULTILINE)
CLIENTS = 64
HANGING = 4


def verdict(row):
    @scenario(f"RCPT: {row.mode}: {row.title}: {'accepted' if row.taken_by else 'deferred'}")
    def case(lab):
        mark = lab.mtasts.mark()
        (code, text), (control, _) = rcpt("user@" + row.domain, "user@plain." + row.domain)
        same(f"the code ({text})", code, 250 if row.taken_by else 451)
        same("the control's code", control, 250)
        if not row.taken_by:
            need(re.match(r"4\.7\.\d+ .*\S", text), f"the text is {text!r}")
        told = re.findall(rf"domain={re.escape(row.domain)} .*", lab.mtasts.log(mark))
        need(len(told) == 1 and re.search(rf"queue={lab.queue_id} door=milter", told[0]),
             f"the log is {told}")
    return case


@scenario("RCPT: a reason with % and octets outside of ASCII is shown once, escaped, by 451")
def hostile(_lab):
    (code, text), = rcpt("user@refused.test")
    same("the code", code, 451)
    need(HOSTILE_TOLD in text and "%%" not in text, f"the text is {text!r}")


def submitted(lab, recipients, answers, data=BODY, options=()):
    """What comes of a message that a client hands over, once it is delivered."""
    mark = lab.record.mark()

    def send():
        same("the codes", codes(rcpt(*recipients, data=data, options=options)), answers)
        until(lambda: lab.record.read(mark, event="message") and not lab.queued(),
              lambda: f"queued: {lab.queued()}")
    return lab.watch(send)


def header(text):
    found = HEADER.findall(text)
    need(len(found) == 1, f"the message has {len(found)} headers:\n{text}")
    return found[0]


@scenario("one recipient deferred, the other delivered")
def mixed(lab):
    delivery = submitted(lab, ["user@rogue.test", "user@valid.test"], [451, 250, 250])
    with delivery.told():
        same("told of", delivery.recipients(), {("mx1.valid.test", "user@valid.test")})


def forged(tag):
    @scenario(f"tag = {tag}: forged headers are removed")
    def case(lab):
        with lab.mtasts.configured(milter={"tag": tag}):
            delivery = submitted(lab, ["user@valid.test"], [250, 250], FORGED)
        with delivery.told():
            text, = delivery.texts()
            need("forged" not in text, f"the forged header is there:\n{text}")
    return case


@scenario("tag = all: one domain is named, several are counted and not named (Bcc)")
def tagged(lab):
    with lab.mtasts.configured(milter={"tag": "all"}):
        delivery = submitted(lab, ["user@valid.test", "another@valid.test"], [250, 250, 250])
        with delivery.told():
            for text in delivery.texts():
                need(text.startswith("MTA-STS-Status:"), "it does not stand first")
                need(re.match(r"mode=enforce; result=pass; domain=valid\.test; id=1;\s+"
                              r"mx=mx1\.valid\.test$", header(text)), header(text))
        delivery = submitted(lab, ["user@valid.test", "bcc@wild.test"], [250, 250, 250])
        with delivery.told():
            same("hosts", {host for host, _ in delivery.messages()},
                 {"mx1.valid.test", "mx1.wild.test"})
            for text in delivery.texts():
                same("the header", header(text),
                     "recipients=2; pass=2; fail=0; temperror=0; none=0")


@scenario("several messages on a connection: each has its own header")
def several(lab):
    def send():
        with Client() as client:
            same("codes", codes(client.give("user@valid.test", data=BODY)), [250, 250])
            same("codes", codes(client.give("user@rogue.test")), [451])
            same("codes", codes(client.give("user@wild.test", data=BODY)), [250, 250])
            same("codes", codes(client.give("user@testing.test", data=BODY)), [250, 250])
        until(lambda: len(lab.record.read(mark, event="message")) == 3 and not lab.queued(),
              lambda: f"queued: {lab.queued()}")

    with lab.mtasts.configured(milter={"tag": "all"}):
        mark = lab.record.mark()
        delivery = lab.watch(send)
    with delivery.told():
        for domain, result in (("valid", "pass"), ("wild", "pass"), ("testing", "fail")):
            text, = (text for text in delivery.texts() if f"domain={domain}.test" in text)
            need(f"result={result};" in header(text), header(text))


@scenario("on_fail = reject: 550 5.7, and testing is accepted")
def reject(lab):
    with lab.mtasts.configured(milter={"on_fail": "reject"}):
        (code, text), (other, _) = rcpt("user@rogue.test", "user@testing.test")
        same("the code", code, 550)
        need(text.startswith("5.7."), f"the text is {text!r}")
        same("testing", other, 250)


@scenario("on_fail = tag: accepted, tagged, and held back when it is to be delivered")
def tag_on_fail(lab):
    def send():
        same("codes", codes(rcpt("user@rogue.test", "user@plain.rogue.test", data=BODY)),
             [250, 250, 250])
        until(lambda: lab.record.read(mark, event="message") and
              lab.queued() == {"user@rogue.test"}, lambda: f"queued: {lab.queued()}")

    with lab.mtasts.configured(milter={"on_fail": "tag"}):
        mark = lab.record.mark()
        delivery = lab.watch(send)
    with delivery.told():
        same("told of", delivery.recipients(), {("mx1.rogue.test", "user@plain.rogue.test")})
        text, = delivery.texts()
        same("the header", header(text), "recipients=2; pass=0; fail=1; temperror=0; none=1")


@scenario("testing with tag = fail: accepted, tagged, delivered")
def testing(lab):
    with lab.mtasts.configured(milter={"tag": "fail"}):
        delivery = submitted(lab, ["user@testing.test"], [250, 250])
        with delivery.told():
            text, = delivery.texts()
            need(header(text).startswith("mode=testing; result=fail; domain=testing.test;"),
                 header(text))
        delivery = submitted(lab, ["user@valid.test"], [250, 250])
        with delivery.told():
            need(not HEADER.search(delivery.texts()[0]), "there is a header")


@scenario("on_error: what cannot be determined is accepted, or deferred")
def on_error(lab):
    same("the code", codes(rcpt("user@down.test")), [250])
    with lab.mtasts.configured(milter={"on_error": "defer"}):
        (code, text), = rcpt("user@down.test")
        same("the code", code, 451)
        need(text.startswith("4.4.1 "), f"the text is {text!r}")


def until_taken(lab, recipient, host):
    """A client's message to a recipient comes to a host: an MTA need not be done with
    reading its configuration when it says so."""
    def accepted():
        try:
            return codes(rcpt(recipient, data=BODY)) == [250, 250]
        except smtplib.SMTPServerDisconnected:
            return False
    mark = lab.record.mark()
    until(accepted, "it is not accepted")
    until(lambda: lab.record.read(mark, event="message", host=host),
          lambda: f"it is not at {host}: {lab.record.read(mark)}")


@scenario("a smart host is left alone")
def smart_host(lab):
    same("without", codes(rcpt("user@rogue.test")), [451])
    with lab.smart_host(SMART):
        until_taken(lab, "user@rogue.test", SMART)


@scenario("a route of the administrator's is left alone, another domain is not")
def route(lab):
    with lab.routed("rogue.test", SMART):
        until_taken(lab, "user@rogue.test", SMART)
        same("another", codes(rcpt("user@clear.test")), [451])


@scenario("local and aliased recipients, literals and the percent hack are not judged")
def untouched(lab):
    mark = lab.mtasts.mark()
    same("the codes", codes(rcpt("root@sender.test", "aliased@sender.test",
                                 "user@[192.0.2.99]")), [250] * 3)
    rcpt("user%rogue.test@sender.test", "@valid.test:user@rogue.test")
    judged = set(re.findall(r"domain=(\S+) .*door=milter", lab.mtasts.log(mark)))
    same("judged", judged, {"rogue.test"})


@scenario("a null MX under enforce is left to the MTA, and no policy is fetched")
def null_mx(lab):
    mark = lab.record.mark()
    code, = codes(rcpt("user@nullmx.test"))
    need(code != 451, "it is deferred")
    same("requests", lab.record.read(mark, event="request", host="mta-sts.nullmx.test"), [])


@scenario("SMTPUTF8: a domain of U-labels is judged as its A-labels")
def smtputf8(lab):
    commands = [f"MAIL FROM:<{SENDER}> SMTPUTF8", "RCPT TO:<us\u00e9r@b\u00fccher.test>",
                "RCPT TO:<us\u00e9r@valid.test>", "RSET", "NOOP"]
    found = reply_codes(commands)
    same("the session goes on", found[-2:], [250, 250])
    if lab.speaks_utf8:
        same("the codes", found[:3], [250, 451, 250])
    else:
        need(501 <= found[1] <= 553 or found[1] == 451, f"the codes are {found}")


@scenario("ten thousand recipients in a message, or as many as the MTA takes")
def ten_thousand(lab):
    names = [f"RCPT TO:<u{number}@{'rogue' if number % 10 else 'valid'}.test>"
             for number in range(10_000)]
    found = reply_codes([f"MAIL FROM:<{SENDER}>", *names, "RSET"])
    same("MAIL and RSET", (found[0], found[-1]), (250, 250))
    taken = names[:lab.most_recipients]
    same("accepted", found[1:len(taken) + 1],
         [451 if "rogue" in name else 250 for name in taken])


@scenario("the milter is killed: mail is deferred; it is there again: judged")
def killed(lab):
    with lab.mtasts.away():
        code, = codes(rcpt("user@valid.test", data=BODY))[:1]
        same("the code", code, 451)
    same("the codes", codes(rcpt("user@valid.test", "user@rogue.test")), [250, 451])


@scenario("the milter is killed between two recipients, and is there for the next message")
def killed_between(lab):
    with Client() as client:
        client.mail(SENDER)
        same("before", client.rcpt("user@valid.test")[0], 250)
        with lab.mtasts.away():
            need(client.rcpt("user@rogue.test")[0] // 100 == 4, "it is not deferred")
    same("after", codes(rcpt("user@valid.test", "user@rogue.test")), [250, 451])


@scenario("reloaded under load: every answer is right by one configuration or the other")
def reloaded(lab):
    stop = threading.Event()

    def ask(_):
        found = []
        while not stop.is_set():
            found.append(tuple(codes(rcpt("user@valid.test", "user@rogue.test"))))
        return found

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(ask, number) for number in range(8)]
        for number in range(10):
            lab.mtasts.reload(milter={"on_fail": "defer" if number % 2 else "reject"})
        lab.mtasts.reload()
        stop.set()
        found = {answer for answers in asked for answer in answers.result()}
    need(found <= {(250, 451), (250, 550)}, f"the answers are {found}")
    same("after the last", codes(rcpt("user@valid.test", "user@rogue.test")), [250, 451])


@scenario(f"{CLIENTS} connections, a policy host that hangs: the others do not notice")
def hanging(lab):
    with lab.mtasts.configured(milter={"rcpt_timeout": "25s"}), \
            ThreadPoolExecutor(CLIENTS) as pool:
        mark = lab.record.mark()
        waiting = [pool.submit(rcpt, "user@hanging.test") for _ in range(HANGING)]
        until(lambda: lab.record.read(mark, event="request", host="mta-sts.hanging.test"),
              "the policy is not asked for")
        others = [pool.submit(rcpt, f"user@{'rogue' if number % 2 else 'valid'}.test")
                  for number in range(CLIENTS - HANGING)]
        found = [codes(other.result()) for other in others]
        need(not any(one.done() for one in waiting), "the hanging ones were answered before")
        same("the others", found, [[451 if number % 2 else 250]
                                   for number in range(CLIENTS - HANGING)])
        lab.released.set()
        same("the hanging", [codes(one.result()) for one in waiting], [[451]] * HANGING)


def held_back(event, answer):
    """An answer that begins when an event has come."""
    def begin():
        event.wait()
        yield from answer()
    return begin


def build(lab):
    rows.settle(lab)
    shared.settle(lab)
    lab.domain("nullmx.test", [], ["mx1.valid.test"])
    lab.zone.add("nullmx.test", "MX", (0, ""))
    lab.absent("mx.down.test")
    lab.domain("down.test", ["mx.down.test"])
    lab.domain("xn--bcher-kva.test", ["mx1.rogue.test"])
    lab.released = threading.Event()
    lab.domain("hanging.test", ["mx1.valid.test"], ())
    lab.policy_host("hanging.test", held_back(lab.released, https_server.reply(
        https_server.policy(mx=["mx.other.test"]))))


CASES = [*map(verdict, ROWS), hostile, mixed, *map(forged, ("off", "fail", "all")), tagged,
         several, reject, tag_on_fail, testing, on_error, smart_host, route, untouched, null_mx,
         smtputf8, ten_thousand, killed, killed_between, reloaded, hanging]
