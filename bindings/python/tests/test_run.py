"""End to end: programs under the real `nodewatt run`, and what their records then say."""

import json
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

from support import EXECUTABLE, PACKAGE, Measured, environment


class UnderRun(unittest.TestCase):
    def test_phases_work_figures_and_settings_reach_the_record(self):
        run = Measured("""
            import nodewatt, time
            nodewatt.setting("batch_size", 256)
            with nodewatt.phase("train"):
                for _ in range(2):
                    with nodewatt.phase("epoch"):
                        time.sleep(0.2)
                        nodewatt.work(100, "samples", phase="train")
                nodewatt.work(2, "epoch")
            nodewatt.figure("dice", 0.73)
            nodewatt.figure("dice", float("nan"))
            nodewatt.work(float("nan"), "sample")
            nodewatt.work("many", "sample")
            print("mine")
        """)
        self.assertEqual((run.code, run.out), (0, "mine\n"))
        self.assertEqual(list(run.phases), ["train", "train/epoch"])
        train, epoch = run.phases["train"], run.phases["train/epoch"]
        self.assertEqual((train["count"], epoch["count"]), (1, 2))
        self.assertEqual({work["unit"]: work["count"] for work in train["work"]}, {"sample": 200, "epoch": 2})
        self.assertTrue(all(work["energy_per_unit_j"] > 0 for work in train["work"]))
        self.assertGreater(train["duration_s"], 0.4)
        self.assertIn('"dice"', json.dumps(run.record["figures"]))
        self.assertIn("0.73", json.dumps(run.record["figures"]))
        self.assertEqual(run.anomalies.get("work_invalid"), 2)
        if "settings" in run.record:
            self.assertIn('"256"', json.dumps(run.record["settings"]))

    def test_an_exception_ends_the_phase_and_the_exit_code_is_pythons(self):
        run = Measured("""
            import nodewatt, time
            with nodewatt.phase("outer"):
                with nodewatt.phase("inner"):
                    raise ValueError("mine")
        """)
        self.assertEqual(run.code, 1)
        self.assertIn("ValueError: mine", run.err)
        self.assertEqual(list(run.phases), ["outer", "outer/inner"])
        self.assertNotIn("phase_unended", run.anomalies)

    def test_never_ended_and_ended_twice(self):
        run = Measured("""
            import nodewatt
            opened = nodewatt.begin("twice")
            nodewatt.end(opened); nodewatt.end(opened)
            nodewatt.begin("never")
        """)
        self.assertEqual(list(run.phases), ["twice", "never"])
        self.assertEqual((run.anomalies.get("phase_unmatched"), run.anomalies.get("phase_unended")), (1, 1))

    def test_a_hundred_thousand_phases(self):
        run = Measured("""
            import nodewatt
            with nodewatt.phase("all"):
                for i in range(100_000):
                    with nodewatt.phase("one"): pass
        """)
        lost = run.anomalies.get("phase_lost", 0)  # a reader that starves on a loaded machine says so
        self.assertLessEqual(run.phases["all/one"]["count"], 100_000)
        self.assertGreaterEqual(run.phases["all/one"]["count"], 100_000 - lost)
        self.assertLess(lost, 100_000)
        self.assertEqual(run.phases["all"]["count"], 1)

    def test_threads_and_workers(self):
        run = Measured("""
            import nodewatt, os, threading
            def work():
                with nodewatt.phase("thread"):
                    nodewatt.work(1, "sample")
            with nodewatt.phase("train"):
                threads = [threading.Thread(target=work) for _ in range(4)]
                for t in threads: t.start()
                for t in threads: t.join()
                children = []
                for _ in range(3):
                    children.append(os.fork())
                    if children[-1] == 0:
                        with nodewatt.phase("worker"):
                            nodewatt.work(1, "batch")
                        raise SystemExit
                for child in children: os.waitpid(child, 0)
                with nodewatt.phase("after"): pass
        """)
        self.assertEqual(run.code, 0, run.err)
        self.assertEqual(set(run.phases), {"train", "train/after", "thread", "worker"})
        self.assertEqual([run.phases[path]["count"] for path in ("train", "thread", "worker")], [1, 4, 3])
        self.assertEqual(run.phases["thread"]["work"][0]["count"], 4)
        self.assertEqual(run.phases["worker"]["work"][0]["count"], 3)
        self.assertNotIn("phase_unmatched", run.anomalies)

    def test_hostile_names_reach_the_record_as_text(self):
        run = Measured(r"""
            import nodewatt
            for name in "\x1b[31mred", "a/b", "=cmd()", "<script>", "\u00fc" * 40, "":
                with nodewatt.phase(name): pass
        """)
        self.assertEqual(
            list(run.phases), ["\x1b[31mred", "a_b", "=cmd()", "<script>", "\u00fc" * 23, "?"]
        )


class Module(unittest.TestCase):
    """python -m nodewatt"""

    def call(self, *arguments, **variables):
        return subprocess.run(
            [sys.executable, "-m", "nodewatt", *arguments],
            env=environment(**variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
        )

    def test_run(self):
        run = Measured("import nodewatt; assert nodewatt.measuring(); raise SystemExit(3)",
                       command=[sys.executable, "-m", "nodewatt"], NODEWATT=EXECUTABLE)  # fmt: skip
        self.assertEqual(run.code, 3)

    def test_arguments_and_exit_code_are_the_executables(self):
        with tempfile.TemporaryDirectory() as folder:
            fake = pathlib.Path(folder, "nodewatt")
            fake.write_text('#!/bin/sh\nprintf "%s|" "$@"\nexit 42\n')
            fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
            for variables in {"NODEWATT": fake}, {"NODEWATT": None, "PATH": f"{folder}:{os.environ['PATH']}"}:
                done = self.call("run", "--x", "a b", "", **variables)
                self.assertEqual((done.returncode, done.stdout), (42, "run|--x|a b||"))

    def test_beside_the_package(self):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(str(PACKAGE / "nodewatt"), folder + "/nodewatt")
            fake = pathlib.Path(folder, "nodewatt/bin/nodewatt")
            fake.parent.mkdir()
            fake.write_text("#!/bin/sh\necho beside\n")
            fake.chmod(0o755)
            done = self.call(NODEWATT=None, PYTHONPATH=folder)
            self.assertEqual((done.returncode, done.stdout), (0, "beside\n"))

    def test_missing(self):
        for variables in {"NODEWATT": "/nonexistent/nodewatt"}, {"NODEWATT": None, "PATH": "/nonexistent"}:
            done = self.call("run", "true", **variables)
            self.assertEqual((done.returncode, done.stdout), (127, ""))
            self.assertIn("NODEWATT", done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1)

    def test_not_runnable(self):
        with tempfile.TemporaryDirectory() as folder:
            fake = pathlib.Path(folder, "nodewatt")
            fake.write_text("#!/nonexistent/interpreter\n")
            fake.chmod(0o755)
            done = self.call("run", NODEWATT=fake)
            self.assertEqual(done.returncode, 126)
            self.assertIn(str(fake), done.stderr)


if __name__ == "__main__":
    unittest.main()
