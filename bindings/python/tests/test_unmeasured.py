"""A program that nobody measures, for whatever reason, runs as if nothing of this were in it."""

import ctypes.util
import os
import tempfile
import unittest

from support import LIBRARY, Channel, run

EVERYTHING = """
    import nodewatt, sys
    assert nodewatt.measuring() is False
    def f(): return 7
    assert nodewatt.phase("f")(f) is f and nodewatt.phase(f) is f
    for name in "p", "", None, b"x", 3, "x" * 10**6:
        with nodewatt.phase(name): pass
    try:
        with nodewatt.phase("p"): raise KeyError("mine")
    except KeyError: pass
    else: raise SystemExit("swallowed")
    assert nodewatt.begin("p") == 0
    for wrong in 0, 5, None, "x": nodewatt.end(wrong)
    for count in 1, float("nan"), -1, "x", None: nodewatt.work(count, "sample", phase="p")
    nodewatt.work(1, ["x"]); nodewatt.figure("x", "y"); nodewatt.setting("k", object())
"""


class Unmeasured(unittest.TestCase):
    def check(self, program=EVERYTHING, **variables):
        self.assertEqual(run(program, **variables), "")

    def test_started_without_nodewatt_run(self):
        self.check(EVERYTHING + '    assert "ctypes" not in sys.modules, "a program that nobody measures loads nothing"\n')

    def test_switched_off(self):
        with Channel() as channel:
            for value in "1", "yes":
                self.check(NODEWATT_CHANNEL=channel.path, NODEWATT_DISABLE=value)
            self.assertEqual(channel.marks(), [])
            for value in "", "0":
                run("import nodewatt; assert nodewatt.measuring()", NODEWATT_CHANNEL=channel.path, NODEWATT_DISABLE=value)

    def test_the_library_is_missing_or_is_none(self):
        with Channel() as channel, tempfile.NamedTemporaryFile("w", suffix=".so") as text:
            text.write("no library")
            text.flush()
            for library in "/nonexistent/libnodewatt.so", text.name, ctypes.util.find_library("m"), os.path.dirname(LIBRARY):
                with self.subTest(library):
                    self.check(NODEWATT_CHANNEL=channel.path, NODEWATT_LIBRARY=library)
            self.assertEqual(channel.marks(), [])

    def test_the_channel_is_none(self):
        with tempfile.NamedTemporaryFile() as empty:
            for channel in "", "relative", "/nonexistent", "/dev/null", "/", empty.name, "/dev/shm/\udcff":
                with self.subTest(channel):
                    self.check(NODEWATT_CHANNEL=channel)

    def test_it_is_decided_once(self):
        with Channel() as channel:
            run(
                """
                import nodewatt, os, sys
                assert not nodewatt.measuring()
                os.environ["NODEWATT_CHANNEL"] = sys.argv[1]
                assert not nodewatt.measuring() and nodewatt.begin("late") == 0
                """,
                channel.path,
            )
            run(
                """
                import nodewatt, os, sys
                os.environ["NODEWATT_CHANNEL"] = sys.argv[1]  # before the first call is early enough
                assert nodewatt.measuring()
                """,
                channel.path,
            )


if __name__ == "__main__":
    unittest.main()
