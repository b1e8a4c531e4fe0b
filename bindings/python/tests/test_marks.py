"""The marks that a measured program writes, one by one."""

import os
import pathlib
import tempfile
import textwrap
import unittest

from support import marks_of, run, told, told_of


class Phases(unittest.TestCase):
    def test_blocks_nest_and_end_with_an_exception(self):
        lines = told_of("""
            import nodewatt
            with nodewatt.phase("train") as train:
                for _ in range(2):
                    with nodewatt.phase("epoch"):
                        pass
            try:
                with nodewatt.phase("a"), nodewatt.phase("b"):
                    raise ValueError("mine")
            except ValueError as mine:
                assert str(mine) == "mine"
            try:
                with nodewatt.phase("exit"):
                    raise SystemExit
            except SystemExit:
                pass
        """)
        epoch = ["begin epoch", "end epoch"]
        self.assertEqual(
            lines,
            ["begin train", *epoch, *epoch, "end train", "begin a", "begin b", "end b", "end a", "begin exit", "end exit"],
        )

    def test_instances_have_ids_of_their_own(self):
        marks = marks_of("""
            import nodewatt
            for _ in range(3):
                with nodewatt.phase("a"): pass
        """)
        self.assertEqual(len({mark.id for mark in marks}), 3)
        self.assertEqual([a.id for a in marks[::2]], [a.id for a in marks[1::2]])
        self.assertTrue(all(a.at <= b.at for a, b in zip(marks, marks[1:])))

    def test_one_object_entered_again_and_inside_itself(self):
        marks = marks_of("""
            import nodewatt
            p = nodewatt.phase("p")
            with p:
                with p: pass
            with p: pass
        """)
        a, b, b_end, a_end, c, c_end = [mark.id for mark in marks]
        self.assertEqual((a, b, c), (a_end, b_end, c_end))
        self.assertEqual(len({a, b, c}), 3)

    def test_explicit_begin_and_end(self):
        lines = told_of("""
            import nodewatt, threading
            opened = nodewatt.begin("load")
            assert isinstance(opened, int) and opened > 0
            threading.Thread(target=nodewatt.end, args=(opened,)).start()
            for wrong in 0, None, "x", -1, 2**70, 1.5, opened + 2**41:
                nodewatt.end(wrong)
        """)
        self.assertEqual(lines, ["begin load", "end load"])

    def test_hostile_names(self):
        marks = marks_of(r"""
            import nodewatt
            class Bad:
                def __str__(self): raise RuntimeError
            class Text(str):
                def __str__(self): raise RuntimeError
                def __getitem__(self, _): raise RuntimeError
            for name in ("", "a\0b", "\ud800x", "\x1b[31m", "=cmd()", "<script>", "\\input{x}", "a/b", "\u00fc" * 30, "x" * 10**6,
                         None, 7, b"raw", b"\xff", Bad(), Text("sub"), ["list"]):
                with nodewatt.phase(name): pass
        """)
        names = [mark.raw for mark in marks if mark.kind == "begin"]
        self.assertEqual(
            names,
            [b"?", b"a?b", b"?x", b"\x1b[31m", b"=cmd()", b"<script>", b"\\input{x}", b"a/b", "\u00fc".encode() * 23, b"x" * 47]
            + [b"None", b"7", b"raw", b"\xff", b"?", b"sub", b"['list']"],
        )


class WorkFiguresSettings(unittest.TestCase):
    def test_work(self):
        lines = told_of("""
            import nodewatt
            class Number:
                def __float__(self): return 2.5
            class Broken:
                def __float__(self): raise RuntimeError
            nodewatt.work(512, "samples")
            nodewatt.work(1.5, "epoch", phase="train")
            nodewatt.work(3)
            nodewatt.work(Number(), "batches", phase="")
            nodewatt.work(True, "token")
            for wrong in float("nan"), float("inf"), -1, "4", None, 10**400, Broken():
                nodewatt.work(wrong, "x")
            nodewatt.work(1, None)
            nodewatt.work(1, ["unhashable"])
            nodewatt.work(1, "u" * 99, phase=7)
        """)
        self.assertEqual(
            lines,
            ["work 512 sample", "work 1.5 epoch train", "work 3 sample", "work 2.5 batch", "work 1 token"]
            + ["work nan x", "work inf x", "work -1 x", "work nan x", "work nan x", "work nan x", "work nan x"]
            + ["work 1 None", "work 1 ['unhashable']", "work 1 " + "u" * 15 + " 7"],
        )

    def test_figures_and_settings(self):
        lines = told_of("""
            import nodewatt
            nodewatt.figure("dice", 0.73)
            for wrong in float("nan"), float("-inf"), "x", None, 10**400:
                nodewatt.figure("dice", wrong)
            nodewatt.setting("batch_size", 256)
            nodewatt.setting("a_key_that_is_too_long", "v" * 99)
            nodewatt.setting("flag", True)
        """)
        self.assertEqual(
            lines,
            ["figure dice 0.73", "setting batch_size=256", "setting a_key_that_is_t=" + "v" * 47, "setting flag=True"],
        )


class Decorators(unittest.TestCase):
    def test_functions_and_methods(self):
        lines = told_of("""
            import nodewatt, functools
            @nodewatt.phase("step")
            def step(a, *, b=1):
                '''doc'''
                if a: raise KeyError
                return a, b
            assert step(0, b=2) == (0, 2) and step.__name__ == "step" and step.__doc__ == "doc"
            try: step(1)
            except KeyError: pass
            @nodewatt.phase
            def bare(): nodewatt.work(1)
            bare()
            class Model:
                @nodewatt.phase("method")
                def method(self): return self
                @staticmethod
                @nodewatt.phase("static")
                def static(): return 1
            model = Model()
            assert model.method() is model and Model.static() == 1
            assert nodewatt.phase("partial")(functools.partial(int, "7"))() == 7
            @nodewatt.phase("fact")
            def fact(n): return n * fact(n - 1) if n else 1
            assert fact(1) == 1
        """)
        self.assertEqual(
            lines,
            ["begin step", "end step"] * 2
            + ["begin bare", "work 1 sample", "end bare", "begin method", "end method", "begin static", "end static"]
            + ["begin partial", "end partial", "begin fact", "begin fact", "end fact", "end fact"],
        )

    def test_a_generators_phase_is_open_while_its_body_runs(self):
        lines = told_of("""
            import nodewatt, inspect
            @nodewatt.phase("load")
            def load(n):
                for i in range(n):
                    nodewatt.work(1)
                    yield i
                return "done"
            assert inspect.isgeneratorfunction(load)
            with nodewatt.phase("train"):
                for batch in load(2):
                    with nodewatt.phase("step"): pass
        """)
        load, step = ["begin load", "work 1 sample", "end load"], ["begin step", "end step"]
        self.assertEqual(lines, ["begin train", *load, *step, *load, *step, "begin load", "end load", "end train"])

    def test_a_generator_stays_what_it_was(self):
        lines = told_of("""
            import nodewatt
            @nodewatt.phase("g")
            def g():
                seen = []
                try:
                    while True:
                        try:
                            seen.append((yield len(seen)))
                        except KeyError as e:
                            seen.append(e)
                            if len(seen) == 3: return seen
                finally:
                    nodewatt.figure("closed", len(seen))
            a = g()
            assert next(a) == 0 and a.send("x") == 1
            error = KeyError()
            assert a.throw(error) == 2
            try: a.throw(error)
            except StopIteration as end: assert end.value == ["x", error, error], end.value
            b = g(); next(b); b.close()
            c = g(); next(c)
            try: c.throw(ZeroDivisionError())
            except ZeroDivisionError: pass
            d = g(); next(d)
            try: d.throw(StopIteration())
            except RuntimeError: pass
            @nodewatt.phase("outer")
            def outer():
                assert (yield from g()) is None
            e = outer(); next(e); e.close()
        """)
        self.assertEqual([line for line in lines if line.startswith("figure")],
                         ["figure closed 3", "figure closed 0", "figure closed 0", "figure closed 0", "figure closed 0"])  # fmt: skip
        self.assertEqual(lines.count("begin g"), lines.count("end g"))
        self.assertEqual(lines[-5:], ["begin outer", "begin g", "figure closed 0", "end g", "end outer"])

    def test_what_cannot_be_measured_is_refused_measured_or_not(self):
        program = """
            import nodewatt, functools
            async def coroutine(): pass
            async def generator(): yield
            class Class: pass
            def plain(): pass
            for wrong in coroutine, generator, functools.partial(coroutine), Class, staticmethod(plain), classmethod(plain), 7, None:
                try:
                    nodewatt.phase("p")(wrong)
                except TypeError as why:
                    assert "nodewatt.phase" in str(why), why
                else:
                    raise SystemExit(f"{wrong} was taken")
            try: nodewatt.phase(coroutine)
            except TypeError as why: assert "await" in str(why) and "coroutine" in str(why)
            else: raise SystemExit("bare")
        """
        self.assertEqual(told_of(program), [])
        run(program)

    def test_a_decorated_function_can_be_pickled(self):
        program = """
            import nodewatt, pickle, sys, types
            module = types.ModuleType("mine"); sys.modules["mine"] = module
            exec('import nodewatt\\n@nodewatt.phase("f")\\ndef f(): return 1', module.__dict__)
            assert pickle.loads(pickle.dumps(module.f))() == 1
            # By value, as cloudpickle does it: what the wrapper names must be found by name again.
            code = module.f.__code__
            for name in code.co_names:
                pickle.dumps(module.f.__globals__[name])
        """
        self.assertEqual(told_of(program), ["begin f", "end f"])
        run(program)


class Processes(unittest.TestCase):
    def test_threads_share_an_object_and_nest_apart(self):
        marks = marks_of("""
            import nodewatt, threading
            p, wait = nodewatt.phase("p"), threading.Barrier(8)
            def work():
                wait.wait()
                for _ in range(50):
                    with p:
                        with nodewatt.phase("q"): pass
            threads = [threading.Thread(target=work) for _ in range(8)]
            for t in threads: t.start()
            for t in threads: t.join()
        """)
        self.assertEqual(len(marks), 8 * 50 * 4)
        for tid in {mark.tid for mark in marks}:
            mine = [mark for mark in marks if mark.tid == tid]
            self.assertEqual(told(mine), ["begin p", "begin q", "end q", "end p"] * 50)

    def test_a_block_that_another_thread_leaves_ends(self):
        marks = marks_of("""
            import nodewatt, threading
            def stream():
                with nodewatt.phase("stream"):
                    yield 1
            body = stream()
            next(body)
            thread = threading.Thread(target=lambda: next(body, None))
            thread.start()
            thread.join()
        """)
        self.assertEqual(told(marks), ["begin stream", "end stream"])

    def test_a_forked_child_marks_for_itself_and_ends_nothing_of_its_parent(self):
        marks = marks_of("""
            import nodewatt, os, sys
            pid = 0
            with nodewatt.phase("parent"):
                opened = nodewatt.begin("explicit")
                pid = os.fork()
                if pid == 0:
                    with nodewatt.phase("child"): pass
                    nodewatt.end(opened)
                    sys.exit(0)  # leaves the parent's block
                os.waitpid(pid, 0)
                nodewatt.end(opened)
        """)
        self.assertEqual(
            told(marks),
            ["begin parent", "begin explicit", "begin child", "end child", "end explicit", "end parent"],
        )
        parent, child = marks[0].pid, marks[2].pid
        self.assertNotEqual(parent, child)
        self.assertEqual([mark.pid == child for mark in marks], [False, False, True, True, False, False])

    def test_pools_of_processes(self):
        program = """
            import multiprocessing, nodewatt, sys
            def work(i):
                with nodewatt.phase("worker"):
                    nodewatt.work(1, "sample")
                return i
            if __name__ == "__main__":
                with nodewatt.phase("main"):
                    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
                        assert pool.map(work, range(20), chunksize=1) == list(range(20))
                        pool.close(); pool.join()
        """
        for method in "fork", "spawn":
            with self.subTest(method), tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "pool.py")  # spawned children import it
                pathlib.Path(path).write_text(textwrap.dedent(program))
                marks = marks_of(f"import os, sys; os.execv(sys.executable, [sys.executable, {path!r}, {method!r}])")
                lines = told(marks)
                self.assertEqual([lines.count(line) for line in ("begin worker", "work 1 sample", "end worker")], [20] * 3)
                self.assertNotIn(marks[0].pid, {mark.pid for mark in marks if mark.name == "worker"})

    def test_deciding_while_another_thread_forks(self):
        run("""
            import nodewatt, os, threading
            from nodewatt import _marks
            _marks._deciding.acquire()  # as a thread would that forks do not bring along
            if os.fork() == 0:
                assert nodewatt.measuring() is False
                os._exit(0)
            assert os.wait()[1] == 0
        """)


if __name__ == "__main__":
    unittest.main()
