"""What sanitizers have to say in a daemon's log.

The thread sanitizer does not know libmilter: at the end its pool's manager destroys the
mutex and the condition that its workers still use, its main thread has made what
smfi_stop takes, and it joins no thread.  A report is left out if what was done in it was
done by libmilter itself, in each of its stacks; a callback of ours has our own frame on
top."""

import re

SANITIZER = re.compile(r"(Address|Leak|Thread)Sanitizer|runtime error:")
REPORT = re.compile(r"^=+\nWARNING: ThreadSanitizer: .*?^SUMMARY: .*?\n=*\n?"
                    r"|^ThreadSanitizer: reported .*\n", re.MULTILINE | re.DOTALL)
OURS = re.compile(r"^mtasts-milter: .*\n", re.MULTILINE)
DONE = re.compile(r"^(WARNING|  (Previous )?([Aa]tomic )?([Rr]ead|[Ww]rite) of)",
                  re.MULTILINE)
FRAME = re.compile(r"^    #\d+ (.*)", re.MULTILINE)
# What stands in for libc's functions has no source.
STAND_IN = re.compile(r" <null> \(mtasts-milter\+")


def is_libmilters(report):
    stacks = [FRAME.findall(part) for part in report.split("\n\n") if DONE.search(part)]
    own = [[frame for frame in stack if not STAND_IN.search(frame)] for stack in stacks]
    return all(stack and "(libmilter.so." in stack[0] for stack in own)


def complaints(log):
    """The log without our own lines, if there is a complaint in it."""
    rest = REPORT.sub(lambda report: "" if is_libmilters(report.group())
                      else report.group(), OURS.sub("", log))
    return rest if SANITIZER.search(rest) else ""
