"""The table of results: a line for each thing that was measured, its verdict taken from
the samples.  What the README quotes is also recorded, by keys, for bench.py."""

import json
import os

from goal import asker_is_limit, verdict

RECORDS = os.environ.get("BENCH_RECORDS")
SCALES = ((1, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns"))
HEADING = ("| row | work | ratio | product | floor | peer | goal | |\n"
           "|---|---|---|---|---|---|---|---|")


def line(row, title, found, goals=(), key=None):
    """What was compared.  With a key, for the README too."""
    if asker_is_limit(found):
        title += "; who asks is the limit, rates by cpu"
    put(row, title, ratios(found), *map(spelled, (found.product, found.floor, found.peer)),
        wanted(goals), verdict(goals, found))
    if key and RECORDS:
        record(key, found)


def say(row, title, text, goals=()):
    """A line that compares nothing."""
    put(row, title, "", text, "", "", wanted(goals), verdict(goals))


def put(*cells):
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def wanted(goals):
    return "; ".join(goal.words for goal in goals)


def record(key, found):
    sides = {name: {"wall": side.wall_ratio, "cpu": side.cpu_ratio}
             for name, side in (("floor", found.floor), ("peer", found.peer)) if side}
    with open(RECORDS, "a", encoding="ascii") as file:
        file.write(json.dumps({"key": key, **sides}) + "\n")


def ratios(found):
    sides = (("", found.floor), ("peer ", found.peer), ("floor to peer ", found.bare))
    return "; ".join(name + figures(side.wall_ratio, side.cpu_ratio, side.p99_ratio,
                                    "{:.2f}".format)
                     for name, side in sides if side)


def spelled(side):
    return figures(side.wall, side.cpu, side.p99, seconds) if side else ""


def figures(wall, cpu, p99, show):
    more = [f"{word} {show(value)}" for word, value in (("cpu", cpu), ("p99", p99))
            if value is not None]
    return ("-" if wall is None else show(wall)) + (f" ({', '.join(more)})" if more else "")


def seconds(value):
    scale, unit = next(((scale, unit) for scale, unit in SCALES if abs(value) >= scale),
                       SCALES[-1])
    return f"{value / scale:.3g} {unit}"


def mebibytes(kibibytes):
    return f"{kibibytes / 1024:.1f} MiB"
