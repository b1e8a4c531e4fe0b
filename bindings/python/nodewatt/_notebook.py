"""``%load_ext nodewatt``: the cell magic ``%%nodewatt``, which runs a notebook's cell as a phase and says what it took.

The cell is compiled and run here, as ``%%time`` does it, so that its exception is the notebook's own. IPython is only
what calls us; nothing of it is imported.
"""

from __future__ import annotations

import ast
import sys
from time import perf_counter

from nodewatt import _marks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

# How long a cell's line waits for its figure: where a second is the shortest that is told (a job), a shorter cell has
# one at once or never, and who waits for a traceback waits no longer.
_PATIENCE, _SHORT = 3.0, 0.25

_last: Optional[Cell] = None


def load(shell: Any) -> None:
    """Registers the magics, and has the daemon measure this kernel where nobody does yet."""
    _marks.attach()

    def cell_magic(line: str, cell: str) -> Any:
        return run_cell(shell, line, cell)

    cell_magic.__doc__ = run_cell.__doc__
    shell.register_magic_function(cell_magic, "cell", "nodewatt")
    shell.register_magic_function(print_last, "line", "nodewatt")


class Cell:
    """A cell that has run: its phase, how long it took, and the line about it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._phase = _marks.phase(name)
        self._phase.__enter__()
        self._began = perf_counter()

    def end(self) -> None:
        self.seconds = max(perf_counter() - self._began, 1e-9)
        _end_trainers()
        self._phase.__exit__()

    def wait(self, failed: bool) -> None:
        try:
            self._phase.wait(_SHORT if failed or self.seconds < 1 else _PATIENCE)
        except KeyboardInterrupt:
            pass

    def __str__(self) -> str:
        return f"nodewatt {self.name}: {self._figure()}"

    def _figure(self) -> str:
        digits = ".3g" if self.seconds < 100 else ".0f"
        took = f"{self.seconds:{digits}} s" if self.seconds >= 0.001 else "under 1 ms"
        joules, half, kind = self._phase.energy_j, self._phase.uncertainty_j, self._phase.kind
        if joules is not None and half is not None:
            watts = _digits(joules / self.seconds, half / self.seconds)
            return f"{_digits(joules, half)} +- {_digits(half, half)} J ({kind}), mean {watts} W, {took}"
        if not _marks.measuring():
            return f"no figure, {took}: {_marks.why_not()}"
        if self.seconds < 1:
            return f"no figure, {took}: too short for the sensors, or for a job (1 s, on a shared node 10 s)"
        never = "never has one" if self.seconds < 10 else "has one after 20 s"
        return f"no figure yet, {took}: %nodewatt prints it when it is known; such a cell on a shared node {never}"


def _end_trainers() -> None:
    """A trainer that was interrupted has left phases open, which end before the cell's."""
    callbacks = sys.modules.get("nodewatt._callback")
    if callbacks is not None:
        callbacks._end_cell()


def _digits(value: float, uncertainty: float) -> str:
    """`value` to the place of its uncertainty's first digit, at most thousandths."""
    for places in range(3):
        if uncertainty >= 10**-places:
            return f"{value:.{places}f}"
    return f"{value:.3f}"


def run_cell(shell: Any, line: str, cell: str) -> Any:
    """``%%nodewatt [NAME]``: runs the cell as a phase of that name ("cell") and prints one line about it. What its last
    expression gives is shown as in any cell."""
    global _last
    _marks.attach()
    body, last = _compile(shell, cell)
    _last = measured = Cell(line.strip() or "cell")
    failed = True
    try:
        exec(body, shell.user_ns)
        value = eval(last, shell.user_ns) if last is not None else None
        failed = False
        return value
    finally:
        measured.end()
        measured.wait(failed)
        print(measured)


def _compile(shell: Any, cell: str) -> Any:
    """The cell's statements, and its last expression when its value is to be shown."""
    source = shell.transform_cell(cell)
    name = shell.compile.cache(source, len(shell.user_ns.get("In", "?")) - 1)
    tree = shell.transform_ast(shell.compile.ast_parse(source, filename=name))
    last = None
    if tree.body and isinstance(tree.body[-1], ast.Expr) and not _is_silenced(source):
        last = shell.compile(ast.Expression(tree.body.pop().value), name, "eval")
    return shell.compile(tree, name, "exec"), last


def _is_silenced(source: str) -> bool:
    """Whether the last statement ends with a semicolon, comments aside."""
    import io
    import tokenize

    skipped = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    words = [word.string for word in tokenize.generate_tokens(io.StringIO(source).readline) if word.type not in skipped]
    return bool(words) and words[-1] == ";"


def print_last(_: str = "") -> None:
    """``%nodewatt``: the line of the last cell once more, when its figure came later."""
    print(_last if _last is not None else "nodewatt: no cell has run with %%nodewatt")
