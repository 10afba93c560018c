#!/usr/bin/python3 -B
"""The cache over time, through the command: what is fetched again, what is kept.

Each scenario has a domain of its own below live.test, whose record (TTL 0) and
policy host it changes as it goes, and a cache directory of its own.
"""

import json
import os

import world
from https_server import policy, reply
from lab import command_under_test, run
from owner import MINUTE, MX, Owner
from tap import ask, clean, main, need, same, scenario, told

OWNERS = {}
CASES = []


def over_time(label, title):
    """Make a scenario of a function of an Owner."""
    def decorate(function):
        owner = OWNERS[label] = Owner(label + ".live.test")
        CASES.append(scenario(title)(lambda lab: function(owner)))
        return function
    return decorate


@over_time("same", "STS-3-01 STS-3.2-20 the same id: no second GET, the age goes on")
def same_id(owner):
    first = owner.expect("one", gets=1)
    same("source", first["source"], "network")
    again = owner.expect("one", gets=1)
    same("source", again["source"], "cache")
    same("expires_at", again["expires_at"], first["expires_at"])


@over_time("gone", "STS-3.1-14 the record is gone: the cached policy stays")
def record_gone(owner):
    owner.expect("one")
    owner.record()
    owner.expect("one", gets=1)


@over_time("two", "STS-3.1-14 two records: the cached policy stays")
def two_records(owner):
    owner.expect("one")
    owner.record("v=STSv1; id=a;", "v=STSv1; id=b;")
    owner.expect("one", gets=1)


@over_time("garbage", "STS-3.1-14 an invalid record: the cached policy stays")
def invalid_record(owner):
    owner.expect("one")
    owner.record("v=STSv1; id=_;")
    owner.expect("one", gets=1)


@over_time("servfail", "STS-3.1-17 no answer to the record: the cached policy stays")
def dns_down(owner):
    owner.expect("one")
    owner.break_dns()
    owner.expect("one", gets=1)


@over_time("webdown", "STS-3.3-14 new id, policy host down: the cached policy stays")
def web_down(owner):
    owner.expect("one")
    owner.record("v=STSv1; id=two;")
    owner.break_web()
    owner.expect("one", gets=2)
    same("still matched", owner.ask("check", code=0)["verdict"], "pass")


@over_time("newid", "STS-3.1-06 STS-10.3-01 a new id replaces")
def new_id(owner):
    owner.expect("one")
    owner.publish("two", "testing")
    owner.expect("two", "testing", gets=2)
    owner.expect("two", "testing", gets=2)


@over_time("case", "STS-3.1-06 an id that differs in case is new, an older one, too")
def ids_have_no_order(owner):
    owner.expect("one")
    owner.publish("One")
    owner.expect("One", gets=2)
    owner.publish("0")
    owner.expect("0", gets=3)


@over_time("body", "STS-3.3-19 the same body under a new id: id and time are new")
def same_body(owner):
    first = owner.expect("one")
    owner.record("v=STSv1; id=two;")
    second = owner.expect("two", gets=2, days=0.5)
    need(second["expires_at"] > first["expires_at"], "the expiry has not moved")
    owner.expect("two", gets=2, days=0.5)


@over_time("none", "STS-8.3-01 STS-5-07 a policy of mode none replaces and is cached")
def replaced_by_none(owner):
    owner.expect("one")
    owner.publish("two", "none", mx=())
    owner.expect("two", "none", gets=2)
    owner.record()
    owner.expect("two", "none", gets=2)


@over_time("backoff", "STS-3.3-10 A-19 a failed fetch is not tried again for 5 minutes")
def back_off(owner):
    owner.break_web()
    for _ in range(2):
        same("reason", owner.ask(code=0)["reason"], "sts-policy-fetch-error")
        same("GETs", owner.gets, 1)
    owner.ask(days=4.5 * MINUTE)
    same("GETs after 4.5 minutes", owner.gets, 1)
    owner.publish("one")
    owner.expect("one", gets=2, days=5.5 * MINUTE)


@over_time("backoffid", "STS-3.3-10 a failed fetch does not hold up another id")
def back_off_new_id(owner):
    owner.break_web()
    owner.ask(code=0)
    owner.publish("two")
    owner.expect("two", gets=2)


@over_time("expired", "STS-3.3-17 an expired policy does not apply")
def expired(owner):
    owner.publish("one", max_age=3600)
    owner.expect("one")
    owner.record()
    same("reason", owner.ask(days=0.1, code=0)["reason"], "no-record")


@over_time("expiredweb", "STS-3.3-13 expired, and the policy host is down: no policy")
def expired_and_down(owner):
    owner.publish("one", max_age=3600)
    owner.expect("one")
    owner.break_web()
    answer = owner.ask("check", days=0.1, code=0)
    same("verdict", answer["verdict"], "none")
    same("reason", answer["reason"], "sts-policy-fetch-error")


@over_time("zero", "A-05 max_age 0 applies to the delivery that fetched it")
def max_age_zero(owner):
    owner.publish("one", max_age=0)
    owner.expect("one", gets=1)
    owner.expect("one", gets=2, days=MINUTE)


@over_time("past", "STS-3.3-21 a clock that has been set back does not lengthen a life")
def clock_back(owner):
    owner.expect("one", days=10)
    owner.break_web()
    owner.expect("one")
    owner.record()
    same("mode 2 days later", owner.ask(days=2, code=0)["mode"], None)


@over_time("refresh", "STS-3.3-15 STS-3.3-18 A-25 refresh works without the record")
def refresh(owner):
    first = owner.expect("one")
    owner.record()
    same("exit", owner.run("refresh", owner.domain, days=0.5).code, 0)
    shown = owner.ask("show", days=0.5, code=0)
    same("GETs", owner.gets, 2)
    same("id", shown["id"], "one")
    need(shown["expires_at"] > first["expires_at"], "the expiry has not moved")


NO_TMP = """
mount --bind /tmp /tmp && mount --bind "$0" "$0" && mount -o remount,bind,ro /tmp && exec "$@"
"""


@over_time("refreshall", "refresh --all needs no place for temporary files")
def refresh_all(owner):
    owner.expect("one")
    outcome = run(["unshare", "--mount", "sh", "-c", NO_TMP, owner.cache, command_under_test(),
                   "-c", owner.lab.conf({}, "-refreshall"), "--cache", owner.cache,
                   "refresh", "--all"], 90)
    clean(outcome)
    same("exit", outcome.code, 0)
    same("GETs", owner.gets, 2)
    same("left behind", [name for name in os.listdir(owner.cache) if "names" in name], [])


@over_time("refreshdown", "STS-3.3-16 a refresh that fails is told, and loses nothing")
def refresh_fails(owner):
    owner.expect("one")
    owner.break_web()
    outcome = owner.run("refresh", "--all")
    same("exit", outcome.code, 1)
    need(owner.domain in outcome.out + outcome.err, told(outcome))
    owner.expect("one")


@over_time("cachehttp", "STS-3.3-08 two fetches are two whole GETs")
def no_http_cache(owner):
    headers = [("ETag", '"x"'), ("Cache-Control", "max-age=3600"),
               ("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT")]
    owner.web.answer = reply(policy(mx=[MX]), headers=headers)
    owner.expect("one")
    owner.run("refresh", owner.domain)
    requests = owner.lab.record.read(host="mta-sts." + owner.domain, event="request")
    same("GETs", len(requests), 2)
    need(not {"if-none-match", "if-modified-since"} & set(requests[1]["headers"]),
         f"a conditional request: {requests[1]}")


@over_time("recheck", "STS-5-08 STS-5.1-04 a new id is looked for before a failure")
def recheck(owner):
    owner.lab.zone.ttls["_mta-sts." + owner.domain] = 3600
    owner.publish("one", mx=("mx.elsewhere.test",))
    direct = {"dns": {"servers": ["192.0.2.54"]}}
    same("verdict", owner.ask("check", code=1, conf=direct)["verdict"], "fail")
    owner.publish("two")
    answer = owner.ask("check", days=2 * MINUTE, code=0, conf=direct)
    same("(id, verdict)", (answer["id"], answer["verdict"]), ("two", "pass"))


@over_time("strict", "strict_first_use: a promised policy that cannot be had is not ignored")
def strict(owner):
    owner.break_web()
    how = {"conf": {"policy": {"strict_first_use": True}}}
    same("verdict", owner.ask("check", code=3, **how)["verdict"], "temperror")
    later = owner.ask("check", code=0, days=1.1, **how)
    same("verdict a day later", later["verdict"], "none")


@over_time("override", "an override decides, and is not cached")
def override(owner):
    table = owner.lab.path("overrides")
    with open(table, "w", encoding="ascii") as file:
        file.write(f"# ours\n{owner.domain} skip\n.partner.test enforce mx=mx.partner.test\n")
    conf = {"policy": {"overrides": table}}
    answer = owner.ask("check", code=0, conf=conf)
    same("(verdict, reason)", (answer["verdict"], answer["reason"]), ("none", "override-skip"))
    same("GETs", owner.gets, 0)
    partner = ask(owner.lab, "query", "sub.partner.test", code=0, conf=conf)
    same("(source, mode, mx)", (partner["source"], partner["mode"], partner["mx_patterns"]),
         ("override", "enforce", ["mx.partner.test"]))


@over_time("list", "list, show, match, stats, remove and verify know the entry")
def entry(owner):
    same("exit of list, empty", owner.run("list").code, 1)
    same("exit of show, empty", owner.run("show", owner.domain).code, 1)
    owner.expect("one")
    listed = [json.loads(line) for line in owner.run("--json", "list").out.splitlines()]
    same("listed", [(line["domain"], line["id"]) for line in listed], [(owner.domain, "one")])
    same("shown", owner.ask("show", code=0)["mx_patterns"], [MX])
    for host, matched in ((MX, True), ("MX.Good.Test.", True), ("mx.attacker.test", False)):
        outcome = owner.run("--json", "match", owner.domain, host)
        same(f"match of {host}", (json.loads(outcome.out)["matched"], outcome.code),
             (matched, 0 if matched else 1))
    same("stats", isinstance(json.loads(owner.run("--json", "stats").out), dict), True)
    same("exit of verify", owner.run("verify").code, 0)
    same("exit of remove", owner.run("remove", owner.domain).code, 0)
    same("exit of remove, again", owner.run("remove", owner.domain).code, 1)
    same("exit of list, emptied", owner.run("list").code, 1)


@over_time("export", "export and import lose nothing")
def export(owner):
    owner.expect("one")
    exported = owner.run("export")
    same("exit of export", exported.code, 0)
    same("exit of clear", owner.run("clear", "--yes").code, 0)
    same("exit of import", owner.run("import", stdin=exported.out.encode()).code, 0)
    same("exported again", owner.run("export").out, exported.out)
    owner.expect("one", gets=1)


@over_time("warm", "warm discovers a list of domains")
def warm(owner):
    outcome = owner.run("warm", stdin=f"{owner.domain}\ngood.test\nplain.test\n".encode())
    same("exit", outcome.code, 0)
    owner.expect("one", gets=1)


@over_time("usage", "usage and configuration errors: exit 2 and one line")
def usage(owner):
    for arguments in (["frobnicate"], ["--frobnicate", "list"], ["check"], []):
        outcome = owner.run(*arguments)
        same(f"exit of {arguments}", outcome.code, 2)
        need(outcome.err.strip(), f"nothing is said\n{told(outcome)}")
    for conf in ({"dns": {"timeout": "soon"}}, {"https": {"colour": "red"}},
                 {"https": {"allow_addresses": ["192.0.2.0/33"]}}):
        outcome = owner.run("list", conf=conf)
        same(f"exit with {conf}", outcome.code, 2)
        need(".conf:" in outcome.err, f"no file and line\n{told(outcome)}")


def build(lab):
    world.build(lab)
    for owner in OWNERS.values():
        owner.settle(lab)


if __name__ == "__main__":
    main(build, CASES)
