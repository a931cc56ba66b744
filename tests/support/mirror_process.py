"""A process on a told host, spoken to by QMP, and the types of objects it knows."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Any

from mirror_host import ToldHost

from qemu_model.host.protocol import Platform
from qemu_model.process import Process
from qemu_model.revision import find

FILE, RAM, MEMFD = "memory-backend-file", "memory-backend-ram", "memory-backend-memfd"
PATHS = {FILE: {"mem-path": "/f"}, RAM: {}, MEMFD: {}}
KINDS = (FILE, RAM, MEMFD)


class Machine:
    """A process on a told host, spoken to by QMP."""

    def __init__(
        self, *args: str, tree: str = "v8", platform: Platform | None = None, **answers: Any
    ) -> None:
        self.host, self.tree = ToldHost(platform, **answers), tree
        self.process = Process(["-machine", "none", *args], self.host, find(tree))
        self.started = self.process.start()

    def do(self, execute: str, **arguments: Any) -> Any:
        """Run a command; return what it returns, or the text of its error."""
        self.process.command({"execute": execute, "arguments": arguments})
        reply = self.process.replies[-1]
        return reply["return"] if "return" in reply else reply["error"]["desc"]

    def add(self, kind: str, id: str = "m0", **props: Any) -> Any:
        """Add an object of 1 MiB; a ``_`` in a name is a ``-``."""
        named = {name.replace("_", "-"): value for name, value in props.items()}
        named = {"size": 1 << 20, **PATHS.get(kind, {}), **named}
        if find(self.tree).release < (6, 0):
            named = {"props": named}
        return self.do("object-add", **{"qom-type": kind, "id": id, **named})

    def set(self, name: str, value: Any, path: str = "/objects/m0") -> Any:
        """Set a property."""
        return self.do("qom-set", path=path, property=name, value=value)

    def get(self, name: str, path: str = "/objects/m0") -> Any:
        """Read a property."""
        return self.do("qom-get", path=path, property=name)
