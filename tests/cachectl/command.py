"""Running mtasts-cachectl and saying in TAP what came of it."""

import json
import os
import subprocess
import sys
import tempfile

SOURCE = os.environ.get("abs_top_srcdir", ".")
BUILD = os.environ.get("abs_top_builddir", SOURCE)
COMMAND = os.path.join(BUILD, "core/cachectl/mtasts-cachectl")

count = 0
failures = 0


def cachectl(*args, stdin=b"", cache=None, stdout=subprocess.PIPE, env=None):
    """(exit code, standard output, standard error); octets in, text out."""
    own = ["--cache", cache] if cache else []
    run = subprocess.run(
        [COMMAND, *own, *args], input=stdin, stdout=stdout, timeout=60,
        stderr=subprocess.PIPE, env=env)
    out = run.stdout.decode("ascii", "strict") if run.stdout else ""
    errors = [line for line in run.stderr.decode("utf-8").splitlines(True)
              if "belongs to root" not in line]
    return run.returncode, out, "".join(errors)


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


def test(name, *problems):
    """One TAP line: ok without problems. Each is a string or falsy."""
    global count, failures
    count += 1
    problems = [problem for problem in problems if problem]
    for problem in problems:
        for line in str(problem).splitlines():
            print("#", line.encode("unicode_escape").decode())
    failures += 1 if problems else 0
    print("%s %d - %s" % ("not ok" if problems else "ok", count, name))
    sys.stdout.flush()


def skip(name, why):
    global count
    count += 1
    print("ok %d - %s # SKIP %s" % (count, name, why))


def differs(what, got, expected):
    if got != expected:
        return "%s is %r, not %r" % (what, got, expected)
    return None


def lacks(what, text, part):
    if part not in text:
        return "%s %r lacks %r" % (what, text, part)
    return None


def scratch():
    return tempfile.TemporaryDirectory(prefix="cachectl-")


def finish():
    print("1..%d" % count)
    sys.exit(1 if failures else 0)
