"""Phases and units of work of a program that ``nodewatt run`` measures.

    import nodewatt

    with nodewatt.phase("train"):
        for batch in loader:
            step(batch)
            nodewatt.work(len(batch), "sample")

``nodewatt run python train.py`` then reports the energy of each phase in joules and the joules per sample. A phase's
energy is that of the whole node between its begin and its end, not the calling program's share of it.

Every function may be called from any thread and from forked or spawned processes, and none raises for reasons of
measuring. When nobody measures (the program was started without ``nodewatt run``, the library is missing, or
``NODEWATT_DISABLE=1`` is set) they do nothing and cost well under a microsecond. Whether somebody measures is decided
once in a process, at the first call.

Callbacks for trainers are in ``nodewatt.lightning``, ``nodewatt.transformers`` and ``nodewatt.keras``.
"""

from nodewatt._marks import Phase, begin, end, figure, measuring, phase, setting, work
from nodewatt._version import __version__

__all__ = ["Phase", "__version__", "begin", "end", "figure", "measuring", "phase", "setting", "work"]
