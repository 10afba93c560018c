#!/usr/bin/env python3
"""Run the fuzz targets: make fuzz FUZZ_TIME=seconds [FUZZ=target].

    run.py [--time N] [--merge] [--target NOUN]... SOURCE BUILD

Builds them with clang and libFuzzer in BUILD, runs each for N seconds upon its
corpus in the tree and what it has found in earlier runs, and tells what came of
it; BUILD/figures.tsv gets a line for each run. With --merge, what adds coverage
goes from there into the corpus in the tree. Exits 1 if an input made a target
fail: it is kept in BUILD/failures.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys

CONFIGURE = ["--enable-werror", "--enable-fuzzer", "--disable-shared",
             "--with-sanitizer=address,undefined", "CC=clang",
             "CFLAGS=-O1 -g"]
# An input that takes longer, or more memory, is a failure.
LIMITS = ["-timeout=10", "-rss_limit_mb=1024", "-malloc_limit_mb=256"]


def nouns(source):
    """Of all targets that there are."""
    folder = source / "tests" / "fuzz"
    return sorted(f.stem[len("fuzz_"):] for f in folder.glob("fuzz_*.c"))


def build(source, where, targets):
    """Configure once, then make."""
    where.mkdir(parents=True, exist_ok=True)
    if not (where / "Makefile").exists():
        subprocess.run([source / "configure", "-q", *CONFIGURE], cwd=where,
                       check=True)
    subprocess.run(["make", "-s", f"-j{os.cpu_count()}",
                    *[f"fuzz_{noun}" for noun in targets]], cwd=where,
                   check=True)


class Target:
    """One target, and where its inputs are."""

    def __init__(self, source, where, noun):
        fuzz = source / "tests" / "fuzz"
        self.noun = noun
        self.program = where / f"fuzz_{noun}"
        self.corpus = fuzz / "corpus" / noun
        self.found = where / "found" / noun
        self.failures = where / "failures"
        self.words = fuzz / "dict" / noun
        self.found.mkdir(parents=True, exist_ok=True)
        self.failures.mkdir(exist_ok=True)

    def call(self, *options):
        """Run the program; its status, what it said, its CPU seconds."""
        command = [self.program, *LIMITS, *options,
                   f"-artifact_prefix={self.failures}/{self.noun}-"]
        if self.words.exists():
            command.append(f"-dict={self.words}")
        child = subprocess.Popen(command, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True,
                                 errors="replace")
        said = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        return child.returncode, said, usage.ru_utime + usage.ru_stime

    def run(self, seconds):
        """Look for new inputs; a line of figures, or None after a failure."""
        status, said, cpu = self.call(
            f"-max_total_time={seconds}", "-print_final_stats=1",
            "-use_value_profile=1", str(self.found), str(self.corpus))
        if status != 0:
            print("\n".join(said.splitlines()[-40:]))
            return None
        executions = re.search(r"number_of_executed_units: (\d+)", said)
        state = re.findall(r"cov: (\d+) ft: (\d+) corp: (\d+)", said)
        edges, features, inputs = state[-1]
        return [self.noun, executions.group(1), edges, features, inputs,
                f"{cpu:.0f}"]

    def merge(self):
        """Into the tree: what adds coverage to what is there."""
        status, said, _ = self.call("-set_cover_merge=1", "-max_len=1024",
                                    str(self.corpus), str(self.found))
        if status != 0:
            print("\n".join(said.splitlines()[-40:]))
        return status == 0


def fuzz(target, seconds, where):
    """Run one and write its figures down."""
    figures = target.run(seconds)
    if figures is None:
        print(f"{target.noun}: FAILED, see {target.failures}")
        return False
    with open(where / "figures.tsv", "a", encoding="ascii") as file:
        file.write("\t".join(figures) + "\n")
    print("{}: {} executions, {} edges, {} features, {} inputs, {} s of CPU"
          .format(*figures), flush=True)
    return True


def main():
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--time", type=int, default=60)
    parser.add_argument("--target", action="append")
    parser.add_argument("--merge", action="store_true")
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("build", type=pathlib.Path)
    args = parser.parse_args()
    source, where = args.source.resolve(), args.build.resolve()
    chosen = args.target or nouns(source)
    build(source, where, chosen)
    targets = [Target(source, where, noun) for noun in chosen]
    if args.merge:
        good = [target.merge() for target in targets]
    else:
        good = [fuzz(target, args.time, where) for target in targets]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
