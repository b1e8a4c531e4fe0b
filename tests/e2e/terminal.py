#!/usr/bin/env python3
"""run --phase-regex on a terminal. usage: terminal.py NODEWATT

The terminal is a pseudo terminal that this program holds the other end of. What a program sees through nodewatt must be what it sees
without: a terminal of that size on all three streams, its changes, bytes as they were, keys, Ctrl-C.
"""
import os
import signal
import sys
import time

from pty_session import Session

NODEWATT = sys.argv[1]
FAILED = 0
RULE = ["run", "-q", "--phase-regex", "epoch=^Epoch"]


def expect(what, actual, wanted):
    global FAILED
    if actual != wanted:
        print(f"FAIL: terminal: {what}: got {actual!r}, wanted {wanted!r}", file=sys.stderr)
        FAILED = 1


def both(*command):
    """The same without and with nodewatt around it."""
    return Session(command).end(), Session([NODEWATT, *RULE, "--", *command]).end()


SEES = "import os, sys; print([os.isatty(f) for f in (0, 1, 2)], [tuple(os.get_terminal_size(f)) for f in (0, 1, 2)])"
plain, wrapped = both(sys.executable, "-c", SEES)
expect("three terminals and their size", wrapped, plain)
expect("which are", wrapped[0], b"[True, True, True] [(99, 33), (99, 33), (99, 33)]\r\n")

BAR = r"printf 'Epoch 1\n\033[1;32m 10%%\033[0m\r\033[2K 50%%\r100%%\n'; printf 'no end' >&2; exit 7"
plain, wrapped = both("sh", "-c", BAR)
expect("colours, a progress bar and the exit code", wrapped, plain)

plain, wrapped = both("sh", "-c", "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i + 1)); done")
expect("3000 lines", wrapped, plain)

# Modes set on standard input are the real terminal's. They do not wait for bytes on their way, hence the key.
def in_raw_mode(*around):
    session = Session([*around, "sh", "-c", "stty raw -echo; printf 'a\\nb'; head -c 1 >/dev/null; stty sane; echo; exit 3"])
    session.read_to(b"a\nb")
    session.type("k")
    return session.end()


expect("raw mode through standard input", in_raw_mode(NODEWATT, *RULE, "--"), in_raw_mode())

session = Session([NODEWATT, *RULE, "--", "sh", "-c", "echo ready; read name; echo hello $name"])
session.read_to(b"ready")
session.type("you\n")
expect("keys", session.end(), (b"ready\r\nyou\r\nhello you\r\n", 0))

session = Session([NODEWATT, *RULE, "--", "sh", "-c", "echo ready; exec sleep 600"])  # exec: a shell that is just forking forgets an interrupt
session.read_to(b"ready")
session.type("\x03")
expect("Ctrl-C", session.end()[1], -signal.SIGINT)

# A terminal that takes its time, twice, while the command has long ended. Empty lines, since those grow on their way out: the terminal
# holds fewer of them than the command could leave behind.
session = Session([NODEWATT, *RULE, "--", "sh", "-c", "head -c 28000 /dev/zero | tr '\\0' '\\n'; exit 4"])
time.sleep(1)
while len(session.seen) < 22000:
    session.seen += os.read(session.fd, 1000)
time.sleep(3)
out, code = session.end()
expect("the end of the output on a slow terminal", (len(out), code), (56000, 4))

# A process below the command, as python is below sh: told of the new size when that is there to be seen.
RESIZED = """
import os, signal, sys, time
signal.signal(signal.SIGWINCH, lambda *_: print('size', *os.get_terminal_size(1), flush=True))
print('ready', flush=True)
end = time.monotonic() + 20
while time.monotonic() < end and not os.path.exists(sys.argv[1]): time.sleep(0.02)
"""
done = os.path.join(os.environ.get("WORK", os.getcwd()), "resized")
session = Session([NODEWATT, *RULE, "--", "sh", "-c", f'{sys.executable} -c "$0" {done}; exit 5', RESIZED])
session.read_to(b"ready")
session.resize(44, 111)
expect("a new size", session.read_to(b"size 111 44"), True)
open(done, "w").close()
expect("and the exit code", session.end()[1], 5)

# One stream is a file: that stays one.
plain, wrapped = both("sh", "-c", "exec 2>/dev/null; [ -t 1 ] && [ ! -t 2 ] && echo yes")
expect("half a terminal", wrapped, plain)
sys.exit(FAILED)
