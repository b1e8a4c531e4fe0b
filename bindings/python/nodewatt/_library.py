"""Finds libnodewatt.so and its calls; knows nodewatt.h, version 3.

The library is looked for in $NODEWATT_LIBRARY, beside this file (where the wheel has it), and where the system looks
for libraries. It is loaded only when the environment names a channel, in a job of Slurm on a node with a daemon, or when
the program asks for it by attach(), so that a program that nobody measures pays for nothing. PyDLL keeps the
interpreter's lock during a call: no call blocks, each takes well under a microsecond, and giving the lock away might
cost the caller up to a switch interval (5 ms) until he gets it back. Asking the daemon alone may take 50 ms, and is done
without the lock.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator, Optional, Tuple

NAME_MOST = 48  # characters worth handing over: the library keeps 47 bytes of a name, 15 of a unit
UNIT_MOST = 16
KINDS = ("", "measured", "derived", "attributed", "estimated")  # as nw_energy numbers them
_LATER = ("nw_setting", "nw_energy", "nw_energy_is_final")  # what an earlier library does not have


class Calls:
    """The C functions, or others of the same shape that do nothing, and then why."""

    __slots__ = ("begin", "end", "energy", "figure", "is_final", "measuring", "setting", "why_not", "work")

    def __init__(self, library: Any = None, why_not: str = "") -> None:
        self.measuring: bool = library is not None
        self.why_not = why_not
        self.begin: Callable[[bytes], int] = library.nw_phase_begin if library else _nothing
        self.end: Callable[[int], None] = library.nw_phase_end if library else _nothing
        self.work: Callable[[Optional[bytes], float, bytes], None] = library.nw_work if library else _nothing
        self.figure: Callable[[bytes, float], None] = library.nw_figure if library else _nothing
        self.setting: Callable[[bytes, bytes], None] = getattr(library, "nw_setting", _nothing)  # since version 2
        self.energy: Callable[[int], Optional[Tuple[float, float, str]]] = _reader(library)  # since version 3
        self.is_final: Callable[[int], int] = getattr(library, "nw_energy_is_final", _nothing)


def _nothing(*_: Any) -> Any:
    return 0


def _unknown(_: int) -> None:
    return None


def _reader(library: Any) -> Callable[[int], Optional[Tuple[float, float, str]]]:
    """nw_energy as a function that returns joules, half the interval and the kind, or None."""
    read = getattr(library, "nw_energy", None)
    if read is None:
        return _unknown
    import ctypes

    def energy(opened: int) -> Optional[Tuple[float, float, str]]:
        joules, uncertainty = ctypes.c_double(), ctypes.c_double()  # its own, since several threads may ask
        kind = read(opened, ctypes.byref(joules), ctypes.byref(uncertainty))
        return (joules.value, uncertainty.value, KINDS[kind]) if 0 < kind < len(KINDS) else None

    return energy


def find_calls() -> Calls:
    """The library's calls when somebody measures this process, else calls that do nothing. Never raises."""
    if _is_switched_off():
        return Calls(why_not="NODEWATT_DISABLE is set")
    if not os.environ.get("NODEWATT_CHANNEL") and not (os.environ.get("SLURM_JOB_ID") and os.path.exists(_socket())):
        return Calls(why_not="not started by `nodewatt run`")
    try:
        library = _load()
        return Calls(library) if library.nw_measuring() else Calls(why_not="nobody listens")
    except Exception as why:
        return _failed(why)


def attach_calls() -> Calls:
    """The library's calls when the daemon of this node agrees to measure this process from now on. Never raises."""
    if _is_switched_off():
        return Calls(why_not="NODEWATT_DISABLE is set")
    socket = _socket()
    if not os.path.exists(socket):
        return Calls(why_not=f"not started by `nodewatt run`, and no daemon of nodewatt at {socket or 'NODEWATT_SOCKET'}")
    try:
        library = _load()
        agrees = _ask_daemon(library._name)
        return Calls(library) if agrees else Calls(why_not=f"the daemon at {socket} does not agree")
    except Exception as why:
        return _failed(why)


def _failed(why: Exception) -> Calls:
    import logging

    logging.getLogger("nodewatt").debug("not measured: %s", why)
    return Calls(why_not=str(why))


def _is_switched_off() -> bool:
    return os.environ.get("NODEWATT_DISABLE", "0") not in ("", "0")


def _socket() -> str:
    return os.environ.get("NODEWATT_SOCKET", "/run/nodewatt/nodewatt.sock").split(":")[0]


def _ask_daemon(path: str) -> bool:
    import ctypes

    attach = getattr(ctypes.CDLL(path), "nw_attach", None)  # the library that is loaded, with the lock given away
    if attach is None:
        raise OSError(f"{path} is too old to attach")
    return bool(attach())


def _load() -> Any:
    import ctypes

    reason: Exception = OSError("there is no libnodewatt.so")
    for path in _places():
        try:
            library = ctypes.PyDLL(path)
            _declare(library, ctypes)
            return library
        except (OSError, AttributeError) as why:
            reason = why
    raise reason


def _places() -> Iterator[str]:
    if os.environ.get("NODEWATT_LIBRARY"):
        yield os.environ["NODEWATT_LIBRARY"]
        return
    yield os.path.join(os.path.dirname(os.path.abspath(__file__)), "libnodewatt.so")
    yield "libnodewatt.so.1"


def _declare(library: Any, ctypes: Any) -> None:
    name, number, phase, place = ctypes.c_char_p, ctypes.c_double, ctypes.c_uint64, ctypes.POINTER(ctypes.c_double)
    shapes = {
        "nw_measuring": (ctypes.c_int, []),
        "nw_phase_begin": (phase, [name]),
        "nw_phase_end": (None, [phase]),
        "nw_work": (None, [name, number, name]),
        "nw_figure": (None, [name, number]),
        "nw_setting": (None, [name, name]),
        "nw_energy": (ctypes.c_int, [phase, place, place]),
        "nw_energy_is_final": (ctypes.c_int, [phase]),
    }
    for function, (result, arguments) in shapes.items():
        call = getattr(library, function, None)
        if call is None and function not in _LATER:
            raise AttributeError(f"{library._name} has no {function}")
        if call is not None:
            call.restype, call.argtypes = result, arguments
