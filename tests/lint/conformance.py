#!/usr/bin/python3 -B
"""CONFORMANCE.md, from tests/lint/rfc8461.md and requirements.tsv.

    conformance.py            is the page what this makes? (TAP, in make check)
    conformance.py --write    make it
    conformance.py --ran      has each test that is named run, and passed, in the build
                              directory? (TAP; make conformance, after tests/run)
"""

import glob
import os
import re
import sys

TOP = os.environ.get("abs_top_srcdir") or os.path.join(os.path.dirname(__file__), "../..")
BUILD = os.environ.get("abs_top_builddir") or "."
SOURCE = "tests/lint/rfc8461.md"
PAGE = "CONFORMANCE.md"
TABLES = {"Tests": "", "Exim": "Exim: ", "Sendmail and Postfix": "Sendmail, Postfix: "}
ROW = re.compile(r"^\| ([A-Z]{3}-[0-9.]+(?:-[0-9]+)?) \| (.*) \|$", re.MULTILINE)
NAMED = re.compile(r"`([a-z0-9_]+/[a-z0-9_.]+): ([^`]+)`")
REFERENCE = re.compile(r"^Who delivers the mail: .*")

# What ids begin with, the longest first, and where their rows stand.
CHAPTERS = {
    "STS-2": "The TXT record", "STS-3-": "The TXT record", "STS-3.1": "The TXT record",
    "STS-3.2": "The policy", "STS-3.3": "Fetching, caching, refreshing",
    "STS-3.4": "Whose policy", "STS-4": "Validation", "STS-5": "Application",
    "STS-6": "Reports", "STS": "TLS, operation, security", "RPT": "Reports",
    "SMT": "SMTP and null MX", "NMX": "SMTP and null MX", "PKX": "Names in certificates",
    "DNE": "Beside DANE", "RTL": "Beside REQUIRETLS", "ESC": "Codes and header fields",
    "HDR": "Codes and header fields",
}

HEAD = """# Conformance

What RFC 8461, and the RFCs that it stands upon, ask of a host that sends mail, and what
shows that it is so here: the library and the command, Debian's Exim with the module, and
Debian's Sendmail and Postfix with the daemon, as configured by `contrib/`. {total} requirements:
{shown} are shown by {tests} tests, {told} are answered by a sentence.

The tests of each are named in [tests/lint/rfc8461.md]({source}), and where we read an RFC
differently on purpose is told there, too. `make conformance` compares those names with
the last run of all tests.

This page is made by `tests/lint/conformance.py --write`.
"""


def read(name):
    with open(os.path.join(TOP, name), encoding="utf-8") as file:
        return file.read()


def requirements():
    """[(id, level, where, what is asked for)]"""
    return [line.split("\t") for line in read("tests/lint/requirements.tsv").splitlines()]


def tables():
    """{heading: {id: what shows it}}"""
    sections = re.split(r"^## (.*)$", read(SOURCE), flags=re.MULTILINE)
    return {heading: dict(ROW.findall(text))
            for heading, text in zip(sections[1::2], sections[2::2])}


def named_tests():
    return sorted(set(NAMED.findall(read(SOURCE))))


# ---- The page -------------------------------------------------------------------

def chapter(ident):
    start = max((start for start in CHAPTERS if ident.startswith(start)), key=len)
    return CHAPTERS[start]


def shown(cell):
    """A cell of ours, for who wants to know whether and not where."""
    tests = NAMED.findall(cell)
    if tests:
        return f"{len(tests)} test{'s' if len(tests) > 1 else ''}"
    return REFERENCE.sub("", cell)


def row(requirement, found):
    ident, level, where, text = requirement
    parts = [prefix + shown(found[heading][ident]) for heading, prefix in TABLES.items()
             if shown(found[heading].get(ident, ""))]
    return f"| {ident} | {level} | {where} | {text} | {'; '.join(parts)} |"


def page():
    found = tables()
    all_of_them = requirements()
    rows = {}
    for requirement in all_of_them:
        rows.setdefault(chapter(requirement[0]), []).append(row(requirement, found))
    by_test = [ident for ident, *_ in all_of_them
               if any(NAMED.search(found[heading].get(ident, "")) for heading in TABLES)]
    text = HEAD.format(total=len(all_of_them), shown=len(by_test), source=SOURCE,
                       tests=len(named_tests()), told=len(all_of_them) - len(by_test))
    for title, lines in rows.items():
        text += (f"\n## {title}\n\n| id | level | RFC | asked for | shown by |\n"
                 "|---|---|---|---|---|\n" + "\n".join(lines) + "\n")
    return text


# ---- The last run -----------------------------------------------------------------

def results(pattern):
    """{title: did it pass} of the logs that match."""
    found = {}
    for log in glob.glob(os.path.join(BUILD, pattern)):
        with open(log, encoding="utf-8", errors="replace") as file:
            for word, title in re.findall(r"^(ok|not ok) \d+ - (.*)$", file.read(),
                                          re.MULTILINE):
                found[title] = word == "ok" and "# SKIP" not in title
    return found


def logs(file):
    """Where the results of a file's tests are. What is no program itself is told of
    by those beside it."""
    folder, name = file.split("/")
    stem = name.rsplit(".", 1)[0]
    if name.endswith(".c"):
        return results(f"{stem}.log") or results(f"tests/{folder}/{stem}.log")
    return results(f"tests/{folder}/{stem}.log") or results(f"tests/{folder}/*.log")


def standing(file, name):
    """What the last run says of a test: None, or what is wrong."""
    if file.endswith(".c"):
        wanted = re.compile(re.escape(name) + "$")
    else:
        parts = re.split(r"\{[^}]*\}", name)
        wanted = re.compile(r"(?:.*[^A-Za-z0-9-])?" + ".*".join(map(re.escape, parts))
                            + r"(?:[^A-Za-z0-9]|$)")
    ends = [passed for title, passed in logs(file).items() if wanted.match(title)]
    if not ends:
        return "has not run"
    return None if all(ends) else "has failed, or was skipped"


def ran():
    tests = named_tests()
    print(f"1..{len(tests)}")
    for number, (file, name) in enumerate(tests, 1):
        trouble = standing(file, name)
        print(f"{'not ok' if trouble else 'ok'} {number} - {file}: {name}")
        if trouble:
            print(f"# it {trouble}")


# ---- Lint --------------------------------------------------------------------------

def lint():
    idents = [ident for ident, *_ in requirements()]
    listed = re.search(r"^## Ids\n(.*?)^## ", read(SOURCE), re.MULTILINE | re.DOTALL)[1].split()
    checks = (("requirements.tsv and the page have the same ids", idents == listed),
              (f"{PAGE} is what conformance.py makes", read(PAGE) == page()))
    print(f"1..{len(checks)}")
    for number, (title, right) in enumerate(checks, 1):
        print(f"{'ok' if right else 'not ok'} {number} - {title}")


def write():
    with open(os.path.join(TOP, PAGE), "w", encoding="utf-8") as file:
        file.write(page())


if __name__ == "__main__":
    {"": lint, "--write": write, "--ran": ran}["".join(sys.argv[1:])]()
