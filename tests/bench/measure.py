"""Samples of a product, a floor and a peer, taken in turn in the same run, and what
they come to: ratios taken pair by pair, medians of all."""

import contextlib
import ctypes
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
AWAKE = ", no CPU sleeps meanwhile"


@dataclass
class Sample:
    """What one operation took, in seconds; p99 where latencies were taken.  `busy` is
    the share of the time in which the program that asks used its CPU."""

    wall: float
    cpu: float = None
    p99: float = None
    busy: float = None


@dataclass
class Medians:
    """Of the samples of one side, and of the product's ratios to them."""

    wall: float
    cpu: float
    p99: float
    busy: float
    wall_ratio: float
    cpu_ratio: float
    p99_ratio: float


@dataclass
class Compared:
    """A product beside a floor and a peer, either of which may be None; and `bare`, the
    peer seen from the floor: what a product that did nothing of its own would reach."""

    product: Medians
    floor: Medians = None
    peer: Medians = None
    bare: Medians = None


class Bench:
    """One subject: its scratch directory."""

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


def scratch_base():
    base = os.path.join(BUILD, "tests/bench/scratch")
    os.makedirs(base, exist_ok=True)
    return base


# Sampling.

def alternate(*sides, pairs=PAIRS):
    """The samples of each side; who begins changes from pair to pair."""
    taken = [[] for _ in sides]
    order = [number for number, side in enumerate(sides) if side]
    for _ in range(pairs):
        for number in order:
            taken[number].append(sides[number]())
        order.reverse()
    return taken


def compare(product, floor=None, peer=None):
    """Sample the sides in turn."""
    return compared(*alternate(product, floor, peer))


def compared(product, floor=None, peer=None):
    """Of samples that were taken in turn."""
    return Compared(medians_of(product, product),
                    medians_of(product, floor) if floor else None,
                    medians_of(product, peer) if peer else None,
                    medians_of(floor, peer) if floor and peer else None)


def medians_of(product, side):
    def median(name):
        values = [getattr(sample, name) for sample in side]
        return None if None in values else statistics.median(values)

    def ratio(name):
        pairs = [(getattr(ours, name), getattr(theirs, name))
                 for ours, theirs in zip(product, side)]
        if any(None in pair or pair[1] <= 0 for pair in pairs):
            return None
        return statistics.median(ours / theirs for ours, theirs in pairs)

    return Medians(*map(median, ("wall", "cpu", "p99", "busy")),
                   *map(ratio, ("wall", "cpu", "p99")))


@contextlib.contextmanager
def awake():
    """No CPU sleeps meanwhile: processes of the idle class give way to whatever there is
    to do.  Where each question waits for the answer before it, what the machine takes to
    wake a CPU is else most of what is measured."""
    def become_idle():
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))

    busy = [subprocess.Popen(["/bin/sh", "-c", "while :; do :; done"],
                             preexec_fn=become_idle) for _ in range(os.cpu_count())]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def program(name):
    return os.path.join(BUILD, "tests/bench", name)


def cachectl():
    """The command itself: what libtool puts before it takes longer to start."""
    os.environ["LD_LIBRARY_PATH"] = os.path.join(BUILD, ".libs")
    real = os.path.join(BUILD, "core/cachectl/.libs/mtasts-cachectl")
    return real if os.path.exists(real) else os.path.join(
        BUILD, "core/cachectl/mtasts-cachectl")


def cpu_of(pid):
    """Seconds of CPU that a process and its threads have used so far.  By its clock:
    /proc/PID/stat counts in ticks of 10 ms."""
    clock = ctypes.c_int()
    error = ctypes.CDLL(None).clock_getcpuclockid(pid, ctypes.byref(clock))
    if error:
        raise OSError(error, os.strerror(error))
    return time.clock_gettime(clock.value)


def reported(name, *arguments):
    """Run a program of ours; what it reports."""
    return together(1, name, *arguments)[0]


def together(copies, name, *arguments):
    """Run so many of a program of ours at once; what each reports."""
    command = [program(name), *map(str, arguments)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(copies)]
    reports = []
    for process in running:
        out, _ = process.communicate(timeout=LIMIT)
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)}: exit {process.returncode}")
        reports.append(json.loads(out))
    return reports


def sampled(name, *arguments):
    """Run a program of ours; what it reports, for one operation."""
    return sample_of(reported(name, *arguments))


def sample_of(report):
    ops = report["ops"]
    return Sample(report["wall"] / ops, report["cpu"] / ops, report.get("p99"))


def served(server, name, *arguments):
    """The same where the program asks a server: CPU time is the server's."""
    before = cpu_of(server.process.pid)
    report = reported(name, *arguments)
    used = cpu_of(server.process.pid) - before
    return Sample(report["wall"] / report["ops"], used / report["ops"], report["p99"],
                  report["cpu"] / report["wall"])


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


def most_memory(command):
    """Run a command, whose output is dropped; KiB of it at most that are no file's, and
    the seconds it took."""
    begin, most = time.monotonic(), 0
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            most = max(most, anonymous(process.pid))
            time.sleep(0.01)
    if process.returncode:
        raise RuntimeError(f"{command}: exit {process.returncode}")
    return most, time.monotonic() - begin


def anonymous(pid):
    """KiB of a process that are no file's; 0 once it has ended."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next((int(text.split()[1]) for text in file
                     if text.startswith("RssAnon")), 0)


def note(text):
    print(f"\n{text}\n", file=sys.stderr, flush=True)
