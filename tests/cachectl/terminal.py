"""What a terminal is shown: trees, columns that fit, bars; and that nothing else
is.  Without a network: names that need none, and local overrides."""

import os
import re
import sys

sys.dont_write_bytecode = True
from command import (cachectl, differs, finish, lacks, objects,  # noqa: E402
                     on_terminal, scratch, test)

import json  # noqa: E402

OVERRIDES = ("wide.example enforce mx=mail.wide.example,*.wide.example\n"
             ".skip.example skip\n")
STYLE = re.compile("\x1b\\[[0-9;]*m")
HOSTILE = "\x1b]0;x\x07\u202e.example"

TREE = """\
wide.example
└─ ✔ Policy           enforce: mail may go only to the MX hosts it names, over
                      TLS with a valid certificate
                      set by a local override
                      mx: mail.wide.example
                      mx: *.wide.example
"""


def conf(directory):
    """A configuration with local overrides."""
    path = os.path.join(directory, "overrides")
    with open(path, "w", encoding="ascii") as file:
        file.write(OVERRIDES)
    name = os.path.join(directory, "mtasts.conf")
    with open(name, "w", encoding="ascii") as file:
        file.write('policy { overrides = "%s" }\n' % path)
    return name


def too_wide(text, columns):
    """Lines that a terminal would break."""
    return ["%r is %d columns wide" % (line, len(line))
            for line in STYLE.sub("", text).splitlines()
            if len(line) > columns]


def controls(text):
    """What a terminal could be misled by; styles are ours."""
    left = STYLE.sub("", text)
    return ["control bytes in %r" % left] if any(
        c < " " and c not in "\n\r" or c in "\x7f\u202e" for c in left) else []


# ---- Trees -----------------------------------------------------------------

def trees():
    with scratch() as cache:
        own = ("-c", conf(cache))
        wide = (*own, "query", "wide.example")
        code, out, _ = on_terminal(*wide, cache=cache)
        test("an answer is a tree", differs("exit", code, 0),
             differs("output", STYLE.sub("", out), TREE), *too_wide(out, 80))
        test("a tree has colours", lacks("output", out, "\x1b[32m✔ \x1b[0m"),
             lacks("output", out, "\x1b[1mwide.example\x1b[0m"))
        for name, env in (("NO_COLOR is heeded", {"NO_COLOR": "1"}),
                          ("a dumb terminal gets no colours",
                           {"TERM": "dumb"}),
                          ("a terminal nobody knows gets none", {"TERM": ""})):
            code, out, _ = on_terminal(*wide, cache=cache, **env)
            test(name, differs("exit", code, 0), lacks("output", out, "✔"),
                 "an escape sequence" if "\x1b" in out else None)
        code, out, _ = on_terminal(*wide, cache=cache, NO_COLOR="")
        test("an empty NO_COLOR is none", lacks("output", out, "\x1b[32m"))
        code, out, _ = on_terminal(*wide, cache=cache, LC_ALL="C")
        test("without UTF-8 a tree is ASCII", differs("exit", code, 0),
             differs("octets beyond", [c for c in out if c > "~"], []),
             lacks("output", STYLE.sub("", out), "`- + Policy "))
        code, plain, _ = cachectl(*wide, cache=cache)
        code, out, _ = on_terminal(*wide, cache=cache, out=False)
        test("a pipe gets lines as ever, whatever the environment",
             differs("output", out, plain),
             lacks("output", out, "\nPolicy            enforce: mail "))
        code, out, _ = on_terminal("--json", *wide, cache=cache)
        test("--json on a terminal is JSON", differs("exit", code, 0),
             differs("mode", objects(out)[0]["mode"], "enforce"))


def checks():
    with scratch() as cache:
        code, out, _ = on_terminal("check", "localhost", cache=cache)
        test("check: what needs no policy has a dot", differs("exit", code, 0),
             differs("lines", STYLE.sub("", out).splitlines(), [
                 "localhost",
                 "├─ · Policy           not a name that can have a policy",
                 "│                     (not-a-domain: single-label)",
                 "├─ · Verdict          none: no policy applies",
                 "└─ → A sender should  deliver, as without MTA-STS"]))
        code, out, _ = on_terminal("check", HOSTILE, cache=cache)
        test("check escapes what it is asked about", differs("exit", code, 0),
             lacks("output", out, "\\x1b]0;x\\x07"), *controls(out))
        for columns in (20, 40, 60, 200):
            code, out, _ = on_terminal("check", "localhost", cache=cache,
                                       columns=columns, NO_COLOR="1")
            test("check on %d columns says the same" % columns,
                 differs("exit", code, 0),
                 *(too_wide(out, columns) if columns >= 60 else []),
                 differs("words", re.findall("[a-z]{3,}", out).count("policy"),
                         2))


# ---- Tables ----------------------------------------------------------------

def cached(domain, **changes):
    return {"domain": domain, "mode": "enforce", "id": "1", "max_age": 604800,
            "mx_patterns": ["mail." + domain],
            "fetched_at": "2026-01-01T00:00:00Z", **changes}


def fill(cache, *values):
    lines = "".join(json.dumps(value) + "\n" for value in values)
    return cachectl("import", cache=cache, stdin=lines.encode())


LONG = "l" * 60 + ".example"


def tables():
    with scratch() as cache:
        fill(cache, cached("a.example"), cached("b.example", id="i" * 32),
             cached(LONG, mode="testing"))
        for columns in (200, 120, 80, 62, 50, 30):
            code, out, err = on_terminal("list", cache=cache, columns=columns,
                                         NO_COLOR="1")
            lines = out.splitlines()
            test("list on %d columns: a row is a line that fits" % columns,
                 differs("exit", code, 0), differs("lines", len(lines), 4),
                 differs("errors", err.count("no policy"), 0),
                 *too_wide(out, columns),
                 differs("domains", [line.split()[0][:13] for line in lines],
                         ["DOMAIN", "a.example", "b.example", LONG[:13]]),
                 differs("cut", ["..." in line for line in lines],
                         [False, False, 40 < columns < 133,
                                  columns < 109]))
        code, out, _ = on_terminal("list", cache=cache, columns=200,
                                   NO_COLOR="1")
        test("list is no wider than it must be", lacks("output", out, LONG),
             lacks("output", out, "i" * 32), lacks(
                 "output", out, "\na.example" + " " * 60 + "enforce 1  "))
        # libtool's wrapper is a bash, which sets COLUMNS itself if it can.
        code, out, _ = on_terminal("list", cache=cache, columns=0,
                                   COLUMNS="62", NO_COLOR="1")
        test("COLUMNS says how wide a terminal is", *too_wide(out, 62),
             lacks("output", out, "..."))
        code, out, _ = on_terminal("list", cache=cache, columns=0,
                                   NO_COLOR="1")
        test("a terminal of no width counts as one of 80", *too_wide(out, 80),
             lacks("output", out, LONG[:20]))
        code, out, _ = on_terminal("list", cache=cache, columns=40, out=False)
        test("a pipe gets whole names and the columns as ever",
             lacks("output", out, LONG), lacks("output", out, "i" * 32),
             lacks("output", out, "a.example" + " " * 24 + "enforce  1 "))


def empty_lists():
    with scratch() as cache:
        code, out, err = on_terminal("list", cache=cache, out=False)
        test("list of nothing says so", differs("exit", code, 1),
             differs("output", out, ""),
             lacks("errors", err, "mtasts-cachectl: no policy is cached yet"))
        fill(cache, cached("a.example"))
        code, out, err = cachectl("list", "--mode", "none", cache=cache)
        test("list of nothing of a kind says so", differs("exit", code, 1),
             differs("output", out, ""), differs(
                 "errors", err, "mtasts-cachectl: none of the 1 cached "
                 "policies is of this kind\n"))


def figures():
    with scratch() as cache:
        _, plain, _ = cachectl("stats", cache=cache)
        expected = dict(line.split() for line in plain.splitlines())
        for columns, blocks in ((200, 6), (80, 2), (40, 1), (10, 1)):
            code, out, _ = on_terminal("stats", cache=cache, columns=columns)
            words = out.split()
            rows = out.splitlines()
            test("stats on %d columns: all of them, side by side" % columns,
                 differs("exit", code, 0),
                 differs("figures", dict(zip(words[::2], words[1::2])),
                         expected),
                 differs("lines", len(rows), -(-len(expected) // blocks)),
                 differs("ends of the first column", len({
                     re.match("\\S+ +\\S+", row).end() for row in rows}), 1),
                 *(too_wide(out, columns) if columns >= 40 else []))


# ---- Progress --------------------------------------------------------------

def foot(text):
    """Pictures of the bar, and the lines that stay."""
    pictures = re.findall("\r([^\r\n]*of [^\r\n]*|[^\r\n]*done [^\r\n]*)", text)
    last = text.rsplit("\r", 1)[-1]
    return pictures, last


def progress():
    with scratch() as cache:
        own = ("-c", conf(cache))
        path = os.path.join(cache, "domains")
        with open(path, "w", encoding="ascii") as file:
            file.write("# what we send to\n\n" + "".join(
                "d%d.skip.example\n" % i for i in range(200)))
        code, out, err = on_terminal(*own, "warm", path, cache=cache,
                                     out=False)
        pictures, last = foot(err)
        test("warm shows a bar", differs("exit", code, 0),
             differs("output", out, "200 domains: 0 with a policy, "
                     "200 without, 0 failed\n"),
             lacks("first picture", pictures[0],
                   "[" + 40 * "░" + "]   0%  0 of 200"),
             lacks("last picture", pictures[-1],
                   "[" + 40 * "█" + "] 100%  200 of 200  "),
             lacks("last picture", pictures[-1], "/s  0s left"),
             differs("what stays", last, ""),
             *["%r is too wide" % p for p in pictures if len(p) >= 80])
        code, out, err = on_terminal(*own, "warm", path, cache=cache,
                                     out=False, LC_ALL="C", columns=40)
        pictures, _ = foot(err)
        test("a bar is ASCII without UTF-8, and gone where there is no room",
             differs("octets beyond", [c for c in err if c > "~"], []),
             lacks("first picture", pictures[0], "[........"),
             *["%r is too wide" % p for p in pictures if len(p) >= 40])
        code, out, err = on_terminal(*own, "warm", path, cache=cache,
                                     err=False)
        test("no bar where standard error is no terminal",
             "a bar" if "\r" in err else None)
        code, out, err = on_terminal(*own, "--json", "warm", path, cache=cache,
                                     out=False)
        test("a bar does not stand in JSON", differs(
            "output", objects(out), [{"domains": 200, "policies": 0,
                                      "none": 200, "failed": 0}]))
        names = b"a.skip.example\nb.skip.example\n"
        code, out, err = on_terminal(*own, "warm", cache=cache, out=False,
                                     stdin=names)
        pictures, last = foot(err)
        test("from a pipe nobody knows how much is to come",
             differs("exit", code, 0), lacks("first", pictures[0], "0 done"),
             differs("what stays", last, ""))
        code, out, err = on_terminal(*own, "warm", cache=cache, out=False,
                                     typed=names)
        test("no bar while names are typed", differs("exit", code, 0),
             lacks("output", out, "2 domains"),
             "a bar" if "\r" in err else None)


def complaints():
    with scratch() as cache:
        own = ("-c", conf(cache))
        names = b"\x1b[31mred\nlocalhost\n" + b"x" * 2000 + b"\na.skip.example\n"
        path = os.path.join(cache, "domains")
        with open(path, "wb") as file:
            file.write(names)
        code, out, err = on_terminal(*own, "-v", "warm", "--jobs", "1", path,
                                     cache=cache)
        lines = [line.rsplit("\r", 1)[-1] for line in err.split("\n")]
        test("complaints stand on lines of their own, above the bar",
             differs("exit", code, 1), *controls(err), *controls(out),
             *[lacks("lines", "\n".join(lines) + "\n", part) for part in (
                 "mtasts-cachectl: \\x1b[31mred: not-a-domain",
                 "mtasts-cachectl: localhost: not-a-domain",
                 "mtasts-cachectl: %s: line 3: too long for a domain" % path)],
             lacks("pictures", err, "1 of 3"), lacks("pictures", err, "3 of 3"))


trees()
checks()
tables()
empty_lists()
figures()
progress()
complaints()
finish()
