"""Puts the C library that `tools/wheel` names into the wheel, whose tag is then the library's: it fits one machine, and every Python 3."""

import os

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class LibraryHook(BuildHookInterface):
    def initialize(self, version, build_data):
        library = os.environ.get("NODEWATT_WHEEL_LIBRARY")
        if not library:
            raise RuntimeError("the wheel needs a library that is built: tools/wheel BUILD makes both")
        build_data["pure_python"] = False
        build_data["tag"] = os.environ["NODEWATT_WHEEL_TAG"]
        build_data["force_include"][library] = "nodewatt/libnodewatt.so"
