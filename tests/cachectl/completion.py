"""Completion in bash: what the Tab key offers for a line."""

import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
from command import (COMMAND, SOURCE, cachectl, differs,  # noqa: E402
                     finish, lacks, scratch, test)

import json  # noqa: E402

SCRIPT = os.path.join(SOURCE, "contrib/completion/mtasts-cachectl")

# The function as readline would call it: COMP_WORDS, the last of them in work.
DRIVER = """
set -u +o history
. "$1"
shift
complete -p mtasts-cachectl > /dev/null || exit 1
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_mtasts_cachectl
test ${#COMPREPLY[@]} -eq 0 || printf '%s\\n' "${COMPREPLY[@]}"
"""


def offered(*words, command=COMMAND, directory=None):
    run = subprocess.run(
        ["bash", "--norc", "-c", DRIVER, "bash", SCRIPT, command, *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
        cwd=directory, check=False, stdin=subprocess.DEVNULL)
    text = run.stdout.decode()
    if run.returncode or run.stderr:
        text += "exit %d %s" % (run.returncode, run.stderr.decode())
    return sorted(text.splitlines())


def commands():
    _, out, _ = cachectl("--help")
    listed = re.findall("^  ([a-z]+) +", out, re.MULTILINE)
    test("the commands of --help are offered", differs(
        "commands", offered(""), sorted(listed)))
    test("the commands that begin so", differs(
        "commands", offered("re"), ["refresh", "remove"]),
        differs("behind an option", offered("--json", "sh"), ["show"]),
        differs("behind one with an argument",
                offered("--cache", "/nonexistent", "ver"), ["verify"]))
    options = re.findall("--[a-z]+", out)
    for command in listed:
        _, out, _ = cachectl(command, "--help")
        own = re.findall("--[a-z]+", out.splitlines()[0])
        test("the options of %s are offered" % command, differs(
            "options", [word for word in offered(command, "--")],
            sorted(set(own + options))))
    test("an option that begins so", differs(
        "options", offered("stats", "--p"), ["--prometheus"]))
    test("modes", differs("modes", offered("list", "--mode", ""),
                          ["enforce", "none", "testing"]),
         differs("behind =", offered("list", "--mode", "=", "t"),
                 ["testing"]),
         differs("behind = alone", offered("list", "--mode", "="),
                 ["enforce", "none", "testing"]))
    test("nothing for a number", differs(
        "words", offered("warm", "--jobs", ""), []))


def domains():
    names = ["a.example", "ab.example", "b.example"]
    lines = "".join(json.dumps({
        "domain": name, "mode": "enforce", "id": "1", "max_age": 604800,
        "mx_patterns": ["mail." + name],
        "fetched_at": "2026-01-01T00:00:00Z"}) + "\n" for name in names)
    with scratch() as cache:
        cachectl("import", cache=cache, stdin=lines.encode())
        for command in ("check", "show", "remove"):
            test(command + ": the cached domains", differs(
                "domains", offered("--cache", cache, command, ""), names))
        test("those that begin so, however the cache is named",
             differs("before", offered("--cache", cache, "show", "a"),
                     names[:2]),
             differs("after", offered("show", "--cache", cache, "a"),
                     names[:2]),
             differs("with =", offered("--cache", "=", cache, "show", "b"),
                     names[2:]))
        test("no domains for a command that takes none", differs(
            "words", offered("--cache", cache, "stats", ""), []))
        test("what is no name is not offered, and not run", differs(
            "words", offered("--cache", cache, "show", "$(touch x)",
                             directory=cache), []),
            "a command was run" if os.path.exists(cache + "/x") else None)
    test("a cache that cannot be had offers nothing", differs(
        "words", offered("-c", "/nonexistent", "show", ""), []))


def files():
    with scratch() as directory:
        for name in ("a b", "all", "other"):
            with open(os.path.join(directory, name), "wb"):
                pass
        os.mkdir(os.path.join(directory, "adir"))
        for words in (("warm",), ("import",), ("compact",), ("-c",),
                      ("lint", "--policy"), ("lint", "--policy", "=")):
            test("files for " + " ".join(words), differs(
                "files", offered(*words, "a", directory=directory),
                ["a b", "adir", "all"]))
        test("directories for --cache", differs(
            "directories", offered("--cache", "a", directory=directory),
            ["adir"]))


def installed():
    with open(SCRIPT, encoding="ascii") as file:
        test("bash knows it by the command's name", lacks(
            "script", file.read(),
            "\ncomplete -F _mtasts_cachectl mtasts-cachectl\n"))


commands()
domains()
files()
installed()
finish()
