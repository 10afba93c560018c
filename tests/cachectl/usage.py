"""The command line: what it takes, and one line for what it does not."""

import os
import sys

sys.dont_write_bytecode = True
from command import (cachectl, differs, finish, lacks, scratch,  # noqa: E402
                     test)

# arguments, and what the one line says
USAGE_ERRORS = [
    ([], "expected a command; --help lists them"),
    (["stat"], 'no command "stat"; did you mean "stats"?'),
    (["lisst"], 'no command "lisst"; did you mean "list"?'),
    (["frobnicate"], 'no command "frobnicate"; --help lists them'),
    (["x" * 5000], "no command"),
    (["\x1b[31mred\n"], 'no command "\\x1b[31mred\\x0a"'),
    (["--frobnicate"], "unrecognized option '--frobnicate'"),
    (["-x"], "invalid option -- 'x'"),
    (["--cache"], "option '--cache' requires an argument"),
    (["show"], "(usage: mtasts-cachectl show DOMAIN)"),
    (["show", "a.example", "b.example"], '"b.example" is too much'),
    (["check"], "an argument is missing"),
    (["query"], "an argument is missing"),
    (["list", "extra"], '"extra" is too much'),
    (["list", "--jobs", "3"], "list takes no --jobs"),
    (["list", "--mode", "strict"],
     'expected enforce, testing or none, not "strict"'),
    (["stats", "--yes"], "stats takes no --yes"),
    (["warm", "--jobs", "0"], 'expected a number from 1 to 1024, not "0"'),
    (["warm", "--jobs", "1e3"], 'not "1e3"'),
    (["warm", "--jobs", "1025"], 'not "1025"'),
    (["warm", "/nonexistent"], "/nonexistent: No such file or directory"),
    (["import", "/nonexistent"], "/nonexistent: No such file or directory"),
    (["refresh"], "either --all or a DOMAIN is expected"),
    (["refresh", "--all", "a.example"],
     "either --all or a DOMAIN is expected"),
    (["clear"], "say --yes if that is meant"),
    (["remove"], "an argument is missing"),
    (["compact"], "an argument is missing"),
    (["match", "a.example"], "DOMAIN and HOST are expected"),
    (["match", "--policy", "x", "a.example", "b.example"],
     "HOST alone is expected"),
    (["match", "--policy", "/nonexistent", "a.example"],
     "/nonexistent: No such file or directory"),
    (["lint"], "one of --record, --policy and DOMAIN is expected"),
    (["lint", "--record", "x", "--policy", "y"],
     "one of --record, --policy and DOMAIN is expected"),
    (["lint", "--record", "x", "a.example"],
     "one of --record, --policy and DOMAIN is expected"),
    (["lint", "--policy", "/"], "/: Is a directory"),
    (["-c", "/nonexistent", "stats"],
     "/nonexistent: No such file or directory"),
]


def usage_errors():
    with scratch() as directory:
        for args, part in USAGE_ERRORS:
            code, out, err = cachectl(*args, cache=directory)
            test("usage: " + " ".join(args)[:40].replace("\n", " ").replace(
                    "\x1b", "ESC").replace("#", ""),
                 differs("exit", code, 2), differs("output", out, ""),
                 differs("lines", err.count("\n"), 1),
                 lacks("line", err, "mtasts-cachectl: "),
                 lacks("line", err, part))


def configuration():
    with scratch() as directory:
        path = os.path.join(directory, "conf")
        with open(path, "w", encoding="ascii") as file:
            file.write("cache {\n\tsize = 1G\n\tsice = 1G\n}\n")
        code, _, err = cachectl("-c", path, "stats")
        test("an unknown key is an error with file and line",
             differs("exit", code, 2),
             lacks("line", err, path + ":3: no such option 'sice'"))
        with open(path, "w", encoding="ascii") as file:
            file.write('cache { directory = "%s/d" run_directory = "%s/r"\n'
                       "user = '' }\n" % (directory, directory))
        code, out, err = cachectl("-c", path, "stats")
        test("directories are those of the file", differs("exit", code, 0),
             differs("errors", err, ""),
             None if os.path.isdir(directory + "/d/policies") else
             "no directory was made")


def help_and_version():
    code, out, err = cachectl("--version")
    test("--version", differs("exit", code, 0),
         lacks("output", out, "mtasts-cachectl "), differs("errors", err, ""))
    code, out, err = cachectl("--help")
    test("--help lists commands and options", differs("exit", code, 0),
         *[lacks("output", out, part) for part in
           ("check", "warm", "--cache DIR", "mtasts.conf", "check DOMAIN")])
    code, out, err = cachectl("list", "--help")
    test("--help of a command", differs("exit", code, 0),
         lacks("output", out, "list [--mode MODE] [--expired]"))
    code, out, err = cachectl("lint", "--json", "--record", "v=STSv1; id=1;")
    test("options may stand behind the command", differs("exit", code, 0),
         lacks("output", out, '"valid":true'))


def output_that_cannot_be_written():
    with open("/dev/full", "wb") as full:
        code, _, err = cachectl("--help", stdout=full)
    test("output that cannot be written is told", differs("exit", code, 3),
         lacks("line", err, "standard output: No space left on device"))


usage_errors()
configuration()
help_and_version()
output_that_cannot_be_written()
finish()
