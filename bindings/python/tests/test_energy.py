"""What a program is told of its phases' energy, and asking the daemon to measure a process that runs already."""

import os
import pathlib
import subprocess
import tempfile
import textwrap
import unittest

from support import LIBRARY, PACKAGE, Channel, Daemon, Measured, environment, run, told

HERE = pathlib.Path(__file__).resolve().parent
WITH_SUPPORT = os.pathsep.join((str(PACKAGE), str(HERE)))


def asked(program, **variables):
    """Runs a program that may tell() itself what its phases were given."""
    with Channel() as channel:
        return run("from support import tell\nimport nodewatt, threading, time\n" + textwrap.dedent(program),
                   NODEWATT_CHANNEL=channel.path, PYTHONPATH=WITH_SUPPORT, **variables)  # fmt: skip


class Reading(unittest.TestCase):
    def test_of_begin(self):
        asked("""
            assert isinstance(nodewatt.begin("other"), int)
            opened = nodewatt.begin("p")
            assert nodewatt.energy(opened) is None
            for number, kind in enumerate(("measured", "derived", "attributed", "estimated"), 1):
                tell(opened, 12.5 * number, 0.5, number, ended=number > 2)
                known = nodewatt.energy(opened)
                assert isinstance(known, nodewatt.Energy) and known == (12.5 * number, 0.5, kind, number > 2), known
            for kind in 0, 5, 99:
                tell(opened, 1, 1, kind)
                assert nodewatt.energy(opened) is None
            for wrong in 0, None, "x", -1, 2**70, 1.5, opened + 1024, opened ^ 1:
                assert nodewatt.energy(wrong) is None
        """)

    def test_of_a_block_so_far_and_in_the_end(self):
        asked("""
            def known(p): return p.energy_j, p.uncertainty_j, p.kind
            with nodewatt.phase("p") as p:
                assert known(p) == (None, None, None)
                tell(p._last, 10, 2, 3, ended=False)
                assert known(p) == (10, 2, "attributed")
            assert known(p) == (None, None, None), "what was told before the end is not all"
            tell(p._last, 20, 2, 3)
            assert known(p) == (20, 2, "attributed")
            assert p.wait() is True
            with p: assert known(p) == (None, None, None), "another block"
        """)

    def test_of_the_block_that_was_entered_last(self):
        asked("""
            p = nodewatt.phase("p")
            assert p.energy_j is None and p.wait(60) is False
            with p:
                outer = p._last
                with p:
                    inner = p._last
                    tell(outer, 1); tell(inner, 2)
                assert p.energy_j == 2
            assert p.energy_j == 2
        """)

    def test_each_thread_has_its_own(self):
        asked("""
            p, meet = nodewatt.phase("p"), threading.Barrier(4)
            seen = []
            def work(joules):
                with p:
                    tell(p._newest[threading.get_ident()], joules)
                    meet.wait()
                    seen.append(p.energy_j == joules)
                meet.wait()
                seen.append(p.energy_j == joules)
            threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
            for t in threads: t.start()
            for t in threads: t.join()
            assert seen == [True] * 8
            assert p.energy_j in range(4), "a thread that entered none has the last of all"
        """)

    def test_waiting(self):
        asked("""
            def took(*timeout):
                began = time.monotonic()
                return p.wait(*timeout), time.monotonic() - began
            with nodewatt.phase("p") as p:
                known, seconds = took(60)
                assert not known and seconds < 30, "inside the block nobody waits"
            known, seconds = took(0.2)
            assert not known and seconds >= 0.2
            threading.Timer(0.1, tell, (p._last, 7)).start()
            assert took(60)[0] and p.energy_j == 7
            with p: pass
            for wrong in None, "x", float("nan"), -1, 0, 10**400, [], float("-inf"):
                assert took(wrong)[0] is False
        """)

    def test_a_forked_child_may_ask_for_its_parents(self):
        asked("""
            import os
            with nodewatt.phase("p") as p:
                tell(p._last, 5)
                pid = os.fork()
                if pid == 0:
                    os._exit(p.energy_j != 5)
                assert os.waitpid(pid, 0)[1] == 0
        """)

    def test_nobody_measures(self):
        run("""
            import nodewatt, sys, time
            with nodewatt.phase("p") as p:
                assert (p.energy_j, p.uncertainty_j, p.kind) == (None, None, None)
            began = time.monotonic()
            assert p.wait(60) is False and p.wait("x") is False and nodewatt.energy(3) is None and nodewatt.energy("x") is None
            assert time.monotonic() - began < 30 and p.energy_j is None
            assert "ctypes" not in sys.modules
        """)

    def test_a_library_of_an_earlier_version(self):
        with tempfile.TemporaryDirectory() as folder:
            source, library = folder + "/old.c", folder + "/old.so"
            pathlib.Path(source).write_text("""
                int nw_measuring(void) { return 1; }
                unsigned long nw_phase_begin(const char* name) { return 7; }
                void nw_phase_end(unsigned long id) {}
                void nw_work(const char* name, double count, const char* unit) {}
                void nw_figure(const char* name, double value) {}
            """)
            try:
                subprocess.run(["cc", "-shared", "-fPIC", source, "-o", library], check=True)
            except OSError:
                self.skipTest("no C compiler")
            asked(
                """
                assert nodewatt.measuring() and nodewatt.attach()
                with nodewatt.phase("p") as p: assert p.energy_j is None
                assert p.energy_j is None and p.kind is None and not p.wait(0.01) and nodewatt.energy(7) is None
                """,
                NODEWATT_LIBRARY=library,
            )
            with Daemon() as daemon:
                run("import nodewatt; assert not nodewatt.attach()", NODEWATT_LIBRARY=library, NODEWATT_SOCKET=daemon.path)

    def test_under_nodewatt_run_it_is_what_the_record_says(self):
        done = Measured("""
            import nodewatt, time
            with nodewatt.phase("p") as p:
                time.sleep(0.5)
            print(p.wait(30), p.energy_j, p.kind)
        """)
        known, joules, kind = done.out.split()
        energy = done.phases["p"]["energy"]
        self.assertEqual((known, kind), ("True", energy["kind"]))
        self.assertLess(abs(float(joules) - energy["energy_j"]), 0.01 * energy["energy_j"] + 0.01)


class Attaching(unittest.TestCase):
    def test_a_process_that_runs_already(self):
        with Daemon() as daemon:
            run(
                """
                import nodewatt, os, threading
                before = nodewatt.phase("before")
                with before: pass
                assert not nodewatt.measuring() and nodewatt.begin("before") == 0
                threads = [threading.Thread(target=nodewatt.attach) for _ in range(8)]
                for t in threads: t.start()
                for t in threads: t.join()
                assert nodewatt.attach() is True and nodewatt.measuring() is True
                with before: pass
                with nodewatt.phase("after"): nodewatt.work(1)
                if os.fork() == 0:
                    with nodewatt.phase("child"): pass
                    os._exit(not nodewatt.attach())
                assert os.wait()[1] == 0
                """,
                NODEWATT_SOCKET=daemon.path,
            )
            self.assertEqual(daemon.said, ["attach protocol=1 here=1"])
            self.assertEqual(told(daemon.marks()), ["begin after", "work 1 sample", "end after", "begin child", "end child"])

    def test_first_of_all_calls(self):
        with Daemon() as daemon:
            run("import nodewatt; assert nodewatt.attach(); nodewatt.work(1)", NODEWATT_SOCKET=daemon.path)
            self.assertEqual(told(daemon.marks()), ["work 1 sample"])

    def test_a_daemon_that_refuses_may_be_asked_again(self):
        with Daemon(b"E") as daemon:
            run(
                """
                import nodewatt
                for _ in range(3):
                    assert nodewatt.attach() is False and nodewatt.measuring() is False and nodewatt.begin("p") == 0
                with nodewatt.phase("p") as p: pass
                assert p.energy_j is None
                """,
                NODEWATT_SOCKET=daemon.path,
            )
            self.assertEqual(len(daemon.said), 3)

    def test_one_that_comes_later(self):
        with Daemon() as daemon:
            run(
                """
                import nodewatt, os, sys
                assert not nodewatt.attach() and "ctypes" not in sys.modules
                os.environ["NODEWATT_SOCKET"] = sys.argv[1]
                assert nodewatt.attach()
                """,
                daemon.path,
            )

    def test_not_where_it_is_switched_off_or_measured_already(self):
        with Daemon() as daemon, Channel() as channel:
            run("import nodewatt; assert nodewatt.attach() is False", NODEWATT_SOCKET=daemon.path, NODEWATT_DISABLE="1")
            run("import nodewatt; assert nodewatt.attach() is True", NODEWATT_SOCKET=daemon.path, NODEWATT_CHANNEL=channel.path)
            for library in "/nonexistent.so", os.path.dirname(LIBRARY):
                run("import nodewatt; assert nodewatt.attach() is False", NODEWATT_SOCKET=daemon.path, NODEWATT_LIBRARY=library)
            self.assertEqual(daemon.said, [])
        for path in "", "/dev/null", "relative", "/" + "x" * 300, "/tmp":
            run("import nodewatt; assert nodewatt.attach() is False", NODEWATT_SOCKET=path)

    def test_in_a_job_processes_do_it_by_themselves_however_they_are_made(self):
        """fork shares its parent's channel; spawn, and launchers such as torchrun, start programs of their own."""
        program = """
            import multiprocessing, nodewatt, os, subprocess, sys, time
            def work(_):
                with nodewatt.phase("worker"): time.sleep(0.1)
            if __name__ == "__main__":
                with nodewatt.phase("main"):
                    if sys.argv[1] == "launch":
                        ranks = [subprocess.Popen([sys.executable, __file__, "rank"]) for _ in range(3)]
                        assert [rank.wait() for rank in ranks] == [0] * 3
                    elif sys.argv[1] == "rank":
                        work(0)
                    else:
                        with multiprocessing.get_context(sys.argv[1]).Pool(3) as pool:
                            pool.map(work, range(9), chunksize=1)
        """
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "program.py")
            pathlib.Path(path).write_text(textwrap.dedent(program))
            for method, links, workers in ("fork", 1, 9), ("spawn", None, 9), ("launch", 4, 3):
                with self.subTest(method), Daemon() as daemon:
                    subprocess.run(["python3", path, method], check=True, env=environment(SLURM_JOB_ID=1, NODEWATT_SOCKET=daemon.path))
                    self.assertEqual(set(daemon.said), {"attach protocol=1"})
                    if links is not None:  # of spawned workers some may have had nothing to do
                        self.assertEqual(len(daemon.said), links)
                    self.assertEqual(told(daemon.marks()).count("end worker"), workers)


if __name__ == "__main__":
    unittest.main()
