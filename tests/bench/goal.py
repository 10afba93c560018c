"""Goals, each judged by what it names: a rate by wall time, CPU by CPU, p99 by p99.

Where the program that asks is itself the limit a rate says nothing of the server; then
it is judged by the server's CPU time, and said to be.
"""

from dataclasses import dataclass
from typing import Callable

LIMITED = 0.9                   # of the time in which who asks uses its CPU


@dataclass
class Goal:
    """`reach` takes what was compared, and returns the figure that is to be at most, or
    at least, the limit."""

    words: str
    limit: float
    reach: Callable
    least: bool = False

    def missed(self, found):
        """By how much, or None."""
        value = self.reach(found)
        if (value >= self.limit) if self.least else (value <= self.limit):
            return None
        return f"{self.name()} {value:.2f} {'<' if self.least else '>'} {self.limit:g}"

    def name(self):
        """What is judged, without the limit."""
        return self.words.split(f" {self.limit:g}", maxsplit=1)[0]


class OfPeer(Goal):
    """What is to be reached against the peer, and what a bare server reaches."""

    def missed(self, found):
        text = super().missed(found)
        if text and found.bare:
            bare = self.reach(Reversed(found))
            text += f" (the floor {bare:.2f})"
        return text


class Reversed:
    """The floor in the place of the product."""

    def __init__(self, found):
        self.product, self.peer = found.floor, found.bare


def asker_is_limit(found):
    """Who asks has no CPU time left, and the server has."""
    busy = found.product.busy or 0
    return busy >= LIMITED and busy > found.product.cpu / found.product.wall


def ratio_of_rates(found, side):
    """How many times as fast as a side of it."""
    medians = getattr(found, side)
    return 1 / (medians.cpu_ratio if asker_is_limit(found) else medians.wall_ratio)


def rate(least):
    return Goal(f"rate {least:g} x", least, lambda found: ratio_of_rates(found, "floor"),
                True)


def rate_of_peer(least):
    return OfPeer(f"rate {least:g} x the peer's", least,
                  lambda found: ratio_of_rates(found, "peer"), True)


def p99_of_peer(most):
    return OfPeer(f"p99 {most:g} x the peer's", most, lambda found: found.peer.p99_ratio)


def wall_of_peer(most):
    return OfPeer(f"time {most:g} x the peer's", most, lambda found: found.peer.wall_ratio)


def wall(most):
    return Goal(f"time {most:g} x", most, lambda found: found.floor.wall_ratio)


def cpu(most):
    return Goal(f"cpu {most:g} x", most, lambda found: found.floor.cpu_ratio)


def p99(most):
    return Goal(f"p99 {most:g} x", most, lambda found: found.floor.p99_ratio)


@dataclass
class Either:
    """A ratio of one kind of time, or so much more: one of the two is enough."""

    kind: str                   # "wall", "cpu"
    ratio: float
    more: float                 # seconds

    @property
    def words(self):
        return f"{name_of(self.kind)} {self.ratio:g} x or + {self.more * 1e6:g} us"

    def missed(self, found):
        ratio = getattr(found.floor, self.kind + "_ratio")
        more = getattr(found.product, self.kind) - getattr(found.floor, self.kind)
        if ratio <= self.ratio or more <= self.more:
            return None
        return (f"{name_of(self.kind)} {ratio:.2f} > {self.ratio:g}, "
                f"+ {more * 1e6:.2f} us > {self.more * 1e6:g}")


def name_of(kind):
    return "time" if kind == "wall" else kind


@dataclass
class Figure:
    """One figure that is to be at most so much, whatever is compared."""

    name: str
    value: float
    limit: float
    show: Callable

    @property
    def words(self):
        return f"{self.name} {self.show(self.limit)}"

    def missed(self, _):
        if self.value <= self.limit:
            return None
        return f"{self.name} {self.show(self.value)} > {self.show(self.limit)}"


def at_most(name, value, limit, show="{:g}"):
    return Figure(name, value, limit, show.format)


def verdict(goals, found=None):
    """"met", or which are missed and by how much; nothing where there is no goal."""
    if not goals:
        return ""
    missed = [text for text in (goal.missed(found) for goal in goals) if text]
    return "missed: " + "; ".join(missed) if missed else "met"
