#!/usr/bin/python3 -B
"""The functions themselves, called by `exim -be`: the right answers, and an answer to
everything else."""

import os
import re
import stat

from adapter import MODULE, EximLab, download_debs

# pylint: disable=wrong-import-order
from tap import main, need, same, scenario
import world

TENFOLD = b"${sg{%s}{x}{xxxxxxxxxx}}"       # Exim's command line has no room for 10 kB
LONG = TENFOLD % (TENFOLD % (TENFOLD % b"xxxxxxxxxx"))
LABELS = b"${sg{%s}{x}{x.}}" % LONG
OURS = r"^mode=(none|testing|enforce|defer)\b"
VERDICT = r"^verdict=(pass|fail|none|temperror) mode="
MATCHED = r"^(yes|no)$"
UNLIKELY = (
    ("no argument", ()),
    ("an empty argument", ("",)),
    ("10 kB", (LONG,)),
    ("10 kB of labels", (LABELS,)),
    ("U-labels", ("b\u00fccher.test",)),
    ("not UTF-8", (b"\xff\xfe.test",)),
    ("an address literal", ("[192.0.2.1]",)),
    ("a quote and a newline", ('a"b\nmode=none',)),
    ("what Exim would expand", ("${domain}$h",)),
    ("seven arguments", ("good.test",) * 7),
    ("eight arguments", ("good.test",) * 8),
)
FUNCTIONS = {"mtasts_query": OURS, "mtasts_check": VERDICT, "mtasts_match": MATCHED,
             "mtasts_event": r"^$", "mtasts_version": r"^\d+\.\d+"}

# (title, function, arguments, what it says)
ANSWERS = (
    ("enforce", "mtasts_query", ("good.test",), r'^mode=enforce id=1 ignore="[^"]+"'),
    ("testing", "mtasts_query", ("testing.test",), r"^mode=testing id=1\b"),
    ("no policy", "mtasts_query", ("plain.test",), r"^mode=none\b"),
    ("upper case and a dot", "mtasts_query", ("GOOD.test.",), r"^mode=enforce id=1 "),
    ("pass", "mtasts_check", ("good.test",), r"^verdict=pass mode=enforce\b"),
    ("fail, no STARTTLS", "mtasts_check", ("downgraded.test",),
     r'^verdict=fail mode=enforce\b.*reason="'),
    ("fail, no host listed", "mtasts_check", ("hijacked.test",),
     r'^verdict=fail mode=enforce\b.*reason="'),
    ("none", "mtasts_check", ("plain.test",), r"^verdict=none mode=none\b"),
    ("listed", "mtasts_match", ("good.test", "mx2.good.test"), r"^yes$"),
    ("listed, in upper case", "mtasts_match", ("good.test", "MX2.good.TEST"), r"^yes$"),
    ("not listed", "mtasts_match", ("good.test", "mx.attacker.test"), r"^no$"),
)


def written(argument):
    """An argument as it is written, and not expanded but for the long ones."""
    if argument in (LONG, LABELS):
        return argument
    return b"\\N%s\\N" % (argument if isinstance(argument, bytes) else argument.encode())


def call(function, arguments):
    wrapped = b"".join(b"{%s}" % written(argument) for argument in arguments)
    return b"${dlfunc{%s}{%s}%s}" % (MODULE.encode(), function.encode(), wrapped)


def answer(title, function, arguments, pattern, before=()):
    @scenario(f"{function}: {title}")
    def case(lab):
        outcome = lab.machine.run(*before, "exim4", "-be", call(function, arguments))
        same("the exit code", outcome.code, 0)
        said = outcome.out.removesuffix("\n")
        need(re.search(pattern, said) and "\n" not in said and len(said) < 9000,
             f"it says {said[:500]!r} {outcome.err[:500]}")
    return case


def as_user(user, *more):
    return ("setpriv", "--reuid", user, "--regid", user, "--clear-groups", *more)


@scenario("no file of the cache may be written by others")
def modes(lab):
    for top in lab.cache_directories():
        for directory, directories, files in os.walk(top):
            for name in [".", *directories, *files]:
                mode = os.lstat(os.path.join(directory, name)).st_mode
                need(not mode & stat.S_IWOTH, f"{directory}/{name} has mode {mode:o}")


def build(lab):
    world.build(lab)
    lab.domain("testing.test", ["mx.good.test"], mode="testing")


CASES = [answer(*row) for row in ANSWERS]
CASES += [answer(title, function, arguments, pattern)
          for function, pattern in FUNCTIONS.items() for title, arguments in UNLIKELY]
CASES += [
    answer("as Exim's user", "mtasts_query", ("good.test",), r"^mode=enforce ",
           as_user("Debian-exim")),
    answer("as a user who may not use the cache", "mtasts_query", ("good.test",),
           r"^mode=enforce ", as_user("games")),
    answer("a full process table", "mtasts_query", ("good.test",), OURS,
           as_user("Debian-exim", "prlimit", "--nproc=1")),
    modes,
]

if __name__ == "__main__":
    download_debs()
    main(build, CASES, EximLab, jobs=1)
