"""lint and match without a network: exit codes, text and JSON."""

import os
import sys

sys.dont_write_bytecode = True
from command import (cachectl, differs, finish, lacks, objects,  # noqa: E402
                     scratch, test)

GOOD = (b"version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\n"
        b"mx: *.example.net\r\nmax_age: 604800\r\n")
HOSTILE = b"version: STSv1\nmode: \x1b[31m\xff\nmx: a.example\nmax_age: 1\n"


def members(what, value, *names):
    return differs("members of " + what, list(value), list(names))


def lint_policy(body, *args):
    code, out, err = cachectl("lint", *args, "--policy", "-", stdin=body)
    return code, out, err


def good_policy():
    code, out, err = lint_policy(GOOD, "--json")
    value = objects(out)[0]
    test("lint --policy --json of a good policy", differs("exit", code, 0),
         members("lint", value, "valid", "policy", "warnings", "error"),
         members("policy", value["policy"], "version", "mode", "max_age",
                 "mx"),
         differs("policy", value["policy"],
                 {"version": "STSv1", "mode": "enforce", "max_age": 604800,
                  "mx": ["mail.example.com", "*.example.net"]}),
         differs("valid", value["valid"], True),
         differs("error", value["error"], None),
         differs("warnings", value["warnings"], []))
    code, out, err = lint_policy(GOOD)
    test("lint --policy of a good policy", differs("exit", code, 0),
         differs("output", out,
                 "valid policy: mode enforce, max_age 604800, 2 mx\n"))


def warned_policy():
    body = b"\xef\xbb\xbf" + GOOD
    code, out, _ = lint_policy(body, "--json")
    value = objects(out)[0]
    test("lint: warnings alone are no error", differs("exit", code, 0),
         differs("valid", value["valid"], True),
         differs("warnings", len(value["warnings"]), 1),
         members("warning", value["warnings"][0], "line", "column", "code",
                 "message"))
    code, out, _ = lint_policy(body)
    test("lint: a warning has line and column", differs("exit", code, 0),
         lacks("output", out, "standard input:1:1: warning: "))


def bad_policies():
    bodies = [
        ("empty", b""), ("no version", b"mode: none\nmax_age: 1\n"),
        ("bad mode", GOOD.replace(b"enforce", b"strict")),
        ("bad mx", GOOD.replace(b"*.", b"*.*.")),
        ("NUL", GOOD.replace(b"mail", b"ma\0il")),
        ("noise", bytes(range(256)) * 16), ("hostile", HOSTILE),
        ("64 KiB and more", GOOD + b"x: y\n" * 20000),
    ]
    for name, body in bodies:
        code, out, err = lint_policy(body, "--json")
        value = objects(out)[0]
        error = value["error"] or {}
        test("lint --json: " + name, differs("exit", code, 1),
             differs("valid", value["valid"], False),
             differs("policy", value["policy"], None),
             members("error", error, "line", "column", "code", "message"))
        code, text, err = lint_policy(body)
        test("lint: " + name, differs("exit", code, 1),
             lacks("output", text, ": error: "),
             lacks("output", text, "[%s]" % error.get("code")),
             "control bytes" if any(c < " " and c != "\n" or c > "~"
                                    for c in text) else None)
    code, out, err = lint_policy(b"a" * (1024 * 1024 + 1))
    test("lint: larger than 1 MiB", differs("exit", code, 2),
         lacks("line", err, "larger than 1 MiB"))


def records():
    rows = [
        # records, exit, id, has an error
        (["v=STSv1; id=20260101;"], 0, "20260101", False),
        (["v=spf1 -all", "v=STSv1; id=a1"], 0, "a1", False),
        (["v=spf1 -all"], 1, None, False),
        (["v=STSv1; id=a_b;"], 1, None, True),
        (["v=STSv1; id=1;", "v=STSv1; id=2;"], 1, None, True),
        (["v=STSv1; id=\x1b[31m;"], 1, None, True),
    ]
    for texts, exit_code, id_, has_error in rows:
        args = [part for text in texts for part in ("--record", text)]
        code, out, _ = cachectl("--json", "lint", *args)
        value = objects(out)[0]
        name = " + ".join(texts).replace("\x1b", "ESC")
        test("lint --record --json: " + name, differs("exit", code, exit_code),
             members("lint", value, "valid", "id", "warnings", "error"),
             differs("valid", value["valid"], exit_code == 0),
             differs("id", value["id"], id_),
             differs("error", value["error"] is not None, has_error))
        code, out, _ = cachectl("lint", *args)
        test("lint --record: " + name, differs("exit", code, exit_code),
             lacks("output", out, "record"),
             "escape byte" if "\x1b" in out else None)


def match():
    rows = [
        ("mail.example.com", True), ("MAIL.Example.COM.", True),
        ("a.example.net", True), ("a.b.example.net", False),
        ("example.net", False), ("mail.example.com.evil.example", False),
        ("", False), ("\x1b", False),
    ]
    with scratch() as directory:
        path = os.path.join(directory, "policy")
        with open(path, "wb") as file:
            file.write(GOOD)
        for host, expected in rows:
            code, out, _ = cachectl("match", "--json", "--policy", path, host)
            name = host.replace("\x1b", "ESC") or "(empty)"
            test("match --policy: " + name,
                 differs("exit", code, 0 if expected else 1),
                 differs("output", objects(out), [{"matched": expected}]))
        code, out, _ = cachectl("match", "--policy", path, "a.example.net")
        test("match says yes", differs("exit", code, 0),
             differs("output", out, "yes\n"))
    code, out, _ = cachectl("match", "--policy", "-", "any.example",
                            stdin=b"version: STSv1\nmode: none\nmax_age: 1\n")
    test("match: a policy of mode none allows every host",
         differs("exit", code, 0), differs("output", out, "yes\n"))
    code, out, err = cachectl("match", "--policy", "-", "a.example",
                              stdin=b"junk")
    test("match: an invalid policy is no answer", differs("exit", code, 2),
         differs("output", out, ""), lacks("line", err, "standard input:1:"))


good_policy()
warned_policy()
bad_policies()
records()
match()
finish()
