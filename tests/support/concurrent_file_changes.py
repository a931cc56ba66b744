"""Another process that changes a file between two calls of a host."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import multiprocessing
import os
import shutil
import zlib
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

from qemu_model.host.live import LiveHost

MIB = 1 << 20
#: What must be there afterwards: as large as the backend, and nothing but its beginning.
PRECIOUS = b"precious" * 512
THEIRS = b"theirs" * 512
SIZE = 4 * MIB


def tree(directory: Path) -> dict[str, object]:
    """Return what lies in a directory: contents of files, targets of links, and kinds."""
    found: dict[str, object] = {}
    for path in sorted(directory.iterdir()):
        if path.is_symlink():
            found[path.name] = f"link to {os.readlink(path)}"
        elif path.is_file():
            data = path.read_bytes()
            found[path.name] = (len(data), zlib.crc32(data))
        else:
            found[path.name] = "directory" if path.is_dir() else "pipe"
    return found


def contents(path: Path) -> bytes:
    """Return the first page of a file that is as large as the backend, else all of it."""
    with path.open("rb") as stream:
        rest = os.fstat(stream.fileno()).st_size - SIZE
        return stream.read(len(PRECIOUS) if rest == 0 else -1)


def _write(path: Path, page: bytes) -> None:
    path.write_bytes(page)
    os.truncate(path, SIZE)


def _gone(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def prepare(path: Path, before: str) -> None:
    """Bring ``path`` into a state, beside a file ``precious`` that nobody may touch."""
    precious = path.with_name("precious")
    if not precious.exists():
        _write(precious, PRECIOUS)
    for name in (path, path.with_name(path.name + ".away"), path.with_name("target")):
        _gone(name)
    if before == "data":
        _write(path, PRECIOUS)
    elif before == "directory":
        path.mkdir()
    elif before == "empty":
        path.touch()
    elif before == "link":
        _write(path.with_name("target"), PRECIOUS)
        path.symlink_to("target")


def _create(path: Path) -> None:
    if not path.is_symlink() and not path.exists():
        _write(path, THEIRS)


def _truncate(path: Path, size: int) -> None:
    if path.is_file():
        os.truncate(path, size)


def _replace(path: Path, make: Callable[[], object]) -> None:
    _gone(path)
    make()


def _write_into(path: Path) -> None:
    if path.is_file():
        with path.open("r+b") as stream:
            stream.write(THEIRS)


def _move_away(path: Path) -> None:
    if path.exists() and not path.is_dir():
        path.rename(path.with_name(path.name + ".away"))


_DO: Mapping[str, Callable[[Path], object]] = MappingProxyType(
    {
        "nothing": lambda _path: None,
        "create": _create,
        "delete": _gone,
        "cut to nothing": lambda path: _truncate(path, 0),
        "cut to a page": lambda path: _truncate(path, 4096),
        "make larger": lambda path: _truncate(path, 16 * MIB),
        "replace by another": lambda path: _replace(path, lambda: _write(path, THEIRS)),
        "replace by a directory": lambda path: _replace(path, path.mkdir),
        "replace by a pipe": lambda path: _replace(path, lambda: os.mkfifo(path)),
        "write into it": _write_into,
        "replace by a link to nothing": lambda path: _replace(
            path, lambda: path.symlink_to("nothing")
        ),
        "replace by a link to itself": lambda path: _replace(
            path, lambda: path.symlink_to(path.name)
        ),
        "move away": _move_away,
    }
)
ACTIONS = tuple(_DO)


def _serve(commands: Connection) -> None:
    while True:
        asked = commands.recv()
        if asked is None:
            return
        action, path = asked
        _DO[action](Path(path))
        commands.send(None)


class Helper:
    """The other process; :meth:`do` returns when it has done what it was told."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)

    def __enter__(self) -> Helper:
        self._process.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        self._ours.send(None)
        self._process.join(10)

    def do(self, action: str, path: Path) -> None:
        """Have the file changed by the other process."""
        self._ours.send((action, str(path)))
        self._ours.recv()


class Meddled:
    """A host before whose ``nth`` call, counted over all names, another process acts."""

    _CALLS = frozenset(
        {"open", "close", "lseek", "fstatfs", "statfs", "ftruncate", "unlink", "mmap", "munmap"}
        | {"madvise", "mbind", "touch_pages"}
    )

    def __init__(self, host: LiveHost, helper: Helper, nth: int, action: str, path: Path) -> None:
        self._host = host
        self._helper = helper
        self._left = nth
        self._action = action
        self._path = path
        self.meddled = False

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._host, name)
        if name not in self._CALLS:
            return method

        def called(*args: Any) -> Any:
            self._left -= 1
            if self._left == 0:
                self._helper.do(self._action, self._path)
                self.meddled = True
            return method(*args)

        return called
