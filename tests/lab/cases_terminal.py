#!/usr/bin/python3 -B
"""What a terminal is shown of real domains: trees with the right marks, the README's
examples as they stand there, bars. Without a network: tests/cachectl/terminal.py."""

import os
import re
import sys

from lab import command_under_test
from tap import main, need, same, scenario
import world

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../cachectl"))

# pylint: disable=wrong-import-position,wrong-import-order
import command

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
STYLE = re.compile("\x1b\\[[0-9;]*m")
DRAWN = "│├└─✔✘→·? \n"

# What is drawn before each step and part, by domain.
MARKS = {
    "good.test": ["├─ ✔ TXT record", "├─ ✔ Policy", "├─ ✔ MX hosts", "│  ├─ ✔ 10",
                  "│  └─ · 20", "├─ ✔ Verdict", "└─ → A sender should"],
    "downgraded.test": ["├─ ✔ TXT record", "├─ ✔ Policy", "├─ ✘ MX hosts", "│  └─ ✘ 10",
                        "├─ ✘ Verdict", "└─ → A sender should"],
    "hijacked.test": ["├─ ✔ TXT record", "├─ ✔ Policy", "├─ ✘ MX hosts", "│  └─ ✘ 10",
                      "├─ ✘ Verdict", "└─ → A sender should"],
    "unreached.test": ["├─ ✔ TXT record", "├─ ✔ Policy", "├─ ? MX hosts", "│  └─ ? 10",
                       "├─ ? Verdict", "└─ → A sender should"],
    "unfetched.test": ["├─ ✘ Policy", "├─ · Verdict", "└─ → A sender should"],
    "plain.test": ["├─ · Policy", "├─ · Verdict", "└─ → A sender should"],
}
STEP = re.compile("^(?:[│ ]  )?[├└]─ . (?:[A-Za-z]+(?: [A-Za-z]+)*|[0-9]+)")


def shown(lab, cache, *arguments, columns=100, **how):
    command.COMMAND = command_under_test()
    code, out, err = command.on_terminal("-c", lab.conf({}, cache), *arguments,
                                         columns=columns, cache=lab.path(cache), **how)
    return code, STYLE.sub("", out), err


def drawn(domain):
    @scenario(f"the tree of {domain} has the right marks, and all the words of the lines")
    def case(lab):
        plain = lab.run("check", domain, cache=lab.path(domain))
        code, tree, _ = shown(lab, domain, "check", domain)
        same("the exit code", code, plain.code)
        steps = [match.group().rstrip() for match in map(STEP.match, tree.splitlines()) if match]
        same("steps", steps, MARKS[domain])
        plain = lab.run("check", domain, cache=lab.path(domain))
        same("words", words(tree), words(plain.out.replace("Domain", "", 1)))
    return case


def words(text):
    return [word for word in re.split(f"[{DRAWN}]+", text) if word]


def example(name):
    """Lines that the README shows below a comment with this name."""
    with open(os.path.join(TOP, "README.md"), encoding="utf-8") as file:
        part = file.read().split(f"<!-- {name} -->\n")[1]
    lines = re.match("\n((?:    .*\n)+)", part).group(1).splitlines()
    same("the command", lines[0], f"    $ mtasts-cachectl {name}")
    return [line[4:] for line in lines[1:]]


def without_times(lines):
    text = "\n".join(lines)
    text = re.sub("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z", "TIME", text)
    return re.sub(" +(?:[0-9]+[smhd]|-)(?= )", " AGO", text)


@scenario("the README's tree is what check draws")
def readme_tree(lab):
    _, tree, _ = shown(lab, "readme", "check", "downgraded.test")
    same("README.md", without_times(example("check downgraded.test")),
         without_times(tree.splitlines()))


@scenario("the README's list is what list shows")
def readme_list(lab):
    for domain in ("good.test", "downgraded.test", "hijacked.test"):
        lab.run("query", domain, cache=lab.path("listed"))
    _, table, _ = shown(lab, "listed", "list")
    same("README.md", without_times(example("list")), without_times(table.splitlines()))


@scenario("warm and refresh --all show how far they are, and complain above it")
def bars(lab):
    names = lab.path("names")
    with open(names, "w", encoding="ascii") as file:
        file.write("good.test\nunfetched.test\nplain.test\n")
    code, out, err = shown(lab, "bars", "warm", names)
    same("warm", (code, out), (1, "3 domains: 1 with a policy, 1 without, 1 failed\n"))
    need("  0%  0 of 3" in err and "100%  3 of 3" in err, f"no bar: {err!r}")
    need(re.search("\r *\rmtasts-cachectl: unfetched[.]test: sts-policy-fetch-error", err),
         f"the complaint is not on a line of its own: {err!r}")
    code, out, err = shown(lab, "bars", "refresh", "--all")
    same("refresh", (code, out), (0, "1 domains: 1 with a policy, 0 without, 0 failed\n"))
    need("100%  1 of 1" in err and err.endswith("\r"), f"no bar: {err!r}")


def build(lab):
    world.build(lab)
    lab.absent("mx.unreached.test")
    lab.domain("unreached.test", mx=["mx.unreached.test"])
    lab.absent("mta-sts.unfetched.test")
    lab.domain("unfetched.test", mx=["mx.good.test"], patterns=())


CASES = [*map(drawn, MARKS), readme_tree, readme_list, bars]

if __name__ == "__main__":
    main(build, CASES)
