#!/usr/bin/python3 -B
"""Exim routes as root: what the module does of the network and the cache is done by
another user, and what it keeps and logs holds no local part."""

import os

from adapter import EximLab, download_debs
from exim import BODY, DELIVERED, SENDER
from expect import deliver

# pylint: disable=wrong-import-order
from tap import main, need, same, scenario
from trace import Trace, strace
import world

MARK = "M4rkedL0calPart"
OURS = "mtasts"                 # in the names of the module and of the library


@scenario("Exim, as root: the network and the cache are another's, for all that is ours")
def traced(lab):
    lab.exim.reset()
    lab.forget()
    file = "/trace"
    mark = lab.exim.mark()
    outcome = lab.machine.run(*strace(file, stacks=True), "exim4", "-odi", "-f", SENDER,
                              "user@good.test", stdin=BODY)
    need(outcome.code == 0, f"exim4 exits {outcome.code}: {outcome.err}")
    delivery = lab.exim.since(mark, ["user@good.test"])
    same("the state", delivery.states["user@good.test"], DELIVERED)
    trace = Trace(lab.machine.path(file), OURS)
    same("done by us as root", trace.root, [])
    for kind in ("network", "cache"):
        need(trace.others[kind] > 0, f"no {kind} of ours was seen in {len(trace.calls)} calls")


@scenario("the cache that Exim fills is not root's")
def owner(lab):
    deliver(lab, "good.test")
    files = lab.cache_files()
    need(files, "there is no cache")
    same("files of root's", [name for name in files if os.stat(name).st_uid == 0], [])


@scenario("no local part is kept, nor in what the module logs")
def local_parts(lab):
    mark = lab.exim.mark()
    for domain in ("good.test", "hijacked.test", "downgraded.test", "plain.test"):
        lab.exim.reset()
        lab.exim.send(f"{MARK}@{domain}")
    log = lab.exim.since(mark, []).log
    need(MARK in log, "Exim itself does not log it: nothing is shown")
    ours = [line for line in log.splitlines() if "policy=" in line]
    need(ours, "the module has logged nothing")
    same("lines of ours with it", [line for line in ours if MARK in line], [])
    for directory in lab.cache_directories():
        for top, _, names in os.walk(directory):
            for name in names:
                with open(os.path.join(top, name), "rb") as file:
                    need(MARK.encode() not in file.read(), f"{name} has it")


CASES = [traced, owner, local_parts]

if __name__ == "__main__":
    download_debs()
    main(world.build, CASES, EximLab, jobs=1)
