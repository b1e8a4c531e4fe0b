"""What a program says while it is measured: phases, work, figures, settings.

Whether somebody measures is decided at the first call and holds for the process and its forked children, as in the
library below, unless attach() finds somebody later. `_off` is then the one thing that a call looks at, so that a
program that nobody measures pays for one look at a global. Nothing that is given to these functions makes them raise,
measured or not: what is no text becomes its str(), what is no number is handed on as NaN, which the record counts as the
anomaly work_invalid. Only a decorator on something that it cannot measure is refused, in both cases alike.
"""

from __future__ import annotations

import os
from _thread import allocate_lock, get_ident
from collections import namedtuple

from nodewatt._library import NAME_MOST, UNIT_MOST, Calls, attach_calls, find_calls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple, TypeVar, Union, overload

    F = TypeVar("F", bound=Callable[..., Any])

    class Energy(NamedTuple):
        """What energy() returns."""

        energy_j: float
        uncertainty_j: float
        kind: str
        final: bool

else:
    Energy = namedtuple("Energy", "energy_j uncertainty_j kind final")
    Energy.__doc__ = """What a phase was given: joules, half the 95 % interval, how it is known ("measured", "derived",
    "attributed", "estimated"), and whether that is all of it: the phase has ended, and was counted to its end."""

_off = False  # decided, and nobody measures
_calls: Optional[Calls] = None  # None: not decided yet
_deciding = allocate_lock()

# One unit, one word: records are compared by it. The library's own words are singular.
_SINGULAR = {
    word + "s": word
    for word in ("batch", "epoch", "frame", "image", "iteration", "request", "sample", "sequence", "step", "token")
}
_SINGULAR["batches"] = "batch"


def _decide() -> Calls:
    global _calls, _off
    with _deciding:
        if _calls is None:
            found = find_calls()
            _off = not found.measuring
            _calls = found
        return _calls


def _forked() -> None:
    global _deciding
    _deciding = allocate_lock()  # a thread that the child does not have may have held it


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def _text(value: Any, most: int) -> bytes:
    """`value` as UTF-8 of at most a few bytes more than are kept, without the byte that would end it early."""
    if value.__class__ is not str:
        if isinstance(value, bytes):
            return value
        try:
            value = str.__str__(value) if isinstance(value, str) else str(value)
        except Exception:
            return b"?"
    text: bytes = value[:most].encode("utf-8", "replace")
    return text if b"\0" not in text else text.replace(b"\0", b"?")


def measuring() -> bool:
    """True when `nodewatt run` or the daemon of this node measures this program. Cheap after the first call; any
    thread."""
    return (_calls or _decide()).measuring


def attach() -> bool:
    """Asks the daemon of this node to measure this process from now on, where nobody does yet; True when somebody does.

    For a process that was started without ``nodewatt run``, such as a notebook's kernel. May take 50 ms, may be called
    again (then it costs nothing once it is measured, and asks again while it is not), by any thread. In a job of Slurm
    no call is needed: there the first call of this package asks. What was made before stays unmeasured: the objects
    that phase() returned and the functions that it decorated.

    The phases are in the record of the process's job: the Slurm job's, or, in none, one of manager "process" whose id
    is this process's (``nodewatt top``, ``nodewatt job PID``).
    """
    global _calls, _off
    if measuring():
        return True
    with _deciding:
        if _off:
            found = attach_calls()
            _calls = found  # that first: who sees that it is not off any more needs the calls
            _off = not found.measuring
        return not _off


def why_not() -> str:
    """Why nobody measures this program, in words; "" when somebody does."""
    return (_calls or _decide()).why_not


def begin(name: str) -> int:
    """Begins a phase on the calling thread, inside the thread's innermost open phase.

    `name` is cut after 47 bytes of UTF-8; an empty one is recorded as "?", and "/" becomes "_". Returns what end()
    takes, 0 when nobody measures. A phase that is never ended lasts to the end of the run. Prefer ``with phase()``.
    """
    if _off:
        return 0
    return (_calls or _decide()).begin(_text(name, NAME_MOST))


def end(opened: int) -> None:
    """Ends a phase, from any thread of the process that began it; phases still open inside it end with it.

    0 is ignored, and so is a phase of another process: a forked child may leave the blocks that its parent entered.
    One that has ended before is ignored and counted.
    """
    if _off:
        return
    try:
        (_calls or _decide()).end(opened)
    except Exception:  # not an integer
        pass


def energy(opened: int) -> Optional[Energy]:
    """What the phase that begin() returned was given so far: joules, half the 95 % interval, kind, and whether it is
    final. None when that is not known: nobody measures, the phase is too short for the sensors, or it is not told yet.

    With ``nodewatt run`` an open phase's is as of the last second, an ended one's is there after some 10 ms; in a job
    within 2 s, in whole joules, on a node that others share within 20 s. The newest thousand phases are kept. Costs some
    2 microseconds; waits for nothing; any thread or forked child. Phase.energy_j is the same for blocks.
    """
    if _off:
        return None
    try:
        calls = _calls or _decide()
        final = calls.is_final(opened) == 1  # before the joules, which only become final
        known = calls.energy(opened)
    except Exception:  # not an integer
        return None
    return known and Energy(*known, final)


def work(count: float, unit: str = "sample", phase: Optional[str] = None) -> None:
    """Adds `count` (finite, 0 or more) of `unit` to the calling thread's innermost open phase, or to its innermost
    open one called `phase`. Without such a phase it goes to the run. The report gives joules per unit.

    Units are singular words of up to 15 bytes ("sample", "epoch", "token"); the plurals of the usual ones are
    understood. A count that is negative or no finite number is ignored and counted as the anomaly work_invalid.
    """
    if _off:
        return
    calls = _calls or _decide()
    of = _text(_SINGULAR.get(unit, unit) if unit.__class__ is str else unit, UNIT_MOST)
    where = None if phase is None else _text(phase, NAME_MOST)
    try:
        calls.work(where, count, of)
    except Exception:  # not a number, or none that a double holds
        calls.work(where, float("nan"), of)


def figure(name: str, value: float) -> None:
    """Keeps a figure of merit beside the run's energy: ``figure("dice", 0.73)``. The last value of a name wins; what is
    no finite number is ignored. Any thread."""
    if _off:
        return
    try:
        (_calls or _decide()).figure(_text(name, NAME_MOST), value)
    except Exception:
        pass


def setting(key: str, value: object) -> None:
    """Says how the program is set up: ``setting("batch_size", 256)``. Comparisons name it where runs differ.

    The last value of a key wins. A key is kept up to 15 bytes, str(value) up to 47; a run keeps at most 100 keys.
    """
    if _off:
        return
    (_calls or _decide()).setting(_text(key, UNIT_MOST), _text(value, NAME_MOST))


class Phase:
    """What phase() returns: a block of a ``with`` statement, or a decorator.

    May be entered again, also while it is open and by several threads: each block is an instance of its own.

    energy_j, uncertainty_j (half the 95 % interval) and kind ("measured", "derived", "attributed", "estimated") are
    those of the block that the calling thread entered last, or of the last at all if it entered none: inside the block
    so far, after it those of the whole block. Each is None while that is not known, and always when nobody measures or
    the block is too short for the sensors. They do not wait; wait() does. How fresh they are: see energy().
    """

    __slots__ = ("_last", "_name", "_newest", "_open")

    def __init__(self, name: Union[str, bytes]) -> None:
        self._name = _text(name, NAME_MOST)
        self._open: List[Tuple[int, int]] = []  # thread, what begin() returned
        self._newest: Dict[int, int] = {}  # the same, of the block that each thread entered last
        self._last = 0

    def __enter__(self) -> Phase:
        me, opened = get_ident(), begin(self._name)  # type: ignore[arg-type]
        self._open.append((me, opened))
        self._newest[me] = self._last = opened
        return self

    def __exit__(self, *_: object) -> None:
        # A copy, since other threads shorten the list meanwhile. A block that another thread leaves than entered it (a
        # generator that a pool resumes) takes the last one that is open.
        me, opened = get_ident(), list(self._open)
        mine = [entry for entry in opened if entry[0] == me] or opened
        if mine:
            try:
                self._open.remove(mine[-1])
            except ValueError:
                return
            end(mine[-1][1])

    @property
    def energy_j(self) -> Optional[float]:
        """Joules; None when they are not known."""
        known = self._energy()
        return known and known.energy_j

    @property
    def uncertainty_j(self) -> Optional[float]:
        """Half the 95 % interval of energy_j, in joules; None when that is not known."""
        known = self._energy()
        return known and known.uncertainty_j

    @property
    def kind(self) -> Optional[str]:
        """How energy_j is known: "measured", "derived", "attributed" or "estimated"; None when it is not."""
        known = self._energy()
        return known and known.kind

    def wait(self, timeout: float = 3.0) -> bool:
        """After the block: waits until its energy is known, `timeout` seconds at most. True when it is.

        With ``nodewatt run`` that takes some 10 ms, in a job up to 2 s, on a node that others share up to 20 s; for a
        block that is too short it is in vain. Inside the block, and when nobody measures, it does not wait.
        """
        from time import monotonic, sleep

        opened, pause = self._of_caller(), 0.001
        try:
            until = monotonic() + timeout
        except Exception:  # not a number
            return False
        while True:
            known = energy(opened)
            if known is not None and known.final:
                return True
            left = until - monotonic()
            if not opened or not left > 0 or self._is_open(opened):
                return False
            sleep(min(pause, left))
            pause = min(2 * pause, 0.05)

    def _of_caller(self) -> int:
        return self._newest.get(get_ident(), self._last)

    def _is_open(self, opened: int) -> bool:
        return any(each == opened for _, each in list(self._open))

    def _energy(self) -> Optional[Energy]:
        opened = self._of_caller()
        known = energy(opened)
        # What was told before the end is not the block's.
        return known if known is None or known.final or self._is_open(opened) else None

    def __call__(self, function: F) -> F:
        from nodewatt._decorator import check, measured

        check(function)
        return measured(function, self._name)


class _Unmeasured(Phase):
    """The one that everybody gets while nobody measures."""

    __slots__ = ()

    def __enter__(self) -> Phase:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __call__(self, function: F) -> F:
        from nodewatt._decorator import check

        check(function)
        return function


_UNMEASURED = _Unmeasured("")

if TYPE_CHECKING:

    @overload
    def phase(name: str) -> Phase: ...
    @overload
    def phase(name: F) -> F: ...


def phase(name: Any) -> Any:
    """A phase of the program, as a block or as a decorator::

        with nodewatt.phase("train"): ...        # ends with the block, also when that raises

        @nodewatt.phase("step")                  # each call is an instance of the phase
        def step(batch): ...

        @nodewatt.phase                          # the function's own name
        def evaluate(model): ...

    `name` as for begin(). Phases nest by thread ("train/epoch"); instances of one path are summed. A generator
    function's phase is open while its body runs and closed while that waits at a ``yield``. Async functions are
    refused with a TypeError: tasks interleave on one thread, phases nest on it. For the same reason no ``await`` and no
    ``yield`` belongs inside a ``with phase()`` block unless nothing else on the thread marks phases meanwhile.
    Not measured, a decorator returns the function itself.
    """
    if name.__class__ is not str and callable(name):
        return phase(getattr(name, "__name__", type(name).__name__))(name)
    if _off or not measuring():
        return _UNMEASURED
    return Phase(name)
