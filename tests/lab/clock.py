"""Clocks of programs, set by tests/support/clock.c."""

import os
import struct

from namespace import skip

DAY = 86400
HERE = os.path.dirname(os.path.abspath(__file__))


def preload(**settings):
    """The environment of a program whose clocks are set: ahead=SECONDS, or file=PATH,
    as clock_write makes it."""
    builds = (os.environ.get("abs_top_builddir", ""), os.path.join(HERE, "../../build"))
    for build in builds:
        built = os.path.join(build, "tests/support/.libs/clock.so")
        if os.path.exists(built):
            return {"LD_PRELOAD": built, **{f"CLOCK_{name.upper()}": str(value)
                                            for name, value in settings.items()}}
    return skip("tests/support/clock.la is not built: make lab")


def later(days):
    """What stands before a command to run it some days from now."""
    if not days:
        return []
    return ["env", *(f"{name}={value}" for name, value
                     in preload(ahead=round(days * DAY)).items())]


def clock_write(path, seconds):
    """Set the clock of all who go by the file, in one piece."""
    with open(path, "r+b" if os.path.exists(path) else "wb", buffering=0) as file:
        file.write(struct.pack("q", round(seconds)))
