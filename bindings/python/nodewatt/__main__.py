"""``python -m nodewatt run python train.py``: the nodewatt executable with the same arguments.

It is looked for in $NODEWATT, beside this package, beside the interpreter (a virtual environment's bin) and in $PATH,
and takes this process over, so that streams, signals and exit code are its own. 127: it is not there; 126: it cannot
be run.
"""

from __future__ import annotations

import os
import shutil
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Optional


def find_executable() -> Optional[str]:
    """The executable's path, or None. $NODEWATT, when it is set, is the only place that counts."""
    named = os.environ.get("NODEWATT")
    if named:
        return shutil.which(named)
    here = os.path.dirname(os.path.abspath(__file__))
    for folder in (here, os.path.join(here, "bin"), os.path.dirname(sys.executable or "")):
        found = shutil.which("nodewatt", path=folder) if folder else None
        if found:
            return found
    return shutil.which("nodewatt")


def main(arguments: List[str]) -> int:
    path = find_executable()
    if path is None:
        named = os.environ.get("NODEWATT")
        where = f"$NODEWATT is {named!r}, which cannot be run" if named else "neither beside this package nor in PATH"
        print(f"nodewatt: no nodewatt executable ({where}). Install it, or set NODEWATT to its path.", file=sys.stderr)
        return 127
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execv(path, [path, *arguments])
    except OSError as why:
        print(f"nodewatt: {path}: {why.strerror}", file=sys.stderr)
    return 126


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
