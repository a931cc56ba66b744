"""The Python packages that the page runs: this one and attrs, as one zip archive."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import importlib.util
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

#: Parts of this package that need a system below them: a browser has none.
LEFT_OUT: Final = frozenset({"guest", "testing", "conform/cases", "explorer/page", "__pycache__"})
PACKAGES: Final = ("attr", "attrs")


def _folder(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    origin = spec.origin if spec is not None else None
    assert origin is not None, name
    return Path(origin).parent


def _files(folder: Path, left_out: frozenset[str]) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        parents = {parent.as_posix() for parent in inside.parents} | set(inside.parts)
        if path.is_file() and not parents & left_out and path.suffix not in (".pyi", ".pyc"):
            yield path


def packages() -> bytes:
    """Return the zip archive; equal sources give equal bytes."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as target:
        for name in ("qemu_model", *PACKAGES):
            folder = _folder(name)
            for path in _files(folder, LEFT_OUT):
                inside = f"{name}/{path.relative_to(folder).as_posix()}"
                target.writestr(zipfile.ZipInfo(inside), path.read_bytes())
    return archive.getvalue()
