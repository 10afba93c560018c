#!/usr/bin/python3 -B
"""make bench: run the subjects one after the other, each a program of its own, and
print one table.  A subject that cannot run here says why, and the others go on.

    bench.py [SUBJECT | ROW]...     hit, exim, ...; or a number of the table's first column

BENCH_QUICK=1 in the environment shortens everything.  BENCH_RESULTS=1 puts the figures
into RESULTS.md and the README, once all subjects have run.
"""

import datetime
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time

import report
from measure import PAIRS, note
from table import HEADING

HERE = os.path.dirname(os.path.abspath(__file__))
SUBJECTS = {
    "hit": (1,),
    "exim": (2, 3, 12),
    "discovery": (4, 5, 6, 7),
    "map": (8, 10, 15),
    "milter": (9, 10),
    "probe": (11,),
    "size": (13,),
    "stores": (14,),
}
LIMIT = 1200


def install():
    """What tests/packages names and this machine lacks."""
    subprocess.run([os.path.join(HERE, "../lab/install.sh")], check=False,
                   stdout=sys.stderr)


def chosen(arguments):
    if not arguments:
        return list(SUBJECTS)
    found = [name for name, rows in SUBJECTS.items()
             for word in arguments if word in (name, *map(str, rows))]
    if not found:
        sys.exit(f"no such subject or row: {' '.join(arguments)}; there are "
                 + ", ".join(f"{name} {rows}" for name, rows in SUBJECTS.items()))
    return list(dict.fromkeys(found))


def run(name, lines):
    """Run a subject, and add its lines; its exit status is for people, not a test's
    result."""
    command = [sys.executable, "-B", os.path.join(HERE, f"row_{name}.py")]
    begin = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        timer = threading.Timer(LIMIT, process.kill)
        timer.start()
        for text in process.stdout:
            lines.append(text)
            print(text, end="", flush=True)
        code = process.wait()
        timer.cancel()
    print(f"{name}: {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
    if code:
        note(f"{name}: did not run to its end ({code})")
        lines.append(f"| {', '.join(map(str, SUBJECTS[name]))} | {name}: did not run to its "
                     "end | | | | | | |\n")
    return not code


def main(arguments):
    keep = os.environ.get("BENCH_RESULTS", "") not in ("", "0")
    names = chosen(arguments)
    if keep and names != list(SUBJECTS):
        sys.exit("BENCH_RESULTS: results are kept of all subjects together")
    install()
    heading = about()
    print(f"{heading}\n\n{HEADING}", flush=True)
    begin = time.monotonic()
    lines = [HEADING + "\n"]
    with tempfile.NamedTemporaryFile() as records:
        os.environ["BENCH_RECORDS"] = records.name
        done = [run(name, lines) for name in names]
        end = (f"It took {(time.monotonic() - begin) / 60:.0f} minutes; load "
               f"{os.getloadavg()[0]:.1f} at the end.\n")
        print("\n" + end, end="")
        if keep:
            report.keep(heading, [*lines, "\n", end], records.name)
    return 0 if all(done) else 1


def about():
    """The day, the machine, and how it was measured."""
    return (f"{datetime.date.today()}; {os.cpu_count()} CPUs of {processor()}, Linux "
            f"{platform.release().split('-')[0]}, load {os.getloadavg()[0]:.1f} at the "
            f"beginning; {PAIRS} pairs a line.")


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for text in file:
            if text.startswith("model name"):
                return text.split(":", 1)[1].strip()
    return platform.machine()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
