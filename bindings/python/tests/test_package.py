"""The package as a whole: old Pythons can read it, it is documented and typed, and its wheel is what it says."""

import ast
import base64
import csv
import hashlib
import inspect
import io
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import zipfile

from support import EXECUTABLE, LIBRARY, PACKAGE, ROOT, Channel, environment, run, told

SOURCES = sorted((PACKAGE / "nodewatt").glob("*.py"))
BUILD = pathlib.Path(LIBRARY).parent.parent
SANITIZED = b"__asan" in pathlib.Path(LIBRARY).read_bytes()


class Package(unittest.TestCase):
    def test_python_3_8_can_read_it(self):
        self.assertGreater(len(SOURCES), 8)
        for path in SOURCES:
            ast.parse(path.read_text(), str(path), feature_version=(3, 8))

    def test_everything_public_is_documented_and_typed(self):
        import nodewatt

        self.assertTrue((PACKAGE / "nodewatt/py.typed").is_file())
        for name in nodewatt.__all__:
            thing = getattr(nodewatt, name)
            if name != "__version__":
                self.assertTrue(thing.__doc__, name)
            if inspect.isfunction(thing):
                self.assertEqual(set(inspect.signature(thing).parameters) | {"return"}, set(thing.__annotations__), name)

    def test_the_version_is_the_projects(self):
        import nodewatt

        project = re.search(r"^project\(nodewatt VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE)
        self.assertEqual(nodewatt.__version__, project[1])

    def test_the_readme_and_the_page_name_what_there_is(self):
        import nodewatt

        for path in PACKAGE / "README.md", ROOT / "docs/python.md":
            named = set(re.findall(r"\bnodewatt\.([a-z]\w*)\(", path.read_text()))
            self.assertEqual(named - set(nodewatt.__all__), set(), path)
            self.assertLessEqual({"phase", "work", "figure", "setting", "begin", "end"}, named, path)

    def test_importing_it_loads_no_framework(self):
        run("""
            import sys, nodewatt, nodewatt.lightning, nodewatt.transformers, nodewatt.keras
            assert not {"torch", "lightning", "transformers", "keras", "tensorflow", "inspect", "ctypes"} & set(sys.modules)
            for module in nodewatt.lightning, nodewatt.transformers, nodewatt.keras:
                try: module.Nothing
                except AttributeError: pass
                else: raise SystemExit("Nothing is something")
        """)

    def test_a_framework_that_is_not_installed_is_named(self):
        out = run("""
            import sys, nodewatt.transformers
            sys.modules["transformers"] = None
            try: nodewatt.transformers.PhaseCallback
            except ImportError as why: print(why)
        """)
        self.assertIn("transformers", out)


@unittest.skipIf(SANITIZED, "a library that is built for a sanitizer needs that, too")
class Wheel(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.path = cls.make("a")

    @classmethod
    def make(cls, name):
        dist = pathlib.Path(cls.folder.name, name)
        subprocess.run([str(ROOT / "tools/wheel"), str(BUILD), str(dist)], check=True, stdout=subprocess.PIPE)
        (wheel,) = dist.glob("*.whl")
        return wheel

    def test_its_list_of_files_is_true(self):
        with zipfile.ZipFile(str(self.path)) as wheel:
            self.assertIsNone(wheel.testzip())
            (record,) = [name for name in wheel.namelist() if name.endswith("/RECORD")]
            rows = list(csv.reader(io.TextIOWrapper(wheel.open(record))))
            self.assertEqual(sorted(row[0] for row in rows), sorted(wheel.namelist()))
            for name, digest, size in rows:
                if name != record:
                    content = wheel.read(name)
                    wanted = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
                    self.assertEqual((digest, size), ("sha256=" + wanted, str(len(content))), name)
            for path in SOURCES:
                self.assertEqual(wheel.read("nodewatt/" + path.name), path.read_bytes())

    def test_its_tag_is_what_the_library_needs(self):
        symbols = subprocess.run(["objdump", "-T", LIBRARY], check=True, stdout=subprocess.PIPE, universal_newlines=True).stdout
        newest = max(tuple(map(int, version.split("."))) for version in re.findall(r"GLIBC_([\d.]+)", symbols))
        tagged = re.search(r"-py3-none-manylinux_(\d+)_(\d+)_", self.path.name)
        self.assertLessEqual(newest[:2], (int(tagged[1]), int(tagged[2])))
        with zipfile.ZipFile(str(self.path)) as wheel:
            (name,) = [name for name in wheel.namelist() if name.endswith("/WHEEL")]
            tags = re.findall(r"^Tag: py3-none-(\S+)$", wheel.read(name).decode(), re.MULTILINE)
        self.assertEqual(sorted(tags), sorted(self.path.name.split("-")[-1][: -len(".whl")].split(".")))

    def test_the_same_tree_gives_the_same_bytes(self):
        self.assertEqual(self.path.read_bytes(), self.make("b").read_bytes())

    def test_a_library_that_needs_more_than_glibc_is_refused(self):
        with tempfile.TemporaryDirectory() as build:
            os.mkdir(build + "/lib")
            source = build + "/x.cc"
            pathlib.Path(source).write_text("#include <string>\nstd::string f(const std::string& a) { return a + a; }\n")
            subprocess.run(["g++", "-shared", "-fPIC", source, "-o", build + "/lib/libnodewatt.so"], check=True)
            done = subprocess.run([str(ROOT / "tools/wheel"), build, build], stderr=subprocess.PIPE, universal_newlines=True)
            self.assertEqual(done.returncode, 1)
            self.assertIn("libstdc++", done.stderr)
            self.assertEqual(list(pathlib.Path(build).glob("*.whl")), [])

    def check_installed(self, python, **variables):
        """The installed package, its own library, and the executable, all away from this tree."""
        program = "import nodewatt; nodewatt.work(1) if nodewatt.measuring() else exit('not measured'); print(nodewatt.__file__)"
        env = environment(NODEWATT_LIBRARY=None, NODEWATT=EXECUTABLE, **variables)
        with Channel() as channel:
            done = subprocess.run(
                [str(python), "-c", program], env=dict(env, NODEWATT_CHANNEL=channel.path), cwd=self.folder.name,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)  # fmt: skip
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertTrue(done.stdout.startswith(self.folder.name), done.stdout)
            self.assertEqual(told(channel.marks()), ["work 1 sample"])

    def test_unpacked(self):
        target = os.path.join(self.folder.name, "unpacked")
        with zipfile.ZipFile(str(self.path)) as wheel:
            wheel.extractall(target)
        self.check_installed(sys.executable, PYTHONPATH=target)

    def test_installed_into_a_virtual_environment(self):
        home = os.path.join(self.folder.name, "venv")
        made = subprocess.run([sys.executable, "-m", "venv", home], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if made.returncode != 0:
            self.skipTest("no venv here (Debian: python3-venv)")
        python = home + "/bin/python"
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--disable-pip-version-check", str(self.path)],
            check=True, env=environment(PYTHONPATH=None, PYTHONDONTWRITEBYTECODE=None))  # fmt: skip
        self.check_installed(python, PYTHONPATH=None)
        done = subprocess.run(
            [python, "-m", "nodewatt", "--help"], env=environment(PYTHONPATH=None, NODEWATT=EXECUTABLE), cwd=home,
            stdout=subprocess.PIPE, universal_newlines=True)  # fmt: skip
        self.assertIn("run", done.stdout)
        self.assertEqual(done.returncode, 0)


if __name__ == "__main__":
    unittest.main()
