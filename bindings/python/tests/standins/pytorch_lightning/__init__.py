"""The same protocol under the older name; its Callback is another class."""

import pathlib

exec(pathlib.Path(__file__).parent.parent.joinpath("lightning/pytorch/__init__.py").read_text())
