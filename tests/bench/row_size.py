#!/usr/bin/python3 -B
"""Row 13: a million cached policies: what they take on disk and in memory, and readers
while half of them are removed."""

import json
import os
import random
import subprocess
import threading
import time

from measure import QUICK, Bench, cachectl, program, say, seconds, timed
from product import Daemon, anonymous, answers, ask

COUNT = 100_000 if QUICK else 1_000_000
QUESTIONS = 20_000


def main():
    with Bench() as bench:
        full = bench.path("full")
        subprocess.run([program("fill"), full, str(COUNT)], check=True,
                       stdout=subprocess.DEVNULL)
        size(bench, full)
        listing(bench, full)
        daemon(bench, full)
        purge(bench)


def octets(directory, name):
    return os.stat(os.path.join(directory, name, "data.mdb")).st_blocks * 512


def conf(bench):
    """The command's configuration: room for all."""
    path = bench.path("mtasts.conf")
    with open(path, "w", encoding="ascii") as file:
        file.write("cache.size = 4G\n")
    return path


def command(bench, directory, *arguments):
    return [cachectl(), "-c", conf(bench), "--cache", directory, *arguments]


def size(bench, full):
    """Imported in no order of names, and what LMDB takes for the same records."""
    lines, where = bench.path("lines"), bench.path("imported")
    os.mkdir(where)
    exported = subprocess.run(command(bench, full, "export"), check=True,
                              stdout=subprocess.PIPE).stdout.splitlines(keepends=True)
    random.Random(1).shuffle(exported)
    with open(lines, "wb") as file:
        file.writelines(exported)
    took = timed(command(bench, where, "import", lines), COUNT)
    ours = octets(where, "policies") / COUNT
    theirs = octets(full, "policies") / COUNT
    say(13, f"{COUNT:,} policies, imported in random order",
        f"{ours:.0f} B a domain (LMDB alone {theirs:.0f}); answers "
        f"{octets(full, 'answers') / COUNT:.0f} B; import cpu {seconds(took.cpu)} each",
        "600 B", ours <= 600)
    os.unlink(lines)


def listing(bench, full):
    begin, most = time.monotonic(), 0
    with subprocess.Popen(command(bench, full, "list"),
                          stdout=subprocess.PIPE) as process:
        count = 0
        while block := process.stdout.read(1 << 20):
            count += block.count(b"\n")
            most = max(most, anonymous(process.pid))
    say(13, f"`list` of {count - 1:,}", f"{most / 1024:.1f} MiB at most, "
        f"{seconds(time.monotonic() - begin)}", "constant memory", most < 16384)


def daemon(bench, full):
    with Daemon(bench.path("daemon"), full) as running:
        connection, _ = answers(running.map)
        for number in range(0, QUESTIONS):
            ask(connection, f"sts d{number * 7919 % COUNT:07}.bench.test")
        used = running.memory()
    say(13, f"the daemon after {QUESTIONS:,} of them",
        f"{used / 2 ** 20:.1f} MiB without the map", "20 MB", used < 20e6)


def purge(bench):
    """Half of the policies have expired; readers look the others up meanwhile."""
    half = bench.path("half")
    subprocess.run([program("fill"), half, str(COUNT), "expiring"], check=True,
                   stdout=subprocess.DEVNULL)
    alone = reader(half, 2)
    latencies = []
    thread = threading.Thread(target=lambda: latencies.append(reader(half, 5)))
    thread.start()
    took = timed(command(bench, half, "purge"))
    thread.join()
    say(13, f"readers while `purge` removes {COUNT // 2:,} in {seconds(took.wall)}",
        f"p99 {seconds(latencies[0]['p99'])}, alone {seconds(alone['p99'])}; "
        f"{latencies[0]['ops']:,} lookups, none failed", "readers go on", True)


def reader(directory, span):
    done = subprocess.run([program("reader"), directory, str(COUNT), str(span)],
                          stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()
