"""A stand-in for what %load_ext and magics need of IPython's shell. The names are IPython's."""
import ast
import codeop
import linecache
import sys
import traceback
import types


class Compiler(codeop.Compile):
    def cache(self, code, number=0, raw_code=None):
        name = f"<cell {number} {abs(hash(code))}>"
        linecache.cache[name] = (len(code), None, code.splitlines(True), name)
        return name

    def ast_parse(self, source, filename="<unknown>", symbol="exec"):
        return compile(source, filename, symbol, self.flags | ast.PyCF_ONLY_AST, 1)


class Events:
    def __init__(self):
        self.registered = []

    def register(self, event, function):
        assert event == "post_run_cell"
        self.registered.append(function)


class InteractiveShell:
    _instance = None

    @classmethod
    def instance(cls):
        cls._instance = cls._instance or cls()
        return cls._instance

    def __init__(self):
        self.user_ns = {"In": [""]}
        self.compile, self.events, self.magics = Compiler(), Events(), {"cell": {}, "line": {}}

    def register_magic_function(self, function, magic_kind="line", magic_name=None):
        self.magics[magic_kind][magic_name] = function

    def transform_cell(self, cell):
        return cell if cell.endswith("\n") else cell + "\n"

    def transform_ast(self, tree):
        return tree

    def run_cell(self, cell, store_history=False):
        self.user_ns["In"].append(cell)
        result = types.SimpleNamespace(success=True, result=None, error_in_exec=None)
        try:
            result.result = self._run(cell)
        except BaseException as error:
            traceback.print_exc(file=sys.stdout)
            result.success, result.error_in_exec = False, error
        for function in self.events.registered:
            function(result)
        return result

    def _run(self, cell):
        first, _, rest = cell.partition("\n")
        if first.startswith("%load_ext "):
            return __import__(first.split()[1]).load_ipython_extension(self)
        if first.startswith("%%"):
            name, _, line = first[2:].partition(" ")
            return self.magics["cell"][name](line, rest)
        if first.startswith("%"):
            return self.magics["line"][first[1:]]("")
        exec(compile(cell, "<cell>", "exec"), self.user_ns)


def get_ipython():
    return InteractiveShell._instance
