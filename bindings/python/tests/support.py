"""What the tests share: a channel of their own to read marks from, and programs to run against it.

The channel is the file of src/client/channel_layout.h: a header of 192 bytes, slots of 128, heaps of 128, readings of 64. Here nobody takes
marks out, so that one program may write some 6000 of them. Tests that need the real reader run the executable.
"""

import json
import os
import pathlib
import re
import socket
import struct
import subprocess
import sys
import tempfile
import textwrap
import threading

PACKAGE = pathlib.Path(__file__).resolve().parent.parent
ROOT = PACKAGE.parent.parent
sys.path.insert(0, str(PACKAGE))
LIBRARY = os.environ.get("NODEWATT_LIBRARY", str(ROOT / "build/lib/libnodewatt.so"))
EXECUTABLE = os.environ.get("NODEWATT", str(ROOT / "build/bin/nodewatt"))

CHANNEL = (ROOT / "src/client/channel_layout.h").read_text()
MAGIC, SLOTS, HEAPS, READINGS = (
    int(re.search(rf"\b{name} = (\w+?)(ULL)?;", CHANNEL).group(1), 0) for name in ("kChannelMagic", "kChannelSlots", "kChannelOverflowCounts", "kChannelReadings")
)
HEADER, SLOT, HEAP, READING = 192, 128, 128, 64
KINDS = ("begin", "end", "work", "figure", "setting")


class Mark:
    def __init__(self, slot):
        _, self.at, self.id, self.value, kind, self.pid, self.tid, name, unit = struct.unpack("<QqQdIII48s16s", slot[:108])
        self.kind = KINDS[kind]
        self.raw = name.partition(b"\0")[0]
        self.name, self.unit = self.raw.decode("utf-8", "replace"), unit.partition(b"\0")[0].decode()


class Channel:
    """A channel's file. Use as a context."""

    def __enter__(self):
        handle, self.path = tempfile.mkstemp(prefix="nodewatt-test-")
        with os.fdopen(handle, "wb") as file:
            file.write(struct.pack("<QII", MAGIC, SLOTS, SLOT).ljust(HEADER + SLOTS * SLOT + HEAPS * HEAP + READINGS * READING, b"\0"))
        return self

    def __exit__(self, *_):
        os.unlink(self.path)

    def marks(self):
        return marks_in(pathlib.Path(self.path).read_bytes())


def marks_in(content):
    written = struct.unpack_from("<Q", content, 64)[0]
    return [Mark(content[HEADER + SLOT * i :][:SLOT]) for i in range(written)]


def tell(phase, joules, uncertainty=1.0, kind=1, ended=True):
    """For programs whose channel is a file: writes what a phase was given, as the reader would."""
    place = HEADER + SLOTS * SLOT + HEAPS * HEAP + phase % READINGS * READING
    with open(os.environ["NODEWATT_CHANNEL"], "r+b") as file:
        file.seek(place)
        file.write(struct.pack("<IIQddI", 2, kind, phase, joules, uncertainty, ended))


class Daemon:
    """The daemon's socket, which accepts programs that hand their channels over, or refuses them. Use as a context."""

    def __init__(self, answer=b"D"):
        self.answer, self.said, self._memories, self._programs = answer, [], [], []

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self._folder.name, "sock")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.bind(self.path)
        self._socket.listen(64)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        for each in (self._socket, *self._programs):
            each.close()
        for memory in self._memories:
            os.close(memory)
        self._folder.cleanup()

    def _serve(self):
        while True:
            try:
                program, _ = self._socket.accept()
            except OSError:
                return
            self._programs.append(program)
            text, control, _, _ = program.recvmsg(100, socket.CMSG_SPACE(4))
            self.said.append(text.decode())
            self._memories += [struct.unpack("i", data[:4])[0] for _, _, data in control]
            program.send(self.answer)

    def marks(self):
        return [mark for memory in self._memories for mark in marks_in(os.pread(memory, HEADER + SLOTS * SLOT, 0))]


def told(marks):
    """Marks as lines to compare: 'begin train', 'work 4 sample train', 'end train'."""
    names = {mark.id: mark.name for mark in marks if mark.kind == "begin"}
    lines = []
    for mark in marks:
        if mark.kind == "work":
            lines.append(f"work {mark.value:g} {mark.unit} {mark.name}".rstrip())
        elif mark.kind == "figure":
            lines.append(f"figure {mark.name} {mark.value:g}")
        elif mark.kind == "setting":
            lines.append(f"setting {mark.unit}={mark.name}")
        else:
            lines.append(f"{mark.kind} {names.get(mark.id, '?')}")
    return lines


def environment(**more):
    """The environment of a program: this package, the built library, nobody measures. None removes a variable."""
    env = dict(os.environ, PYTHONPATH=str(PACKAGE), NODEWATT_LIBRARY=LIBRARY, PYTHONDONTWRITEBYTECODE="1")
    for name in ("NODEWATT_CHANNEL", "NODEWATT_DISABLE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "SLURM_JOB_ID"):
        env.pop(name, None)
    env["NODEWATT_SOCKET"] = "/nonexistent/sock"  # else programs would meet the daemon of this machine
    for name, value in more.items():
        env.pop(name, None)
        if value is not None:
            env[name] = str(value)
    return env


def run(program, *arguments, **variables):
    """Runs a program's text; what it printed. Fails when it fails."""
    done = subprocess.run(
        [sys.executable, *(() if "TOY" in variables else ("-W", "error")), "-c", textwrap.dedent(program), *arguments],
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
        timeout=120,
    )
    if done.returncode != 0:
        raise AssertionError(f"exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def marks_of(program, *arguments, **variables):
    """The marks that a program writes while it is measured."""
    with Channel() as channel:
        run(program, *arguments, NODEWATT_CHANNEL=channel.path, **variables)
        return channel.marks()


def told_of(program, *arguments, **variables):
    return told(marks_of(program, *arguments, **variables))


class Measured:
    """`nodewatt run` of a program's text, in a home of its own: exit code, streams, the record."""

    def __init__(self, program, command=None, **variables):
        with tempfile.TemporaryDirectory() as home:
            script, record = os.path.join(home, "program.py"), os.path.join(home, "record.json")
            pathlib.Path(script).write_text(textwrap.dedent(program))
            env = environment(XDG_DATA_HOME=home, XDG_RUNTIME_DIR=None, HOME=home, **variables)
            done = subprocess.run(
                [*(command or [EXECUTABLE]), "run", "-q", "--json=" + record, "--", sys.executable, script],
                env=env,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                universal_newlines=True,
                timeout=300,
            )
            self.code, self.out, self.err = done.returncode, done.stdout, done.stderr
            self.record = json.loads(pathlib.Path(record).read_text())
        self.phases = {phase["path"]: phase for phase in self.record["phases"]}
        self.anomalies = {anomaly["name"]: anomaly["count"] for anomaly in self.record["anomalies"]}


# The frameworks of the callbacks' tests: stand-ins with the real ones' protocol, or the real ones where they are
# installed: NODEWATT_FRAMEWORKS=real python -m unittest ...
REAL = os.environ.get("NODEWATT_FRAMEWORKS") == "real"


def trained(program, framework, **variables):
    """The marks of a program that trains with a framework; settings apart, as a dictionary."""
    toys = pathlib.Path(__file__).resolve().parent / ("real" if REAL else "standins")
    path = os.pathsep.join((str(PACKAGE), str(toys)))
    with Channel() as channel:
        run(program, NODEWATT_CHANNEL=channel.path, PYTHONPATH=path, TOY=framework, PYTHONWARNINGS="ignore", **variables)
        lines = told(channel.marks())
    settings = dict(line[len("setting ") :].split("=", 1) for line in lines if line.startswith("setting "))
    return [line for line in lines if not line.startswith("setting ")], settings
