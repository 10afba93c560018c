"""npm's mailauth, in a process of its own: see mailauth.js."""

import json
import os
import shutil
import subprocess

PACKAGE = "mailauth"
VERSION = "4.13.3"
LIMIT = 120


def fetch(directory):
    """Where its modules are, installed here once. None, and why not."""
    modules = os.path.join(directory, "node_modules")
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            return None, f"{program} is not installed (Debian: nodejs, npm)"
    if not os.path.isdir(os.path.join(modules, PACKAGE)):
        os.makedirs(directory, exist_ok=True)
        command = ["npm", "install", "--prefix", directory, "--ignore-scripts",
                   "--no-audit", "--no-fund", "--silent",
                   f"{PACKAGE}@{VERSION}"]
        try:
            subprocess.run(command, cwd=directory, capture_output=True,
                           check=True, timeout=LIMIT)
        except (subprocess.SubprocessError, OSError):
            return None, f"no registry of npm gives {PACKAGE} {VERSION}"
    return modules, ""


class Mailauth:
    """The answers of one implementation, in the words of all."""

    name = PACKAGE

    def __init__(self, modules):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                              "mailauth.js")
        self.node = subprocess.Popen(["node", script, modules],
                                     stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, text=True,
                                     bufsize=1)

    def _ask(self, *question):
        print(json.dumps(question), file=self.node.stdin, flush=True)
        line = self.node.stdout.readline()
        if not line:
            raise RuntimeError(f"{PACKAGE} gave up on {question}")
        return json.loads(line)

    def record(self, texts):
        """The id, or None."""
        return self._ask("record", [text.decode("latin-1") for text in texts])

    def policy(self, body):
        """(mode, max_age, patterns), or None."""
        answer = self._ask("policy", body.decode("latin-1"))
        if answer is None:
            return None
        mode, max_age, patterns = answer
        return mode, max_age, frozenset(patterns)

    def match(self, pattern, host):
        """Whether the pattern stands for the host."""
        return self._ask("match", pattern, host)
