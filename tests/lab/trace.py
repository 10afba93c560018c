"""Who a program was when it read from the network or mapped the cache, as strace saw."""

import re
from collections import Counter

CALLS = "network,read,readv,mmap,process,setuid,setreuid,setresuid"
LINE = re.compile(r"^(\d+) +(\w+)\((.*)\) += (-?\d+|0x[0-9a-f]+)")
UNFINISHED = re.compile(r"^(\d+) +(.*) <unfinished \.\.\.>$")
RESUMED = re.compile(r"^(\d+) +<\.\.\. \w+ resumed>(.*)$")
FRAME = re.compile(r"^ > ")
BIRTH = {"clone", "clone3", "fork", "vfork"}
READING = {"read", "readv", "recvfrom", "recvmsg", "recvmmsg"}
INTERNET = re.compile(r"\d+<(TCP|UDP)(v6)?:")
CACHE = re.compile(r"<[^>]*/(data\.mdb|lock\.mdb|in-use|counters)>")


def strace(file, stacks=False, aside=False):
    """What stands before a command to trace it and its children into a file; aside,
    the process is the command's own and not strace's."""
    return ["strace", "-f", "-q", "-yy", "-s", "0", *(["-k"] if stacks else []),
            *(["-D"] if aside else []),
            "-e", "trace=" + CALLS, "-e", "signal=none", "-o", file]


def calls(lines):
    """[(process, call, arguments, result, the frames below it)], in order."""
    pending, found = {}, []
    for line in lines:
        if FRAME.match(line):
            if found:
                found[-1][4].append(line)
            continue
        unfinished, resumed = UNFINISHED.match(line), RESUMED.match(line)
        if unfinished:
            pending[unfinished[1]] = unfinished[2]
            continue
        if resumed:
            line = f"{resumed[1]} {pending.pop(resumed[1], '')}{resumed[2]}"
        match = LINE.match(line)
        if match:
            pid, call, arguments, result = match.groups()
            found.append((int(pid), call, arguments, int(result, 0), []))
    return found


def user_set(call, arguments):
    """The effective user that a call asks for, or None."""
    numbers = [int(number) for number in re.findall(r"-?\d+", arguments)]
    if call == "setuid":
        return numbers[0]
    if call in ("setreuid", "setresuid") and numbers[1] != -1:
        return numbers[1]
    return None


class Trace:
    """What was done as root, and how often by others.

    root    the calls of root that read from the network or map the cache, and have
            the wanted word in their stack, if there is one
    others  how often others did either: {"network": n, "cache": m}
    """

    def __init__(self, path, word=None):
        with open(path, encoding="utf-8", errors="backslashreplace") as file:
            self.calls = calls(file.read().splitlines())
        self.root = []
        self.others = Counter()
        parents = {result: pid for pid, call, _, result, _ in self.calls if call in BIRTH}
        users = {}
        for pid, call, arguments, result, frames in self.calls:
            if pid not in users:
                users[pid] = users.get(parents.get(pid), 0)
            wanted = user_set(call, arguments) if result == 0 else None
            if wanted is not None:
                users[pid] = wanted
            kind = self._kind(call, arguments, result)
            if kind is None or (word and not any(word in frame for frame in frames)):
                continue
            if users[pid] == 0:
                self.root.append(f"{pid} {call}({arguments}) = {result}")
            else:
                self.others[kind] += 1

    @staticmethod
    def _kind(call, arguments, result):
        if call in READING and INTERNET.match(arguments) and result > 0:
            return "network"
        if call == "mmap" and CACHE.search(arguments):
            return "cache"
        return None
