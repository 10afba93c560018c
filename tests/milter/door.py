"""The milter's socket, driven by miltertest."""

import os
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
from milter import daemon, differs, finish, lacks, test  # noqa: E402

# What is common to all stories. A reply is its code; tags are listed.
PRELUDE = """
conn = mt.connect("unix:%s")
mt.set_timeout(20)
if conn == nil or mt.negotiate(conn, nil, nil, nil) ~= nil then
  error("no negotiation")
end
function mail(id)
  if id ~= nil then mt.macro(conn, SMFIC_MAIL, "i", id) end
  mt.mailfrom(conn, "<s@sender.test>")
end
function rcpt(mailer, host, addr)
  mt.macro(conn, SMFIC_RCPT, "{rcpt_mailer}", mailer, "{rcpt_host}", host,
           "{rcpt_addr}", addr)
  mt.rcptto(conn, "<" .. addr .. ">")
  print(string.char(mt.getreply(conn)))
end
function finish()
  mt.eom(conn)
  print(string.char(mt.getreply(conn)))
  if mt.eom_check(conn, MT_HDRINSERT, "MTA-STS-Status") then
    print("tag " .. mt.getheader(conn, "MTA-STS-Status", 0))
  end
end
"""

NO_DNS = "the MX records of good.test could not be had"


def story(m, text):
    path = os.path.join(m.directory, "story.lua")
    m.write(path, PRELUDE % m.socket + text + "\nmt.disconnect(conn)\n")
    done = subprocess.run(["miltertest", "-s", path], capture_output=True,
                          text=True, timeout=60, check=False)
    return (done.stdout + done.stderr).split("\n")[:-1]


def main():
    if shutil.which("miltertest") is None:
        print("1..0 # SKIP miltertest is missing")
        return
    with daemon() as m:
        test("recipients that are none of ours go on", differs(story(m, """
mail("Q1")
rcpt("local", "", "user")
rcpt("error", "5.1.1", "x@good.test")
rcpt("relay", "[smart.test]", "x@good.test")
rcpt("esmtp", "[192.0.2.1]", "x@[192.0.2.1]")
rcpt("esmtp", "smart.test.", "x@good.test")
mt.rcptto(conn, "<x@good.test>")
print(string.char(mt.getreply(conn)))
finish()
"""), ["c"] * 7))
        test("none of them is judged",
             "door=milter" in m.text() and m.text() or None)
        test("what could not be determined is accepted", differs(story(m, """
mail("Q2")
rcpt("esmtp", "good.test.", "x@GOOD.test")
finish()
"""), ["c", "c"]))
        test("the log line has the queue's id",
             lacks(m.text(), "action=accept queue=Q2 door=milter"))
        test("a connection may be aborted and used again", differs(story(m, """
for i = 1, 20 do
  mail("Q3")
  rcpt("esmtp", "good.test.", "x@good.test")
  mt.abort(conn)
end
mail("Q4")
rcpt("esmtp", "good.test.", "x@good.test")
finish()
mail("Q5")
finish()
"""), ["c"] * 23))
    with daemon(milter="on_error = defer tag = all") as m:
        test("on_error = defer defers that recipient alone", differs(story(m, """
mail("Q1")
rcpt("esmtp", "good.test.", "x@good.test")
rcpt("esmtp", "testing.test.", "x@testing.test")
rcpt("local", "", "user")
mt.header(conn, "MTA-STS-Status", "forged")
mt.header(conn, "mta-sts-STATUS", "forged")
finish()
print(mt.eom_check(conn, MT_HDRDELETE, "MTA-STS-Status"))
"""), ["y", "c", "c", "c",
             "tag recipients=2; pass=0; fail=0; temperror=1; none=1",
             "true"]))
        found = story(m, """
mail("Q2")
for i = 1, 10000 do
  rcpt("esmtp", "testing.test.", "u" .. i .. "@testing.test")
end
finish()
""")
        test("ten thousand recipients",
             differs(found[:10001], ["c"] * 10001) or
             lacks(found[10001], "domain=testing.test"))
    finish()


main()
