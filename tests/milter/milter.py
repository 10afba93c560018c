"""A mtasts-milter of one's own: a directory, a configuration, its sockets."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from complaints import complaints

PROGRAM = os.path.join(os.environ.get("abs_top_builddir", "."),
                       "milter", "mtasts-milter")
OVERRIDES = """\
good.test enforce mx=mx1.good.test,*.wild.test
testing.test testing mx=mx.testing.test
none.test skip
"""
_results = []
_complaints = []


def test(name, problem):
    """Report one test: problem is None or what went wrong."""
    _results.append(not problem)
    print("%s %d - %s" % ("not ok" if problem else "ok", len(_results), name))
    if problem:
        print("# " + str(problem).replace("\n", "\n# "))


def differs(found, wanted):
    return None if found == wanted else "%r, not %r" % (found, wanted)


def lacks(text, part):
    return None if part in text else "%r lacks %r" % (text, part)


def finish():
    test("no sanitizer has complained of a daemon", "\n".join(filter(None, _complaints)))
    print("1..%d" % len(_results))
    raise SystemExit(0 if all(_results) else 1)


def user():
    """Whom a daemon that root starts becomes."""
    return "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())[0]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Milter:
    """A daemon with its files below one directory."""

    def __init__(self, directory):
        self.directory = directory
        self.run = os.path.join(directory, "run")
        self.socket = os.path.join(self.run, "milter.sock")
        self.map = os.path.join(self.run, "map.sock")
        self.pid_file = os.path.join(self.run, "pid")
        self.conf = os.path.join(directory, "mtasts.conf")
        self.overrides = os.path.join(directory, "overrides")
        self.log = os.path.join(directory, "log")
        self.port = free_port()
        self.process = None
        self.write(self.log, "")
        self.configure()

    @staticmethod
    def write(path, text):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def configure(self, milter="", socketmap="", daemon="", other="",
                  patience="500ms"):
        """Write the configuration. No name server answers: 127.0.0.1 has
        none, or does not know these domains."""
        self.write(self.conf, f"""
cache {{ directory = {self.directory}/cache run_directory = {self.run}
         user = {user()} size = 1M }}
dns {{ servers = {{127.0.0.9}} timeout = {patience} }}
log {{ level = debug }}
policy {{ overrides = {self.overrides} }}
milter {{ socket = "unix:{self.socket}" {milter} }}
socketmap {{ listen = {{"unix:{self.map}", "inet:127.0.0.1:{self.port}"}}
             {socketmap} }}
daemon {{ user = {user()} pid_file = {self.pid_file} {daemon} }}
{other}
""")

    def start(self, *before, **env):
        """Start it, behind the words of another program, with more in its
        environment."""
        self.make_run()
        with open(self.log, "a", encoding="utf-8") as log:
            starts = self.text().count("event=started")
            self.process = subprocess.Popen(
                [*before, PROGRAM, "-f", "-c", self.conf], stderr=log,
                # What the thread sanitizer says is looked at afterwards.
                env={**os.environ, "TSAN_OPTIONS": "exitcode=0", **env})
        self.wait_for("event=started", starts + 1)
        return self

    def make_run(self):
        os.makedirs(self.run, mode=0o750, exist_ok=True)
        if os.geteuid() == 0:
            entry = pwd.getpwnam(user())
            os.chown(self.run, entry.pw_uid, entry.pw_gid)

    def text(self):
        with open(self.log, encoding="utf-8") as log:
            return log.read()

    def wait_for(self, part, count=1, seconds=10):
        end = time.monotonic() + seconds
        while self.text().count(part) < count:
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError("no %r in:\n%s" % (part, self.text()))
            time.sleep(0.02)

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        """End it; the seconds that took."""
        begin = time.monotonic()
        if self.process is not None and self.process.poll() is None:
            self.signal(signal.SIGTERM)
            self.process.wait(timeout=20)
        return time.monotonic() - begin

    def connect(self, inet=False, timeout=10):
        s = socket.socket(socket.AF_INET if inet else socket.AF_UNIX)
        s.settimeout(timeout)
        s.connect(("127.0.0.1", self.port) if inet else self.map)
        return s


@contextlib.contextmanager
def daemon(start=True, overrides=OVERRIDES, **conf):
    directory = tempfile.mkdtemp(prefix="mtasts-milter-")
    os.chmod(directory, 0o755)
    milter = Milter(directory)
    try:
        milter.configure(**conf)
        milter.write(milter.overrides, overrides)
        if start:
            milter.start()
        yield milter
    finally:
        milter.stop()
        _complaints.append(complaints(milter.text()))
        shutil.rmtree(directory, ignore_errors=True)


def netstring(text):
    data = text.encode() if isinstance(text, str) else text
    return b"%d:%s," % (len(data), data)


class Answers:
    """The netstrings that come over a socket."""

    def __init__(self, sock):
        self.sock = sock
        self.data = b""

    def more(self):
        data = self.sock.recv(65536)
        self.data += data
        return bool(data)

    def next(self):
        while b":" not in self.data:
            if not self.more():
                return None
        digits, self.data = self.data.split(b":", 1)
        while len(self.data) <= int(digits):
            if not self.more():
                return None
        answer = self.data[:int(digits)]
        self.data = self.data[int(digits) + 1:]
        return answer.decode()


def ask(sock, *questions):
    for question in questions:
        sock.sendall(netstring(question))
    answers = Answers(sock)
    return [answers.next() for _ in questions]
