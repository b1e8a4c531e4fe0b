"""What the callbacks of the three trainers share: which phases of theirs are open, and what never to do to a trainer.

A hook of ours does nothing while nobody measures and never raises: what an unknown version of a framework lacks is left
out of the record. Of the processes that train together on a node the first alone marks, and counts for all of them:
the energy of a phase is that of the node, and four ranks that mark it would count the node four times. Nothing here
waits for an accelerator, so that marks cost a trainer no time; a phase's edge is where the program was, which may be
some queued kernels ahead of the device.
"""

from __future__ import annotations

import functools
import os
import re
import sys
import weakref
from _thread import get_ident
from collections.abc import Mapping

from nodewatt._marks import begin, end, measuring, setting, work

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

_SIZES = ("LOCAL_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS", "SLURM_STEP_TASKS_PER_NODE")
_RANKS = ("LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "SLURM_LOCALID")


def local_rank() -> int:
    """This process's place among those of its node, from the launcher's variables; 0 when there are none."""
    return _first_number(_RANKS, 0)


def local_size(otherwise: int = 1) -> int:
    """How many processes of this node train together."""
    return max(1, _first_number(_SIZES, otherwise))


def _first_number(names: Tuple[str, ...], otherwise: int) -> int:
    for name in names:
        number = re.match(r"\d+", os.environ.get(name, ""))
        if number:
            return int(number.group())
    return otherwise


def hook(function: Callable[..., None]) -> Any:
    """A framework's hook: called when this process marks, and never in the trainer's way."""

    @functools.wraps(function)
    def quiet(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            if measuring() and self._is_marking(*args):
                function(self, *args, **kwargs)
        except Exception:
            import logging

            logging.getLogger("nodewatt").debug("%s", function.__qualname__, exc_info=True)

    return quiet


_trainers: Dict[int, Any] = {}  # of each thread that has one: a weak reference to the Marks that began something last


class Marks:
    """The open phases of one trainer, and what is counted in them.

    An interrupted trainer (KeyboardInterrupt in a notebook) does not tell its callbacks. What it left open belongs to
    its thread, not to the callback: it ends with the notebook's cell, when the trainer is gone, or at the latest when
    the thread begins the same outermost phase again, so that a second run is not measured inside the first.
    """

    def __init__(self) -> None:
        self._open: List[Tuple[str, int]] = []  # outermost first

    def begin(self, name: str) -> None:
        if not self._open:
            self._take_over(name)
        self._open.append((name, begin(name)))

    def _take_over(self, name: str) -> None:
        last = _trainers.get(get_ident(), lambda: None)()
        if last is not None and last is not self and last._open and last._open[0][0] == name:
            last.close()
        _trainers[get_ident()] = weakref.ref(self)
        _watch_cells()

    def __getstate__(self) -> Any:  # a copied or unpickled trainer has begun nothing
        return {"_open": []}

    def __del__(self) -> None:
        try:
            self.close()
        except Exception:  # the interpreter ends
            pass

    def end(self, name: str) -> None:
        """Ends the innermost open phase of this name, and all inside it. Nothing when there is none."""
        if self.is_open(name):
            last = None
            while last != name:
                last, opened = self._open.pop()
            end(opened)

    def is_open(self, name: str) -> bool:
        return any(each == name for each, _ in self._open)

    def close(self) -> None:
        """Ends what is open: the trainer was interrupted, or begins anew."""
        if self._open:
            end(self._open[0][1])
            self._open.clear()

    def count(self, number: Optional[float], unit: str, name: str) -> None:
        """Work in the open phase `name`; what is not known is not counted."""
        if number and self.is_open(name):
            work(number, unit, phase=name)


_watched = False


def _watch_cells() -> None:
    """What a cell of a notebook leaves open ends with it."""
    global _watched
    if _watched or "IPython" not in sys.modules:
        return
    _watched = True
    shell = sys.modules["IPython"].get_ipython()
    if shell is not None:
        shell.events.register("post_run_cell", lambda *_: _end_cell())


def _end_cell() -> None:
    last = _trainers.pop(get_ident(), lambda: None)()
    if last is not None:
        last.close()


class Budget:
    """Counts samples batch by batch, and no more of them than there are: the last batch may not be full."""

    def __init__(self, most: Optional[float] = None) -> None:
        self._left = float("inf") if most is None else most

    def take(self, batch: float) -> float:
        taken = min(batch, self._left)
        self._left -= taken
        return taken


def samples_in(batch: Any, most: Any = None) -> Optional[int]:
    """How many samples a batch holds: the first extent that all its arrays agree in. Where they do not agree, or say
    more than the loader's batch size `most`, it is that. None: not known."""
    extents = set(_extents(batch, 3))
    agreed = extents.pop() if len(extents) == 1 else None
    if isinstance(most, int) and most > 0:
        return most if agreed is None else min(agreed, most)
    return agreed


def _extents(batch: Any, depth: int) -> Iterator[int]:
    shape = getattr(batch, "shape", None)
    if shape is not None:
        if len(shape) > 0:
            yield int(shape[0])
    elif depth > 0 and isinstance(batch, Mapping):
        for value in batch.values():
            yield from _extents(value, depth - 1)
    elif depth > 0 and isinstance(batch, (list, tuple)) and batch:
        if isinstance(batch[0], (str, bytes, int, float)):
            yield len(batch)
        else:
            for value in batch:
                yield from _extents(value, depth - 1)


def length(collection: Any) -> Optional[int]:
    """len(), None where there is none (a stream)."""
    try:
        return len(collection)
    except Exception:
        return None


def say(**settings: Any) -> None:
    """Hands on the settings that are known."""
    for key, value in settings.items():
        if value is not None and value != "":
            setting(key, value)


def say_versions(*modules: str) -> None:
    """The versions of Python and of those modules that the program has loaded."""
    setting("python", ".".join(str(part) for part in sys.version_info[:3]))
    for name in modules:
        version = getattr(sys.modules.get(name), "__version__", None)
        if version is not None:
            setting(name.rpartition("pytorch_")[2], version)  # Lightning is one framework under two names


def bases_of(*paths: Tuple[str, str]) -> Tuple[type, ...]:
    """The callback classes of the frameworks that the program has loaded, or of the first that can be."""
    import importlib

    loaded = [path for path in paths if path[0] in sys.modules]
    found: List[type] = []
    for module, name in loaded or paths:
        try:
            base = getattr(importlib.import_module(module), name)
        except ImportError:
            continue
        if base not in found:
            found.append(base)
        if not loaded:
            break
    if not found:
        raise ImportError("none of these is installed: " + ", ".join(module for module, _ in paths))
    return tuple(found)


def make_class(namespace: Any, hooks: type, *paths: Tuple[str, str]) -> type:
    """`PhaseCallback` of a module: its hooks on the framework's base class, kept in the module so that it can be
    pickled by name."""
    made = type("PhaseCallback", (hooks, *bases_of(*paths)), {"__module__": namespace["__name__"], "__doc__": hooks.__doc__})
    namespace["PhaseCallback"] = made
    return made
