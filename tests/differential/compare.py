#!/usr/bin/env python3
"""Our rules against two independent implementations, over the corpus and
generated cases: make differential.

Where another one says something else, expected.py has to explain it by the RFC,
and README.md has to tell of it; what is not explained fails.
"""

import collections
import os
import subprocess
import sys

sys.dont_write_bytecode = True

import cases                    # noqa: E402
import debian_resolver          # noqa: E402
import expected                 # noqa: E402
import mailauth                 # noqa: E402
import reference                # noqa: E402

SHOWN = 10
SOURCE = os.environ.get("abs_top_srcdir", ".")
BUILD = os.environ.get("abs_top_builddir", ".")
HERE = os.path.dirname(os.path.abspath(__file__))
KINDS = {"record": cases.records, "policy": cases.policies,
         "match": cases.matches}
OTHERS = [(debian_resolver.fetch, debian_resolver.DebianResolver,
           debian_resolver.PACKAGE),
          (mailauth.fetch, mailauth.Mailauth, mailauth.PACKAGE)]


def octets_of(question):
    """What ask.c is asked with."""
    if isinstance(question, bytes):
        return [question]
    return [part if isinstance(part, bytes) else part.encode("latin-1")
            for part in question]


def read_answer(kind, line):
    """Our answer in the words of all; None where there is no policy."""
    word, *rest = line.split()
    if kind == "match":
        return word == "yes"
    if kind == "record":
        return rest[0] if word == "id" else None
    if word == "invalid":
        return None
    return rest[0], int(rest[1]), frozenset(rest[2:])


def ours(kind, questions):
    """All of our answers."""
    lines = "".join(kind + "".join(" -" + part.hex()
                                   for part in octets_of(question)) + "\n"
                    for question in questions)
    done = subprocess.run([os.path.join(BUILD, "tests/differential/ask")],
                          input=lines, capture_output=True, text=True, check=True)
    answers = [read_answer(kind, line) for line in done.stdout.splitlines()]
    assert len(answers) == len(questions)
    return answers


class Report:
    """TAP, as it comes."""

    def __init__(self):
        self.number = self.failed = 0

    def tell(self, good, text, notes=()):
        """One test."""
        self.number += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.number} - {text}")
        for note in notes:
            print("# " + note)
        sys.stdout.flush()

    def skip(self, text, why):
        """One that cannot be."""
        self.number += 1
        print(f"ok {self.number} - {text} # SKIP {why}")


def theirs(other, kind, question):
    """One answer of another implementation."""
    if kind == "match":
        return other.match(*question)
    return getattr(other, kind)(question)


def compare(report, other, kind, questions, answers, met):
    """One kind of question, all cases."""
    agreed, reasons, odd = 0, collections.Counter(), []
    for question, answer in zip(questions, answers):
        said = theirs(other, kind, question)
        if said == answer:
            agreed += 1
            continue
        reason = expected.explain(other.name, kind, question, answer, said)
        if reason is None:
            odd.append(f"{question!r}: ours {answer!r}, theirs {said!r}")
        else:
            reasons[reason] += 1
            met.add((other.name, kind, reason))
    report.tell(not odd, f"{kind}: {other.name}: {len(questions)} cases, "
                f"{agreed} agree, {reasons.total()} differ as expected, "
                f"{len(odd)} otherwise",
                [f"{n} {reason}" for reason, n in sorted(reasons.items())] +
                odd[:SHOWN])


def check_reference(report, kind, questions, answers):
    """We say what the grammar says."""
    odd = []
    for question, answer in zip(questions, answers):
        said = theirs(reference, kind, question)
        if said != answer:
            odd.append(f"{question!r}: ours {answer!r}, the grammar {said!r}")
    report.tell(not odd, f"{kind}: the grammar of RFC 8461: {len(questions)} cases, "
                f"{len(odd)} differ", odd[:SHOWN])


def check_table(report, names, met):
    """Every row of the table is met by a case, and told of in README.md."""
    with open(os.path.join(HERE, "README.md"), encoding="utf-8") as file:
        told = file.read()
    rows = [(name, row.kind, row.reason) for name, row in expected.rows()
            if name in names]
    missing = [": ".join(row) for row in rows if row not in met]
    report.tell(not missing, f"each of {len(rows)} expected disagreements is met",
                missing)
    untold = sorted({row[-1] for row in rows if f"`{row[-1]}`" not in told})
    report.tell(not untold, "README.md tells of each of them", untold)


def main():
    """All implementations that can be had."""
    report, met, names = Report(), set(), set()
    questions = {kind: list(make(SOURCE)) for kind, make in KINDS.items()}
    answers = {kind: ours(kind, asked) for kind, asked in questions.items()}
    for kind, asked in questions.items():
        check_reference(report, kind, asked, answers[kind])
    for fetch, make, name in OTHERS:
        modules, why = fetch(os.path.join(BUILD, "tests/differential", name))
        if modules is None:
            report.skip(name, why)
            continue
        other = make(modules)
        names.add(name)
        for kind, asked in questions.items():
            compare(report, other, kind, asked, answers[kind], met)
    check_table(report, names, met)
    print(f"1..{report.number}")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
