#!/usr/bin/env python3
"""Completion as people get it: bash, zsh and fish on a terminal, with the script that `nodewatt completion` prints.

usage: shells.py SHELL NODEWATT UID; UID is a run's of the store, whose label `batch` has a value

A line is typed up to a Tab and then Enter, so what the shell made of it is what the program is called with. That program is not
nodewatt but a stand-in that answers __complete by asking it, and writes down its other arguments. Nothing is timed: the next line is
typed when the last one has been written down.
"""
import os
import sys

from pty_session import Session

SHELL, NODEWATT, UID = sys.argv[1:]
WORK = os.getcwd()
FAILED = 0

# What is typed before the Tab, and what the program is called with then.
CASES = [
    ("repo", "report "),
    ("report --form", "report --format "),
    ("report --format mark", "report --format markdown "),
    ("report --format=mark", "report --format=markdown "),
    ("runs -f late", "runs -f latex "),
    ("findings --format h", "findings --format html "),
    ("compare --by plac", "compare --by placement "),
    ("compare --by=conf", "compare --by=configuration "),
    ("compare --by label:ba", "compare --by label:batch "),
    ("compare --units MW", "compare --units MWh "),
    (f"report @{UID[:4]}", f"report @{UID[:5]} "),
    (f"compare last {UID[:4]}", f"compare last {UID[:5]} "),
    (f"export out.nw @{UID[:4]}", f"export out.nw @{UID[:5]} "),
    ("completion fi", "completion fish "),
    ("help config ch", "help config check "),
    ("import a-fi", "import a-file "),
    ("report --json=a-fi", "report --json=a-file "),
    ("run a-fi", "run a-file "),
]


def write(path, text, mode=0o644):
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)


def start():
    """The shell on a terminal, with nothing of the person's who runs this."""
    rc = {
        "bash": (["bash", "--norc", "--noprofile", "-i"], "PS1='ready> '; source <(nodewatt completion bash)\n"),
        "zsh": (["zsh", "-f", "-i"], "PS1='ready> '; autoload -Uz compinit; compinit -u -D; source <(nodewatt completion zsh)\n"),
        "fish": (["fish", "--no-config", "-i"], "function fish_prompt; echo -n 'ready> '; end; nodewatt completion fish | source\n"),
    }[SHELL]
    return Session(rc[0], TERM="xterm", HOME=WORK, PATH=WORK + "/stand-in:" + os.environ["PATH"], HISTFILE="/dev/null", LC_ALL="C.UTF-8"), rc[1]


def called():
    try:
        with open("called") as file:
            return file.read().splitlines()
    except FileNotFoundError:
        return []


os.makedirs("stand-in", exist_ok=True)
write("a-file", "")
# Each call but completion's is one line: the arguments, each with a space behind it.
write("stand-in/nodewatt", f"""#!/bin/sh
[ "$1" = __complete ] && exec '{NODEWATT}' "$@"
[ "$1" = completion ] && [ ! -e '{WORK}/called' ] && exec '{NODEWATT}' "$@"
line=$(printf '%s ' "$@")
printf '%s\\n' "$line" >>'{WORK}/called'
""", 0o755)
terminal, setup = start()
terminal.type(setup + "nodewatt set-up\n")
if not terminal.read(lambda: called()):
    print(f"FAIL: {SHELL} did not start: {terminal.seen!r}", file=sys.stderr)
    sys.exit(1)
for typed, wanted in CASES:
    before = len(called())
    at = len(terminal.seen)
    terminal.type(f"nodewatt {typed}\t\n")
    if not terminal.read(lambda: len(called()) > before):
        print(f"FAIL: {SHELL}: nothing came of '{typed}': {terminal.seen[at:]!r}", file=sys.stderr)
        FAILED = 1
        break
    got = called()[-1]
    if got != wanted:
        print(f"FAIL: {SHELL}: '{typed}' and Tab: '{got}', wanted '{wanted}'", file=sys.stderr)
        FAILED = 1
os.close(terminal.fd)
sys.exit(FAILED)
