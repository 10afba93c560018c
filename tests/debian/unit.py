"""What a unit for systemd says of a service, and the sets of system calls that it names."""

import shlex
import subprocess

# Directives that say when a service runs, not under what.
MANAGER = {"Type", "ExecReload", "Restart", "TimeoutStopSec", "SuccessExitStatus"}


class Unit:
    """The section [Service]: {directive: [value]}, as they stand there."""

    def __init__(self, path):
        self.values = {}
        section = None
        with open(path, encoding="utf-8") as file:
            for line in map(str.strip, file):
                if line.startswith("["):
                    section = line
                elif section == "[Service]" and line and line[0] not in "#;":
                    key, _, value = line.partition("=")
                    self.values.setdefault(key, []).append(value)

    def commands(self):
        return [shlex.split(value) for value in self.values["ExecStart"]]

    def value(self, key, otherwise=None):
        return self.values.get(key, [otherwise])[-1]

    def words(self, key):
        return [word for value in self.values.get(key, ()) for word in value.split()]

    def is_on(self, key):
        return self.value(key) == "yes"

    def allowed_calls(self):
        """The system calls that are left: lists with ~ are taken away."""
        sets, left = call_sets(), set()
        for value in self.values["SystemCallFilter"]:
            away = value.startswith("~")
            names = {name for word in value.lstrip("~").split()
                     for name in resolved(word, sets)}
            left = left - names if away else left | names
        return left | resolved("@default", sets)


def call_sets():
    """{set: its members, which may be sets}, as systemd has them."""
    shown = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager"],
                           capture_output=True, text=True, check=True).stdout
    sets, members = {}, []
    for line in shown.splitlines():
        if line.startswith("@"):
            members = sets.setdefault(line.strip(), [])
        elif line.strip() and not line.lstrip().startswith("#"):
            members.append(line.strip())
    return sets


def resolved(word, sets):
    if not word.startswith("@"):
        return {word}
    return {name for member in sets[word] for name in resolved(member, sets)}
