#!/usr/bin/python3 -B
"""Run a command of a unit as systemd would confine it, where there is no systemd.

    confine.py ROOT UNIT [NUMBER]

ROOT is a directory with a Debian in it, UNIT the path of the unit in it, NUMBER which
of its ExecStart lines (0).  Root, in a mount namespace of its own, becomes what the
unit says: files, devices, users, capabilities, system calls.  A directive that is
neither carried out nor known to concern others is an error.
"""

import ctypes
import errno
import os
import resource
import shutil
import sys

import seccomp

from unit import MANAGER, Unit

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"
LIBC = ctypes.CDLL(None, use_errno=True)
NEW_NAMESPACES = {"mount": 0x00020000, "uts": 0x04000000, "user": 0x10000000,
                  "ipc": 0x08000000, "pid": 0x20000000, "net": 0x40000000,
                  "cgroup": 0x02000000}
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
MS_KEPT = {"nosuid": 2, "nodev": 4, "noexec": 8, "noatime": 1024, "nodiratime": 2048,
           "relatime": 1 << 21}
CAPABILITIES = {"CAP_CHOWN": 0, "CAP_DAC_READ_SEARCH": 2, "CAP_SETGID": 6, "CAP_SETUID": 7}
LAST_CAPABILITY = 63
PR_SET_NO_NEW_PRIVS, PR_CAPBSET_DROP = 38, 24
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}
FAMILY_MAX = 45
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
SUID_SGID = (0o4000, 0o2000)
PROT_WRITE, PROT_EXEC, O_CREAT = 2, 4, 0o100
WRITABLE = ("/dev", "/proc", "/sys")            # of ProtectSystem=strict

# What carries out what; beside what is read below by name.
DONE = {"ExecStart", "User", "UMask", "LimitNOFILE", "ReadWritePaths", "ProtectSystem",
        "ProtectHome", "PrivateTmp", "PrivateMounts", "PrivateDevices", "ProtectProc",
        "ProcSubset", "PrivateUsers", "CapabilityBoundingSet", "AmbientCapabilities",
        "NoNewPrivileges", "RestrictAddressFamilies", "RestrictNamespaces",
        "RestrictSUIDSGID", "MemoryDenyWriteExecute", "SystemCallFilter",
        "SystemCallErrorNumber", "SystemCallArchitectures"}
# Taken by what is: no capability, no /dev and no system call is left for these.
IMPLIED = {"DevicePolicy", "ProtectClock", "ProtectHostname", "ProtectKernelLogs",
           "ProtectKernelModules", "ProtectKernelTunables", "ProtectControlGroups",
           "RestrictRealtime", "LockPersonality", "KeyringMode", "RemoveIPC"}


def must(result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), what)


def mount(source, target, kind=None, flags=0, data=None):
    encoded = [text.encode() if text else None for text in (source, target, kind)]
    must(LIBC.mount(*encoded, ctypes.c_ulong(flags), data.encode() if data else None),
         f"mount {target}")


# ---- Files -------------------------------------------------------------------

def mounts_below(root):
    """[(mount point, its flags)]"""
    with open("/proc/self/mounts", encoding="utf-8") as file:
        rows = [line.split() for line in file]
    return [(row[1], sum(MS_KEPT.get(option, 0) for option in row[3].split(",")))
            for row in rows if (row[1] + "/").startswith(root + "/")]


def read_only(root, but):
    for point, flags in mounts_below(root):
        name = point[len(root):] or "/"
        if not any((name + "/").startswith(writable + "/") for writable in but):
            mount(None, point, flags=MS_BIND | MS_REMOUNT | MS_RDONLY | flags)


def own_mount(path):
    mount(path, path, flags=MS_BIND | MS_REC)


def protect_files(root, unit):
    writable = [path.lstrip("-") for path in unit.words("ReadWritePaths")]
    writable = [path for path in writable if os.path.isdir(root + path)]
    for path in writable:
        own_mount(root + path)
    if unit.value("ProtectSystem") == "strict":
        read_only(root, [*WRITABLE, *writable])
    elif unit.value("ProtectSystem") == "full":
        for path in ("/usr", "/etc"):
            own_mount(root + path)
            mount(None, root + path, flags=MS_BIND | MS_REMOUNT | MS_RDONLY)
    private = ["/tmp", "/var/tmp"] if unit.is_on("PrivateTmp") else []
    home = ["/home", "/root"] if unit.is_on("ProtectHome") else []
    for path in (*private, *home):
        mount("tmpfs", root + path, "tmpfs", MS_RDONLY if path in home else 0, "mode=1777")


def private_devices(root):
    """The devices of another /dev, before it is gone."""
    mount("tmpfs", root + "/mnt", "tmpfs", 0, "mode=755")
    for name in DEVICES:
        with open(f"{root}/mnt/{name}", "w", encoding="ascii"):
            pass
        mount("/dev/" + name, f"{root}/mnt/{name}", flags=MS_BIND)
    mount(root + "/mnt", root + "/dev", flags=MS_BIND | MS_REC)


def furnish(root, unit):
    must(LIBC.unshare(NEW_NAMESPACES["mount"]), "unshare")
    mount(None, "/", flags=MS_REC | MS_PRIVATE)
    if unit.is_on("PrivateDevices"):
        private_devices(root)
    protect_files(root, unit)
    options = {"ProtectProc": "hidepid=", "ProcSubset": "subset="}
    mount("proc", root + "/proc", "proc", 0,
          ",".join(word + unit.value(key) for key, word in options.items()
                   if unit.value(key)))


# ---- Users -------------------------------------------------------------------

def own_users(uid, gid):
    """Of all users there are root and this one. Who stays behind writes the map."""
    ours, theirs = os.pipe()
    helper = os.fork()
    if helper == 0:
        os.read(ours, 1)
        for name, number in (("uid_map", uid), ("gid_map", gid)):
            with open(f"/proc/{os.getppid()}/{name}", "w", encoding="ascii") as file:
                file.write(f"0 0 1\n{number} {number} 1\n")
        os._exit(0)
    must(LIBC.unshare(NEW_NAMESPACES["user"]), "unshare users")
    os.write(theirs, b"x")
    if os.waitpid(helper, 0)[1] != 0:
        raise OSError(errno.EPERM, "no map of users")
    os.close(ours)
    os.close(theirs)


def account(root, name):
    """The numbers of a user of the Debian inside."""
    with open(root + "/etc/passwd", encoding="utf-8") as file:
        row, = [line.split(":") for line in file if line.startswith(name + ":")]
    return int(row[2]), int(row[3])


def become(root, unit):
    """Users come before the other root, from which none may be had."""
    user = unit.value("User")
    uid, gid = account(root, user) if user else (0, 0)
    if unit.is_on("PrivateUsers"):
        own_users(uid, gid)
    os.chroot(root)
    os.chdir("/")
    left = {CAPABILITIES[word] for word in unit.words("CapabilityBoundingSet")}
    for number in range(LAST_CAPABILITY + 1):
        if number not in left:
            LIBC.prctl(PR_CAPBSET_DROP, number, 0, 0, 0)
    os.setgroups([gid])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if unit.is_on("NoNewPrivileges"):
        must(LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")


# ---- System calls ------------------------------------------------------------

def argument(number, mask):
    return seccomp.Arg(number, seccomp.MASKED_EQ, mask, mask)


def refuse_families(table, names):
    wanted = {FAMILIES[name] for name in names}
    for family in set(range(FAMILY_MAX + 1)) - wanted:
        table.add_rule(seccomp.ERRNO(errno.EAFNOSUPPORT), "socket",
                       seccomp.Arg(0, seccomp.EQ, family))


def refuse_namespaces(table):
    refused = seccomp.ERRNO(errno.EPERM)
    for call in ("unshare", "setns"):
        table.add_rule(refused, call)
    for flag in NEW_NAMESPACES.values():
        table.add_rule(refused, "clone", argument(0, flag))
    table.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")


def refuse_set_id(table):
    refused = seccomp.ERRNO(errno.EPERM)
    calls = (("chmod", 1), ("fchmod", 1), ("fchmodat", 2), ("mkdir", 1), ("mkdirat", 2),
             ("mknod", 1), ("mknodat", 2), ("creat", 1))
    for bit in SUID_SGID:
        for call, number in calls:
            table.add_rule(refused, call, argument(number, bit))
        table.add_rule(refused, "open", argument(1, O_CREAT), argument(2, bit))
        table.add_rule(refused, "openat", argument(2, O_CREAT), argument(3, bit))
    table.add_rule(seccomp.ERRNO(errno.ENOSYS), "openat2")


def refuse_code(table):
    refused = seccomp.ERRNO(errno.EPERM)
    table.add_rule(refused, "mmap", argument(2, PROT_EXEC | PROT_WRITE))
    for call in ("mprotect", "pkey_mprotect"):
        table.add_rule(refused, call, argument(2, PROT_EXEC))


def load(fill, default=seccomp.ALLOW):
    table = seccomp.SyscallFilter(default)
    fill(table)
    table.load()


def allow(calls):
    def fill(table):
        for call in sorted(calls):
            try:
                table.add_rule(seccomp.ALLOW, call)
            except RuntimeError:        # of another architecture
                pass
    return fill


def filter_calls(unit, calls):
    if unit.words("RestrictAddressFamilies"):
        load(lambda table: refuse_families(table, unit.words("RestrictAddressFamilies")))
    for key, fill in (("RestrictNamespaces", refuse_namespaces),
                      ("RestrictSUIDSGID", refuse_set_id),
                      ("MemoryDenyWriteExecute", refuse_code)):
        if unit.is_on(key):
            load(fill)
    number = getattr(errno, unit.value("SystemCallErrorNumber"))
    load(allow(calls), seccomp.ERRNO(number))


def main(root, path, number=0):
    unit = Unit(root + path)
    unknown = set(unit.values) - DONE - IMPLIED - MANAGER
    if unknown:
        sys.exit(f"{path}: what about {', '.join(sorted(unknown))}?")
    command = unit.commands()[int(number)]
    calls = unit.allowed_calls()
    if unit.value("LimitNOFILE"):
        limit = int(unit.value("LimitNOFILE"))
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    furnish(root, unit)
    become(root, unit)
    os.umask(int(unit.value("UMask", "0022"), 8))
    program = shutil.which(command[0], path=PATH)
    filter_calls(unit, calls)
    os.execve(program, command, {"PATH": PATH, "LANG": "C.UTF-8"})


if __name__ == "__main__":
    main(*sys.argv[1:])
