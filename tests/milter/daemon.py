"""The daemon: options, privileges, lock, signals, service manager."""

import grp
import os
import pwd
import signal
import socket
import stat
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
from milter import (PROGRAM, ask, daemon, differs,  # noqa: E402
                    finish, lacks, netstring, test, Answers, user)


def command(*args):
    done = subprocess.run([PROGRAM, *args], capture_output=True, text=True,
                          timeout=20, check=False)
    return done.returncode, done.stdout + done.stderr


def options():
    code, text = command("-V")
    test("-V", differs(code, 0) or lacks(text, "mtasts-milter 0."))
    test("wrong usage", differs(command("-x")[0], 64) or
         differs(command("extra")[0], 64))
    with daemon(start=False) as m:
        test("-n and a good file", differs(command("-n", "-c", m.conf), (0, "")))
        m.configure(milter="on_fail = bounce")
        code, text = command("-n", "-c", m.conf)
        test("-n and a bad file: file and line", differs(code, 78) or
             lacks(text, m.conf + ":7: milter.on_fail: expected defer"))
        m.configure(daemon="nonsense = 1")
        code, text = command("-n", "-c", m.conf)
        test("an unknown key", differs(code, 78) or
             lacks(text, "no such option 'nonsense'"))
        m.configure()
        m.write(m.overrides, "good.test frobnicate\n")
        test("-n reads the overrides",
             differs(command("-n", "-c", m.conf)[0], 78))


def privileges():
    if os.geteuid() != 0:
        return
    with daemon(start=False) as m:
        code, text = command("-f", "-c", m.conf, "-u", "root")
        test("it does not stay root",
             differs(code, 67) or lacks(text, "must not be"))
        with open(m.conf, encoding="utf-8") as file:
            conf = file.read()
        m.write(m.conf, conf.replace("daemon { user = " + user(),
                                     "daemon { user = root"))
        code, text = command("-f", "-c", m.conf)
        test("not by the configuration either",
             differs(code, 67) or lacks(text, "must not be"))
        m.configure()
        code, text = command("-f", "-c", m.conf, "-u", "no.such-user")
        test("a user that does not exist", differs(code, 67))
        code, text = command("-f", "-c", m.conf, "-u", user() + ":no.such")
        test("a group that does not exist", differs(code, 67))
    group = grp.getgrgid(1)
    with daemon(milter=f"socket_mode = 0600 socket_group = {group.gr_name}",
                socketmap="socket_mode = 0666 socket_owner = root") as m:
        with open("/proc/%d/status" % m.process.pid, encoding="ascii") as f:
            status = f.read()
        uid = str(pwd.getpwnam(user()).pw_uid)
        test("it becomes its user", lacks(
            status, "Uid:\t" + "\t".join([uid] * 4)))
        milter, map_ = os.stat(m.socket), os.stat(m.map)
        test("the sockets have their owner, group and mode",
             differs((stat.S_IMODE(milter.st_mode), str(milter.st_uid),
                      milter.st_gid), (0o600, uid, 1)) or
             differs((stat.S_IMODE(map_.st_mode), map_.st_uid), (0o666, 0)))


def second():
    with daemon() as m:
        code, text = command("-f", "-c", m.conf)
        test("a second one ends", differs(code, 75) or
             lacks(text, "another mtasts-milter is running"))
        code, text = command("-f", "-c", m.conf, "-P", m.pid_file + "2")
        test("with another PID file it leaves the sockets alone",
             differs(code, 73) or lacks(text, "another process listens"))
        with m.connect() as s:
            test("and the first still answers",
                 differs(ask(s, "sts none.test"), ["NOTFOUND "]))
        with open(m.pid_file, encoding="ascii") as f:
            test("the PID file has its number",
                 differs(f.read(), "%d\n" % m.process.pid))
        m.signal(signal.SIGKILL)
        m.process.wait()
        m.start()
        with m.connect() as s:
            test("what a killed one leaves behind is no hindrance",
                 differs(ask(s, "sts none.test"), ["NOTFOUND "]))


def signals():
    with daemon(other="") as m:
        with m.connect() as s:
            test("before a reload", differs(
                ask(s, "sts new.test"), ["NOTFOUND "]))
            m.write(m.overrides, "new.test enforce mx=mx.new.test\n")
            m.configure(milter="socket_mode = 0600")
            m.signal(signal.SIGUSR1)
            m.wait_for("event=reloaded")
            test("SIGUSR1 reloads", differs(
                ask(s, "sts new.test"),
                ["OK secure match=mx.new.test servername=hostname"]))
            test("and says what it cannot change",
                 lacks(m.text(), "option=milter.socket_mode"))
            m.configure(milter="on_fail = x")
            m.signal(signal.SIGUSR1)
            m.wait_for("event=reload-failed")
            test("a mistake is told and changes nothing", lacks(
                ask(s, "sts new.test")[0], "OK secure"))
            reloads = m.text().count("event=reloaded")
            m.configure()
            for _ in range(20):
                m.signal(signal.SIGUSR1)
            m.wait_for("event=reloaded", reloads + 1)
            test("SIGUSR1 again before the first is done", lacks(
                ask(s, "sts new.test")[0], "OK secure"))
            for _ in range(20):
                m.signal(signal.SIGHUP)
            m.signal(signal.SIGUSR2)
            m.wait_for("event=statistics")
            test("SIGUSR2 logs statistics", lacks(m.text(), "requests=4"))
            test("SIGHUP does not end it", differs(m.process.poll(), None))
        took = m.stop()
        test("SIGTERM ends it in good order",
             differs(m.process.returncode, 0) or
             (None if took < 5 else "%.1f s" % took))
        test("nothing is left behind", differs(
            [os.path.exists(p) for p in (m.socket, m.map, m.pid_file)],
            [False] * 3))


def reload_under_load():
    with daemon() as m:
        problems = []
        stopping = threading.Event()

        def load():
            try:
                with m.connect() as s:
                    while not stopping.is_set():
                        if ask(s, "sts good.test", "sts x.test")[1] != \
                                "NOTFOUND ":
                            problems.append("an answer changed")
            except OSError as error:
                problems.append(error)

        threads = [threading.Thread(target=load) for _ in range(8)]
        for thread in threads:
            thread.start()
        for i in range(20):
            m.signal(signal.SIGUSR1)
            m.wait_for("event=reloaded", i + 1)
        stopping.set()
        for thread in threads:
            thread.join()
        test("twenty reloads under load", problems and str(problems[:3]))


def last_answers():
    with daemon(socketmap="timeout = 3s") as m:
        with m.connect() as s:
            s.sendall(netstring("sts late.test") * 5)
            time.sleep(0.1)
            took = m.stop()
            answers = Answers(s)
            test("SIGTERM loses no answer",
                 differs([answers.next() for _ in range(5)],
                         ["NOTFOUND "] * 5) or
                 (None if took < 5 else "%.1f s" % took))


def service_manager():
    with daemon(start=False) as m:
        path = os.path.join(m.directory, "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify, \
                socket.socket(socket.AF_UNIX) as given:
            notify.bind(path)
            os.chmod(path, 0o666)
            notify.settimeout(10)
            given.bind(os.path.join(m.directory, "given"))
            given.listen()

            def hand_over():
                os.dup2(given.fileno(), 3)

            # The PID is known only in the child: a shell tells it.
            shell = ["/bin/sh", "-c",
                     'LISTEN_PID=$$ exec "$0" -f -c "$1"', PROGRAM, m.conf]
            m.make_run()
            with open(m.log, "a", encoding="utf-8") as log:
                m.process = subprocess.Popen(
                    shell, stderr=log, close_fds=False,
                    preexec_fn=hand_over,
                    env={**os.environ, "NOTIFY_SOCKET": path,
                         "LISTEN_FDS": "1"})
            test("the service manager hears of the start",
                 differs(notify.recv(100), b"READY=1"))
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(os.path.join(m.directory, "given"))
                s.settimeout(10)
                test("its socket is served",
                     differs(ask(s, "sts none.test"), ["NOTFOUND "]))
            m.stop()
            test("and of the end", differs(notify.recv(100), b"STOPPING=1"))


def background():
    with daemon(start=False) as m:
        m.make_run()
        code = subprocess.run([PROGRAM, "-c", m.conf], timeout=20,
                              check=False).returncode
        with m.connect() as s:
            test("in the background it answers when the command returns",
                 differs(code, 0) or
                 differs(ask(s, "sts none.test"), ["NOTFOUND "]))
        with open(m.pid_file, encoding="ascii") as f:
            pid = int(f.read())
        os.kill(pid, signal.SIGTERM)
        for _ in range(100):
            if not os.path.exists(m.pid_file):
                break
            time.sleep(0.05)
        test("and ends", os.path.exists(m.pid_file) and "it runs" or None)


options()
privileges()
second()
signals()
reload_under_load()
last_answers()
service_manager()
background()
finish()
