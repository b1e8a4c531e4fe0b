"""Phases and units of work of a program that ``nodewatt run`` or the daemon of its node measures.

    import nodewatt

    with nodewatt.phase("train"):
        for batch in loader:
            step(batch)
            nodewatt.work(len(batch), "sample")

``nodewatt run python train.py`` then reports the energy of each phase in joules and the joules per sample. A phase's
energy is that of the whole node between its begin and its end, not the calling program's share of it. In a job of Slurm
on a node with nodewatt's daemon nothing has to be started: the phases are in the job's record, and have what its step
was given. The program may ask, too::

    with nodewatt.phase("epoch") as epoch: ...
    if epoch.wait():
        print(epoch.energy_j, "+-", epoch.uncertainty_j, "J")

A process that runs already, such as a notebook's kernel, calls ``attach()``; ``%load_ext nodewatt`` does, and gives the
notebook ``%%nodewatt``, which prints what a cell took.

Every function may be called from any thread and from forked or spawned processes, and none raises for reasons of
measuring. When nobody measures (the program was started without ``nodewatt run`` and in no job, the library is missing,
or ``NODEWATT_DISABLE=1`` is set) they do nothing and cost well under a microsecond. Whether somebody measures is decided
once in a process, at the first call; only ``attach()`` decides it anew.

Callbacks for trainers are in ``nodewatt.lightning``, ``nodewatt.transformers`` and ``nodewatt.keras``.
"""

from __future__ import annotations

from nodewatt._marks import Energy, Phase, attach, begin, end, energy, figure, measuring, phase, setting, work
from nodewatt._version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "Energy", "Phase", "__version__", "attach", "begin", "end", "energy", "figure", "measuring", "phase", "setting",
    "work",
]  # fmt: skip


def load_ipython_extension(shell: Any) -> None:
    """What ``%load_ext nodewatt`` calls."""
    from nodewatt._notebook import load

    load(shell)
