"""Running mtasts-cachectl and saying in TAP what came of it."""

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import tempfile
import termios
import threading

SOURCE = os.environ.get("abs_top_srcdir", ".")
BUILD = os.environ.get("abs_top_builddir", SOURCE)
COMMAND = os.path.join(BUILD, "core/cachectl/mtasts-cachectl")

count = 0
failures = 0


def cachectl(*args, stdin=b"", cache=None, stdout=subprocess.PIPE, env=None):
    """(exit code, standard output, standard error); octets in, text out."""
    own = ["--cache", cache] if cache else []
    run = subprocess.run(
        [COMMAND, *own, *args], input=stdin, stdout=stdout, timeout=60,
        stderr=subprocess.PIPE, env=env)
    out = run.stdout.decode("ascii", "strict") if run.stdout else ""
    errors = [line for line in run.stderr.decode("utf-8").splitlines(True)
              if "belongs to root" not in line]
    return run.returncode, out, "".join(errors)


class Terminal:
    """A terminal so many columns wide, which remembers what it was sent."""

    def __init__(self, columns):
        self.master, self.slave = pty.openpty()
        self.sent = b""
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ,
                    struct.pack("HHHH", 24, columns, 0, 0))
        modes = termios.tcgetattr(self.slave)
        modes[1] &= ~termios.OPOST  # what is sent is what is seen
        modes[3] &= ~termios.ECHO
        termios.tcsetattr(self.slave, termios.TCSANOW, modes)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        try:
            while data := os.read(self.master, 65536):
                self.sent += data
        except OSError:
            pass  # nobody has the other end open any more

    def text(self):
        """All of it, when the command has ended."""
        os.close(self.slave)
        self.reader.join()
        os.close(self.master)
        return self.sent.decode("utf-8")


def on_terminal(*args, columns=80, stdin=b"", cache=None, typed=None,
                out=True, err=True, **env):
    """(exit code, standard output, standard error), each as a terminal got it,
    or from a pipe if out or err is false.  What is typed comes from a terminal,
    too.  env: in place of the tests' own environment; COLUMNS is unset."""
    own = ["--cache", cache] if cache else []
    screens = [Terminal(columns) if wanted else None for wanted in (out, err)]
    keyboard = Terminal(columns) if typed is not None else None
    command = subprocess.Popen(
        [COMMAND, *own, *args],
        stdin=keyboard.slave if keyboard else subprocess.PIPE,
        stdout=screens[0].slave if out else subprocess.PIPE,
        stderr=screens[1].slave if err else subprocess.PIPE,
        env={"TERM": "xterm", "LC_ALL": "C.UTF-8", **env})
    if keyboard:
        os.write(keyboard.master, typed + b"\x04")
        stdin = None
    try:
        piped = command.communicate(stdin, timeout=60)
    finally:
        command.kill()
        if keyboard:
            keyboard.text()
        texts = [screen.text() if screen else piped[i].decode("utf-8")
                 for i, screen in enumerate(screens)]
    return command.returncode, *texts


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


def test(name, *problems):
    """One TAP line: ok without problems. Each is a string or falsy."""
    global count, failures
    count += 1
    problems = [problem for problem in problems if problem]
    for problem in problems:
        for line in str(problem).splitlines():
            print("#", line.encode("unicode_escape").decode())
    failures += 1 if problems else 0
    print("%s %d - %s" % ("not ok" if problems else "ok", count, name))
    sys.stdout.flush()


def skip(name, why):
    global count
    count += 1
    print("ok %d - %s # SKIP %s" % (count, name, why))


def differs(what, got, expected):
    if got != expected:
        return "%s is %r, not %r" % (what, got, expected)
    return None


def lacks(what, text, part):
    if part not in text:
        return "%s %r lacks %r" % (what, text, part)
    return None


def scratch():
    return tempfile.TemporaryDirectory(prefix="cachectl-")


def finish():
    print("1..%d" % count)
    sys.exit(1 if failures else 0)
