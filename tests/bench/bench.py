#!/usr/bin/python3 -B
"""make bench: run the subjects one after the other, each a program of its own, and
print one table.  A subject that cannot run here says why, and the others go on.

    bench.py [SUBJECT | ROW]...     hit, exim, ...; or a number of the table's first column

BENCH_QUICK=1 in the environment shortens everything.  RESULTS.md has what it came to.
"""

import datetime
import os
import platform
import subprocess
import sys

from measure import PAIRS, heading, note

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


def run(name):
    """Run a subject; its exit status is for people, not a test's result."""
    command = [sys.executable, "-B", os.path.join(HERE, f"row_{name}.py")]
    try:
        code = subprocess.run(command, check=False, timeout=LIMIT).returncode
    except subprocess.TimeoutExpired:
        code = f"not ready after {LIMIT} s"
    if code:
        note(f"{name}: did not run to its end ({code})")
    return not code


def main(arguments):
    names = chosen(arguments)
    install()
    today = datetime.date.today()
    print(f"{today}, {processor()}, {os.cpu_count()} CPUs, Linux {platform.release()}, "
          f"load {os.getloadavg()[0]:.1f}; {PAIRS} pairs a line\n")
    heading()
    done = [run(name) for name in names]
    print(f"\nload {os.getloadavg()[0]:.1f} at the end")
    return 0 if all(done) else 1


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for text in file:
            if text.startswith("model name"):
                return text.split(":", 1)[1].strip()
    return platform.machine()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
