"""Samples of a product, a floor and a peer, taken in turn in the same run, and the
table that they make: ratios first, taken pair by pair, medians of all."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

QUICK = os.environ.get("BENCH_QUICK", "") not in ("", "0")
PAIRS = 3 if QUICK else 5
BUILD = os.environ.get("abs_top_builddir") or os.getcwd()
LIMIT = 600                     # seconds for one sample
SCALES = ((1, "s"), (1e-3, "ms"), (1e-6, "us"))


@dataclass
class Sample:
    """What one operation took, in seconds; p99 where latencies were taken."""

    wall: float
    cpu: float = None
    p99: float = None


@dataclass
class Medians:
    """Of the samples of one side, and of their ratios to the product's."""

    wall: float
    cpu: float
    p99: float
    wall_ratio: float
    cpu_ratio: float
    p99_ratio: float


class Bench:
    """One subject: its scratch directory, and its lines of the table."""

    def __init__(self, in_memory=False):
        base = "/dev/shm" if in_memory and os.path.isdir("/dev/shm") else scratch_base()
        self.temporary = tempfile.TemporaryDirectory(prefix="mtasts-bench.", dir=base,
                                                     ignore_cleanup_errors=True)
        self.dir = self.temporary.name
        os.chmod(self.dir, 0o755)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.temporary.cleanup()

    def path(self, *names):
        return os.path.join(self.dir, *names)

    @staticmethod
    def compare(row, title, goal, met, product, floor=None, peer=None, pairs=PAIRS):
        """Sample each side in turn and print a line.  `met` judges two Medians, of
        the product against its floor and against its peer."""
        taken = alternate(pairs, product, floor, peer)
        medians = [medians_of(taken[0], side) if side else None for side in taken]
        line(row, title, medians, goal, met(medians[0], *medians[1:]))
        return medians


def scratch_base():
    base = os.path.join(BUILD, "tests/bench/scratch")
    os.makedirs(base, exist_ok=True)
    return base


# Sampling.

def alternate(pairs, *sides):
    """The samples of each side; who begins changes from pair to pair."""
    taken = [[] for _ in sides]
    order = [number for number, side in enumerate(sides) if side]
    for _ in range(pairs):
        for number in order:
            taken[number].append(sides[number]())
        order.reverse()
    return taken


def medians_of(product, side):
    def median(of):
        return statistics.median(map(of, side)) if of(side[0]) is not None else None

    def ratio(of):
        if of(side[0]) is None or of(product[0]) is None:
            return None
        pairs = [of(ours) / of(theirs) for ours, theirs in zip(product, side)
                 if of(theirs)]
        return statistics.median(pairs) if pairs else None

    def wall(sample):
        return sample.wall

    def cpu(sample):
        return sample.cpu

    def p99(sample):
        return sample.p99

    return Medians(*map(median, (wall, cpu, p99)), *map(ratio, (wall, cpu, p99)))


def program(name):
    return os.path.join(BUILD, "tests/bench", name)


def cachectl():
    """The command itself: what libtool puts before it takes longer to start."""
    os.environ["LD_LIBRARY_PATH"] = os.path.join(BUILD, ".libs")
    real = os.path.join(BUILD, "core/cachectl/.libs/mtasts-cachectl")
    return real if os.path.exists(real) else os.path.join(
        BUILD, "core/cachectl/mtasts-cachectl")


def sampled(name, *arguments, copies=1):
    """Run so many of a program of ours at once; what it reports, for one operation."""
    command = [program(name), *map(str, arguments)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(copies)]
    samples = []
    for process in running:
        out, _ = process.communicate(timeout=LIMIT)
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)}: exit {process.returncode}")
        samples.append(sample_of(json.loads(out)))
    return Sample(statistics.mean(sample.wall for sample in samples),
                  statistics.mean(sample.cpu for sample in samples), samples[0].p99)


def sample_of(report):
    ops = report["ops"]
    return Sample(report["wall"] / ops, report["cpu"] / ops, report.get("p99"))


def timed(command, ops=1, stdin=subprocess.DEVNULL, good=(0,)):
    """Run a command; its wall and CPU time, with that of its children, for one of so
    many operations."""
    begin = time.perf_counter()
    process = subprocess.Popen(list(map(str, command)), stdin=stdin,
                               stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in good:
        raise RuntimeError(f"{command}: exit {process.returncode}")
    return Sample(wall / ops, (used.ru_utime + used.ru_stime) / ops)


# The table.

def heading():
    print("| row | work | ratio | product | floor | peer | goal | |")
    print("|---|---|---|---|---|---|---|---|", flush=True)


def line(row, title, medians, goal, met):
    product, floor, peer = medians
    cells = (row, title, ratios(floor, peer), *map(spelled, (product, floor, peer)), goal,
             "" if met is None else "met" if met else "missed")
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def say(row, title, found, goal="", met=None):
    """A line that compares nothing."""
    print(f"| {row} | {title} | | {found} | | | {goal} | "
          f"{'' if met is None else 'met' if met else 'missed'} |", flush=True)


def ratios(floor, peer):
    parts = []
    for name, side in (("", floor), ("peer ", peer)):
        if side:
            more = [f"{word} {ratio:.2f}" for word, ratio in
                    (("cpu", side.cpu_ratio), ("p99", side.p99_ratio))
                    if ratio is not None]
            parts.append(f"{name}{side.wall_ratio:.2f}"
                         + (f" ({', '.join(more)})" if more else ""))
    return "; ".join(parts)


def spelled(side):
    if side is None:
        return ""
    more = [f"{word} {seconds(value)}" for word, value in
            (("cpu", side.cpu), ("p99", side.p99)) if value is not None]
    return seconds(side.wall) + (f" ({', '.join(more)})" if more else "")


def seconds(value):
    scale, unit = next(((scale, unit) for scale, unit in SCALES if abs(value) >= scale),
                       SCALES[-1])
    return f"{value / scale:.3g} {unit}"


def note(text):
    print(f"\n{text}\n", file=sys.stderr, flush=True)
