"""Cases, run against the command in a lab, told as TAP.

A case is a name and something to call with the lab, which raises Failure with
an explanation.  Names begin with the checklist ids that the case shows.
"""

import json
import re
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Callable, Tuple

from lab import Lab, command_under_test
from namespace import enter

JOBS = 12                       # cases at once; most of them wait for a time-out
PATIENCE = 60                   # seconds; the machine may be busy

EXIT = {"none": 0, "pass": 0, "fail": 1, "temperror": 3}
UNDETERMINED = {"dns-temperror", "deadline"}        # and so is a verdict of none

RESULTS = {"ok", "not-probed", "connect-failed", "starttls-not-supported",
           "certificate-host-mismatch", "certificate-expired", "certificate-not-trusted",
           "validation-failure"}

# What no output may hold, whatever a server sent.
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
SANITIZER = re.compile(r"(Address|Leak|Thread)Sanitizer|runtime error:")


class Failure(Exception):
    """What was expected and what there was instead."""


class Skipped(Exception):
    """Why a case cannot be run here."""


def one_of(*values):
    """In an expectation: any of these."""
    return frozenset(values)


def need(condition, explanation):
    if not condition:
        raise Failure(explanation)


def same(what, actual, expected):
    """Compare, where an expectation may be one_of(...) or a callable."""
    if callable(expected):
        need(expected(actual), f"{what} is {actual!r}")
    elif isinstance(expected, frozenset):
        need(actual in expected,
             f"{what} is {actual!r}, not one of {sorted(map(str, expected))}")
    else:
        need(actual == expected, f"{what} is {actual!r}, not {expected!r}")


def until(done, otherwise):
    """Wait until something is true, or tell what there is instead: a text, or a
    function that makes it."""
    end = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > end:
            raise Failure(otherwise() if callable(otherwise) else otherwise)
        time.sleep(0.05)


def ask(lab, *arguments, code=None, **how):
    """Run the command with --json; returns its object, with `code` and `hosts`
    ({MX host: result}) added.  `how` goes to Lab.run."""
    outcome = lab.run("--json", *arguments, **how)
    try:
        clean(outcome)
        answer = json.loads(outcome.out)
        answer["hosts"] = {mx["host"]: mx["result"] for mx in answer.get("mx", ())}
        answer["code"] = outcome.code
        if code is not None:
            same("the exit code", outcome.code, code)
        return answer
    except (ValueError, KeyError, TypeError, AttributeError, Failure) as error:
        raise Failure(f"{error}\n{told(outcome)}") from error


def clean(outcome):
    """What must be true of every run."""
    need(outcome.code is not None, "it did not end, and was killed")
    need(outcome.code >= 0, f"it died of signal {-outcome.code}")
    for name, text in (("output", outcome.out), ("error output", outcome.err)):
        need(not UNPRINTABLE.search(text), f"the {name} has unprintable bytes: {text!r}")
    need(not SANITIZER.search(outcome.err), "a sanitizer has complained")


def exit_code(answer):
    """The exit status that the JSON object asks for."""
    if answer.get("verdict") == "none" and answer.get("mode") is None \
            and answer.get("reason") in UNDETERMINED:
        return EXIT["temperror"]
    return EXIT.get(answer.get("verdict"))


def told(outcome):
    text = (f"$ {' '.join(outcome.command)}\nexit {outcome.code}\n"
            f"{outcome.out}{outcome.err}")
    return text.encode(errors="backslashreplace").decode()


@dataclass
class Case:
    """`check DOMAIN` once, with an empty cache.

    expect  {key of the JSON object: value}, also "hosts": {MX host: result}
    seen    functions, called with the events at the policy host and the MX
            hosts of the domain, that raise Failure
    """

    name: str
    domain: str
    expect: dict
    seen: Tuple[Callable, ...] = ()
    conf: dict = field(default_factory=dict)
    before: tuple = ()

    def __call__(self, lab):
        mark = lab.record.mark()
        answer = ask(lab, "check", "--", self.domain, conf=self.conf, before=self.before)
        try:
            self.judge(answer)
            hosts = {"mta-sts." + self.domain, *answer["hosts"]}
            events = [event for event in lab.record.read(mark) if event.get("host") in hosts]
            for look in self.seen:
                look(events)
        except Failure as error:
            raise Failure(f"{error}\n{json.dumps(answer, indent=1)}") from error

    def judge(self, answer):
        for key, value in self.expect.items():
            same(key, answer.get(key), value)
        same("the exit code", answer["code"], exit_code(answer))
        need(set(answer["hosts"].values()) <= RESULTS,
             f"a result is none of the known: {answer['hosts']}")


# What servers saw: each returns a function for Case.seen.

def count(number, **wanted):
    """So many events with these values."""
    def look(events):
        found = [event for event in events
                 if all(event.get(key) == value for key, value in wanted.items())]
        same(f"the number of {wanted}", len(found), number)
    return look


def gets(number):
    return count(number, server="https", event="request")


def no_contact(server):
    return count(0, server=server)


def scenario(name):
    """Make a case of a function of the lab."""
    def decorate(function):
        function.name = name
        return function
    return decorate


def attempt(case, lab):
    """What is told of a case: (ok or not ok, directive, explanation)."""
    try:
        case(lab)
        return "ok", "", ""
    except Skipped as why:
        return "ok", f" # SKIP {why}", ""
    except Failure as error:
        return "not ok", "", str(error)
    except (LookupError, TypeError, ValueError, AttributeError, OSError):
        return "not ok", "", ("the answer has not the shape that was expected\n"
                              + traceback.format_exc())


def report(lab, cases, jobs=JOBS):
    print(f"1..{len(cases)}", flush=True)
    with ThreadPoolExecutor(jobs) as pool:
        ends = pool.map(lambda case: attempt(case, lab), cases)
        for number, (case, end) in enumerate(zip(cases, ends), 1):
            word, directive, explanation = end
            print(f"{word} {number} - {case.name}{directive}", flush=True)
            for line in explanation.splitlines():
                print("# " + line, flush=True)


def main(build, cases, kind=Lab, jobs=JOBS):
    """Build a world and run the cases in it; arguments choose cases by a part
    of their names."""
    enter()
    command_under_test()
    wanted = [case for case in cases
              if not sys.argv[1:] or any(word in case.name for word in sys.argv[1:])]
    with kind() as lab:
        build(lab)
        lab.start()
        report(lab, wanted, jobs)
