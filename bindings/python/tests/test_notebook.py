"""The cell magic, in IPython's stand-in, or in IPython: NODEWATT_FRAMEWORKS=real."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from support import EXECUTABLE, PACKAGE, REAL, Channel, Daemon, environment, told

HERE = pathlib.Path(__file__).resolve().parent
# Of a notebook that has a figure told for each of its phases at its end.
TELLS = """
import nodewatt, support
from nodewatt import _marks, _notebook
def end(opened, end=_marks.end):
    end(opened); support.tell(opened, 43, 2, 3)
_marks.end = end
"""


def run_cells(*cells, command=(), **variables):
    path = os.pathsep.join((str(PACKAGE), str(HERE)) if REAL else (str(PACKAGE), str(HERE), str(HERE / "standins")))
    with tempfile.TemporaryDirectory() as home:
        env = environment(PYTHONPATH=path, IPYTHONDIR=home, HOME=home, XDG_DATA_HOME=home, XDG_RUNTIME_DIR=None, NO_COLOR="1", **variables)
        done = subprocess.run([*command, sys.executable, str(HERE / "toy_notebook.py"), *cells], env=env, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, universal_newlines=True, timeout=120)  # fmt: skip
    if done.returncode != 0:
        raise AssertionError(done.stdout + done.stderr)
    return re.sub(r"(?m)\x1b\[[0-9;]*m|^Out\[.*\n", "", done.stdout)


class Magic(unittest.TestCase):
    def test_a_cell_is_a_phase_and_its_line_says_what_it_took(self):
        with Channel() as channel:
            out = run_cells("%load_ext nodewatt", TELLS, "%%nodewatt\nx = 1\nx + 1", "%%nodewatt train it\nx + 2;", "%nodewatt",
                            NODEWATT_CHANNEL=channel.path)  # fmt: skip
            self.assertEqual(told(channel.marks()), ["begin cell", "end cell", "begin train it", "end train it"])
        line = r"nodewatt {}: 43 \+- 2 J \(attributed\), mean [\d.]+ W, (under 1 ms|[\d.]+ s)\n"
        train = line.format("train it")
        self.assertRegex(out, "-> None NoneType\n" * 2 + line.format("cell") + "-> 2 NoneType\n" + train + "-> None NoneType\n" + train)

    def test_why_there_is_no_figure(self):
        out = run_cells("%load_ext nodewatt", "%nodewatt", "%%nodewatt\npass")
        self.assertIn("no cell has run", out)
        self.assertRegex(out, "nodewatt cell: no figure, .*: not started by `nodewatt run`, and no daemon of nodewatt at /nonexistent/sock\n")
        self.assertIn("NODEWATT_DISABLE is set", run_cells("%load_ext nodewatt", "%%nodewatt\npass", NODEWATT_DISABLE="1"))
        with Daemon(b"E") as daemon:
            self.assertIn("does not agree", run_cells("%load_ext nodewatt", "%%nodewatt\npass", NODEWATT_SOCKET=daemon.path))
        with Channel() as channel:
            out = run_cells("%load_ext nodewatt", "%%nodewatt\npass", "%%nodewatt\nimport time; time.sleep(1.01)", NODEWATT_CHANNEL=channel.path)
            self.assertIn("too short", out)
            self.assertIn("no figure yet, 1.0", out)

    def test_it_attaches(self):
        with Daemon() as daemon:
            run_cells("%load_ext nodewatt", "%%nodewatt\npass", NODEWATT_SOCKET=daemon.path)
            self.assertEqual(daemon.said, ["attach protocol=1 here=1"])
            self.assertEqual(told(daemon.marks()), ["begin cell", "end cell"])

    def test_an_exception_is_the_notebooks(self):
        with Channel() as channel:
            out = run_cells("%load_ext nodewatt", "%%nodewatt\nimport nodewatt\nopened = nodewatt.begin('left')\nraise KeyError('mine')",
                            "%%nodewatt\nraise KeyboardInterrupt", "%%nodewatt\ndef (:", NODEWATT_CHANNEL=channel.path)  # fmt: skip
            self.assertEqual(told(channel.marks()), ["begin cell", "begin left", "end cell", "begin cell", "end cell"])
        self.assertIn("KeyError: 'mine'", out)
        self.assertIn("raise KeyError('mine')", out, "the cell's own line")
        self.assertEqual(out.count("no figure"), 2)
        self.assertIn("SyntaxError", out)

    def test_what_an_interrupted_trainer_left_open_ends_before_the_cell(self):
        with Channel() as channel:
            run_cells("%load_ext nodewatt", "%%nodewatt\nfrom nodewatt._callback import Marks\nm = Marks(); m.begin('train')\nraise KeyboardInterrupt",
                      "m.begin('train'); m.end('train')", NODEWATT_CHANNEL=channel.path)  # fmt: skip
            self.assertEqual(told(channel.marks()), ["begin cell", "begin train", "end train", "end cell", "begin train", "end train"])

    def test_under_nodewatt_run(self):
        out = run_cells("%load_ext nodewatt", "%%nodewatt\nimport time; time.sleep(0.5)", command=(EXECUTABLE, "run", "-q", "--"))
        self.assertRegex(out, r"nodewatt cell: [\d.]+ \+- [\d.]+ J \(\w+\), mean [\d.]+ W, 0.5\d* s")


if __name__ == "__main__":
    unittest.main()
