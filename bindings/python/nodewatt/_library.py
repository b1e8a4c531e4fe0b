"""Finds libnodewatt.so and its calls; knows nodewatt.h, version 3.

The library is looked for in $NODEWATT_LIBRARY, beside this file (where the wheel has it), and where the system looks
for libraries. It is loaded only when the environment names a channel, or in a job of Slurm on a node with a daemon, so
that a program that nobody measures pays for nothing. PyDLL keeps the interpreter's lock during a call: no call blocks, each takes well under a microsecond, and
giving the lock away might cost the caller up to a switch interval (5 ms) until he gets it back.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator, Optional

NAME_MOST = 48  # characters worth handing over: the library keeps 47 bytes of a name, 15 of a unit
UNIT_MOST = 16


class Calls:
    """The C functions, or others of the same shape that do nothing."""

    __slots__ = ("begin", "end", "figure", "measuring", "setting", "work")

    def __init__(self, library: Any = None) -> None:
        self.measuring: bool = library is not None
        self.begin: Callable[[bytes], int] = library.nw_phase_begin if library else _nothing
        self.end: Callable[[int], None] = library.nw_phase_end if library else _nothing
        self.work: Callable[[Optional[bytes], float, bytes], None] = library.nw_work if library else _nothing
        self.figure: Callable[[bytes, float], None] = library.nw_figure if library else _nothing
        self.setting: Callable[[bytes, bytes], None] = getattr(library, "nw_setting", _nothing)  # since version 2


def _nothing(*_: Any) -> Any:
    return 0


def find_calls() -> Calls:
    """The library's calls when somebody measures this process, else calls that do nothing. Never raises."""
    if os.environ.get("NODEWATT_DISABLE", "0") not in ("", "0"):
        return Calls()
    if not os.environ.get("NODEWATT_CHANNEL") and not (os.environ.get("SLURM_JOB_ID") and os.path.exists(_socket())):
        return Calls()
    try:
        return Calls(_load())
    except Exception as why:
        import logging

        logging.getLogger("nodewatt").debug("not measured: %s", why)
        return Calls()


def _socket() -> str:
    return os.environ.get("NODEWATT_SOCKET", "/run/nodewatt/nodewatt.sock").split(":")[0]


def _load() -> Any:
    import ctypes

    reason: Exception = OSError("nobody listens at NODEWATT_CHANNEL")
    for path in _places():
        try:
            library = ctypes.PyDLL(path)
            _declare(library, ctypes)
        except (OSError, AttributeError) as why:
            reason = why
            continue
        if library.nw_measuring():
            return library
        break
    raise reason


def _places() -> Iterator[str]:
    if os.environ.get("NODEWATT_LIBRARY"):
        yield os.environ["NODEWATT_LIBRARY"]
        return
    yield os.path.join(os.path.dirname(os.path.abspath(__file__)), "libnodewatt.so")
    yield "libnodewatt.so.1"


def _declare(library: Any, ctypes: Any) -> None:
    name, number = ctypes.c_char_p, ctypes.c_double
    shapes = {
        "nw_measuring": (ctypes.c_int, []),
        "nw_phase_begin": (ctypes.c_uint64, [name]),
        "nw_phase_end": (None, [ctypes.c_uint64]),
        "nw_work": (None, [name, number, name]),
        "nw_figure": (None, [name, number]),
        "nw_setting": (None, [name, name]),
    }
    for function, (result, arguments) in shapes.items():
        call = getattr(library, function, None)
        if call is None and function != "nw_setting":
            raise AttributeError(f"{library._name} has no {function}")
        if call is not None:
            call.restype, call.argtypes = result, arguments
