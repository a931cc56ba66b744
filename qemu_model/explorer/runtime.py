"""Fetch Pyodide, Python for the browser, from npm: one version, checked, kept in a cache."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import base64
import gzip
import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Final

VERSION: Final = "314.0.7"
#: The SHA-512 of the npm package, as npm's own lock files write it.
INTEGRITY: Final = (
    "sha512-0YvXxEhfEdpLfb/XkM2BFAeMROq0iMUX2bzzH9pOttyM"
    "cWkwq+HbE5uyuGD82LN7y2q+SNvi/6V5JEsOlD2R1A=="
)
FILES: Final = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip",
                "pyodide-lock.json", "package.json")  # fmt: skip
#: Seconds that npm may take.
PATIENCE: Final = 300


class RuntimeMissing(Exception):
    """Pyodide could not be fetched or prepared; the text says why, in one line."""


def cache_directory() -> Path:
    """Return the user's cache folder of this program (``$XDG_CACHE_HOME/qemu-model``)."""
    root = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(root) / "qemu-model"


def runtime() -> Path:
    """Return a folder with Pyodide's files, fetched on first use.

    Needs npm and a network once; afterwards the cache serves.
    Raises :class:`RuntimeMissing`.
    """
    cache = cache_directory()
    folder = cache / f"pyodide-{VERSION}"
    if all((folder / name).is_file() for name in FILES):
        return folder
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".pyodide-", dir=cache) as scratch:
            archive = _download(Path(scratch))
            unpacked = Path(scratch) / "files"
            _unpack(archive, unpacked)
            if folder.exists():
                shutil.rmtree(folder)
            unpacked.rename(folder)
    except OSError as error:
        raise RuntimeMissing(f"cannot keep Pyodide in {cache}: {error.strerror}") from error
    return folder


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise RuntimeMissing(
            f"{name} is not installed, and the page needs it once to fetch Pyodide {VERSION} "
            "(Debian: apt install npm; Fedora: dnf install npm)"
        )
    return found


def _download(scratch: Path) -> Path:
    """Return the npm package, its hash checked."""
    words = [_program("npm"), "pack", f"pyodide@{VERSION}", "--silent"]
    try:
        done = subprocess.run(
            words,
            cwd=scratch,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeMissing(f"npm did not answer within {PATIENCE} s") from error
    archives = sorted(scratch.glob("*.tgz"))
    if done.returncode or not archives:
        said = done.stderr.strip().splitlines()
        raise RuntimeMissing(
            f"npm could not fetch pyodide@{VERSION}: {said[-1] if said else 'it gave no reason'}"
        )
    digest = hashlib.sha512(archives[0].read_bytes()).digest()
    if f"sha512-{base64.b64encode(digest).decode()}" != INTEGRITY:
        raise RuntimeMissing(f"npm gave another pyodide@{VERSION} than the one that was reviewed")
    return archives[0]


def _unpack(archive: Path, folder: Path) -> None:
    folder.mkdir()
    with tarfile.open(archive) as package:
        for name in FILES:
            member = package.extractfile(f"package/{name}")
            if member is None:
                raise RuntimeMissing(f"pyodide@{VERSION} has no file {name}")
            with member, (folder / name).open("wb") as out:
                shutil.copyfileobj(member, out)


def compressed(path: Path) -> bytes:
    """Return a file of the runtime, compressed with gzip; the result is kept beside it."""
    kept = path.with_name(f"{path.name}.gz")
    if not kept.is_file() or kept.stat().st_mtime < path.stat().st_mtime:
        new = path.with_name(f".{path.name}.{os.getpid()}")
        new.write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
        new.replace(kept)
    return kept.read_bytes()


def compiled(folder: Path, packages: bytes) -> tuple[Path, bytes]:
    """Return the standard library's file and ``packages``, both zip archives, as bytecode.

    The browser then has nothing to compile, which is most of the time of loading.
    Node.js compiles, with the Python that the page runs; the library is kept in ``folder``.
    Raises :class:`RuntimeMissing`.
    """
    library = folder / "library.zip"
    script = Path(__file__).parent / "page" / "compile.mjs"
    with tempfile.TemporaryDirectory(prefix=".compile-", dir=folder.parent) as scratch:
        given, made = Path(scratch) / "packages.zip", Path(scratch) / "made.zip"
        given.write_bytes(packages)
        new_library = Path(scratch) / "library.zip"
        words = [_program("node"), str(script), str(folder), str(given), str(made)]
        if not library.is_file():
            words.append(str(new_library))
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode or not made.is_file():
            said = done.stderr.strip().splitlines()
            raise RuntimeMissing(f"node could not compile: {said[-1] if said else 'no reason'}")
        if new_library.is_file():
            new_library.replace(library)
        return library, made.read_bytes()
