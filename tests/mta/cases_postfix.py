#!/usr/bin/python3 -B
"""The lines of contrib/postfix: real deliveries, with a map that answers from a table."""

from map_server import MapServer
from mta import MAP
from postfix import PostfixLab, download_debs
from rows import ROWS

# pylint: disable=wrong-import-order
from pki import named
from tap import main, same, scenario
import world


@scenario("Postfix's own: a name in CN alone is good enough")
def cn_alone(lab):
    lab.expect(["cnonly.test"], {"cnonly.test": "mx1.cnonly.test"})


@scenario("user@ROGUE.Test: the policy is found")
def case_of_letters(lab):
    lab.expect(["ROGUE.Test"], {"rogue.test": None})


@scenario("shared untrusted host: each recipient judged by its own policy")
def mixed(lab):
    lab.expect(["aaa.shared.test", "listed.shared.test"],
               {"aaa.shared.test": "mx.shared.test", "listed.shared.test": None})


@scenario("smart host: left alone")
def smart_host(lab):
    lab.configure(lines="relayhost = [mx.smart.test]\n")
    try:
        lab.expect(["valid.test"], {"valid.test": "mx.smart.test"})
        same("asked", {query for query in lab.map.asked if "smart" in query},
             {"postfix [mx.smart.test]"})
    finally:
        lab.configure()


@scenario("the map is gone: deferred; it is there again: delivered")
def map_gone(lab):
    lab.map.stop()
    lab.expect(["valid.test"], {"valid.test": None})
    lab.map.start()
    lab.expect(["valid.test"], {"valid.test": "mx1.valid.test"})


def build(lab):
    lab.map = MapServer(lab.machine.path(MAP))
    lab.map.start()
    world.build(lab)
    for row in ROWS:
        row.settle(lab)
        lab.map.policies[row.domain] = row.patterns or list(row.hosts)
    lab.mx_host("mx.smart.test", extensions=world.NO_STARTTLS)
    lab.mx_host("mx.shared.test", certificate=named("mx.shared.test", issuer="unknown"))
    for name in ("aaa", "listed"):
        lab.zone.add(name + ".shared.test", "MX", (10, "mx.shared.test"))
    lab.map.policies["listed.shared.test"] = ["mx.shared.test"]


CASES = [*(row for row in ROWS if row.domain != "cnonly.test"), cn_alone, case_of_letters, mixed, smart_host, map_gone]

if __name__ == "__main__":
    download_debs()
    main(build, CASES, PostfixLab, jobs=1)
