"""mtasts-milter as it runs, over a cache of one's own."""

import os
import pwd
import re
import socket
import subprocess
import time

from measure import BUILD

PATIENCE = 60                   # seconds until it answers
CONF = """
cache {{ directory = {cache} run_directory = {cache} user = {user} size = 4G }}
dns {{ servers = {{{dns}}} }}
log {{ level = warning }}
milter {{ socket = "unix:{dir}/milter.sock" }}
socketmap {{ listen = {{"unix:{dir}/map.sock"}} }}
daemon {{ user = {user} pid_file = {dir}/pid }}
{more}
"""


def program():
    """The daemon itself, and not what libtool puts before it."""
    real = os.path.join(BUILD, "milter/.libs/mtasts-milter")
    os.environ["LD_LIBRARY_PATH"] = os.path.join(BUILD, ".libs")
    return real if os.path.exists(real) else os.path.join(BUILD, "milter/mtasts-milter")


def user():
    """Whom a daemon that root starts becomes."""
    return "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())[0]


def give(directory):
    """Let the daemon's user have what is in a directory."""
    entry = pwd.getpwnam(user())
    for path in [directory] + [os.path.join(top, name) for top, names, files
                               in os.walk(directory) for name in names + files]:
        os.chown(path, entry.pw_uid, entry.pw_gid)


class Daemon:
    """with Daemon(directory, cache) as daemon: its sockets are daemon.map, .milter"""

    def __init__(self, directory, cache, dns="127.0.0.9", more=""):
        os.makedirs(directory, exist_ok=True)
        for part in (directory, cache):
            give(part)
        self.dir, self.map = directory, os.path.join(directory, "map.sock")
        self.milter = os.path.join(directory, "milter.sock")
        self.conf = os.path.join(directory, "mtasts.conf")
        self.process = None
        self.started = None     # seconds to its first answer
        with open(self.conf, "w", encoding="ascii") as file:
            file.write(CONF.format(dir=directory, cache=cache, dns=dns, user=user(),
                                   more=more))

    def __enter__(self):
        begin = time.monotonic()
        self.process = subprocess.Popen([program(), "-f", "-c", self.conf])
        answers(self.map)
        self.started = time.monotonic() - begin
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def memory(self):
        """Octets of it in memory, but for the maps of the cache."""
        total = 0
        with open(f"/proc/{self.process.pid}/smaps", encoding="utf-8") as file:
            name = ""
            for text in file:
                if re.match(r"[0-9a-f]+-[0-9a-f]+ ", text):
                    name = text.split(maxsplit=5)[5].strip() if text.count("/") else ""
                elif text.startswith("Rss:") and not name.endswith("data.mdb"):
                    total += int(text.split()[1]) * 1024
        return total


def answers(path):
    """Wait until a socket map answers; the connection, and what it said."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(path)
            return connection, ask(connection, "sts x")
        except OSError:
            connection.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.002)


def ask(connection, question):
    """One question to a socket map, and its answer."""
    connection.sendall(b"%d:%s," % (len(question), question.encode()))
    data = b""
    while not data.endswith(b","):
        part = connection.recv(65536)
        if not part:
            raise OSError("the connection is closed")
        data += part
    return data.split(b":", 1)[1][:-1].decode()
