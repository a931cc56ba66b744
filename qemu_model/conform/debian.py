"""Unpack the QEMU of a Debian suite into a cache, without installing it.

apt works in a directory of its own, ``dpkg-deb -x`` unpacks the packages below one root,
and patchelf makes the binary use the loader and the libraries of that root.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Final

from attrs import frozen

from .errors import DriverError

PREFIX: Final = "debian:"


@frozen
class Suite:
    """A suite: its QEMU, recorded runs of which come with the tests, and what apt needs too."""

    qemu: str
    others: tuple[str, ...] = ()


SUITES: Final[Mapping[str, Suite]] = MappingProxyType(
    {
        "bullseye": Suite("5.2"),
        "bookworm": Suite("7.2"),
        "trixie": Suite("10.0"),
        "trixie-backports": Suite("11.1", others=("trixie",)),
    }
)
PROCESSOR: Final = "x86_64"
#: The package that has the QEMU for a processor; s390x has its own since trixie.
_PACKAGES: Final = MappingProxyType(
    {
        "x86_64": "qemu-system-x86",
        "aarch64": "qemu-system-arm",
        "arm": "qemu-system-arm",
        "ppc64": "qemu-system-ppc",
        "s390x": "qemu-system-s390x",
    }
)
_IN_MISC: Final = frozenset({"bullseye", "bookworm"})
_MIRROR: Final = "http://deb.debian.org/debian"
_KEYRING: Final = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_URI: Final = re.compile(r"'[^']*' \S+ (\d+) \S+")
_LOADERS: Final = ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu")
#: Seconds between two looks at how much has arrived.
_EVERY: Final = 0.2

#: Called with what is being done, and how many bytes of how many have arrived.
Progress = Callable[[str, int, int], None]


def cache_directory() -> Path:
    """Return where the unpacked QEMUs are kept: below ``XDG_CACHE_HOME`` or ``~/.cache``."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(home) / "qemu-model" / "debian"


def package_of(suite: str, processor: str) -> str:
    """Return the package of a suite that has the QEMU for a processor."""
    if processor == "s390x" and suite in _IN_MISC:
        return "qemu-system-misc"
    return _PACKAGES[processor]


def unpacked(spec: str, on_progress: Progress | None = None, processor: str = PROCESSOR) -> Path:
    """Return the QEMU of ``debian:SUITE`` for a processor, unpacked before or now.

    A new one appears in the cache when it is complete; an interruption leaves nothing.
    Raise :class:`~qemu_model.conform.errors.DriverError` for an unknown suite, a missing
    program, and where apt, dpkg-deb or patchelf fail.
    """
    suite = spec.removeprefix(PREFIX)
    if suite not in SUITES:
        raise DriverError(f"no suite '{suite}' to take a QEMU from: there are {', '.join(SUITES)}")
    cache = cache_directory()
    root = cache / (suite if processor == PROCESSOR else f"{suite}-{processor}")
    program_path = root / f"usr/bin/qemu-system-{processor}"
    if program_path.exists():
        return program_path
    for program in ("apt-get", "dpkg-deb", "patchelf"):
        if shutil.which(program) is None:
            raise DriverError(
                f"{program} is not installed, and {spec} needs it: apt-get install patchelf"
                if program == "patchelf"
                else f"{program} is not installed: {spec} can be unpacked on Debian only"
            )
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _locked(cache):
            if not program_path.exists():
                _unpack(suite, root, processor, on_progress or _silent)
    except OSError as error:
        raise DriverError(f"cannot unpack {spec} in {cache}: {error.strerror}") from error
    return program_path


def _silent(_step: str, _done: int, _total: int) -> None:
    pass


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Let one process at a time unpack into the directory."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _unpack(suite: str, root: Path, processor: str, on_progress: Progress) -> None:
    """Download the packages of a suite and unpack them; ``root`` appears last."""
    package_name = package_of(suite, processor)
    with tempfile.TemporaryDirectory(prefix=f".{suite}-", dir=root.parent) as directory:
        work = Path(directory)
        apt = apt_of_suite(work, suite)
        on_progress(f"reading Debian {suite}'s package list", 0, 0)
        with _recordings_stand_in(suite):
            _run([*apt, "update"], f"apt-get update for {suite}")
            if not any((work / "lists").glob("*Packages*")):
                raise DriverError(f"the package list of {suite} cannot be read from {_MIRROR}")
            install = [*apt, "install", "--yes", "--no-install-recommends"]
            if "-" in suite:
                install += ["-t", suite]
            listed = _run([*install, "--print-uris", package_name], f"apt-get install for {suite}")
            total = sum(int(size) for size in _URI.findall(listed))
            with _watched(work / "cache/archives", total, on_progress):
                _run([*install, "--download-only", package_name], f"downloading QEMU for {suite}")
        new = work / "root"
        packages = sorted((work / "cache/archives").glob("*.deb"))
        for done, package in enumerate(packages):
            on_progress("unpacking packages", done, len(packages))
            _run(["dpkg-deb", "-x", str(package), str(new)], f"unpacking {package.name}")
        _use_own_libraries(new, root, f"usr/bin/qemu-system-{processor}")
        shutil.rmtree(root, ignore_errors=True)
        os.replace(new, root)


@contextmanager
def _recordings_stand_in(suite: str) -> Iterator[None]:
    """Add to an error what was not verified, and what the model was compared with instead."""
    try:
        yield
    except DriverError as error:
        raise DriverError(
            f"{error}; not verified: no case was run with its QEMU {SUITES[suite].qemu}. "
            "Recorded runs of it stand in: './run-tests quick' compares the model with them"
        ) from error


def apt_of_suite(work: Path, suite: str) -> list[str]:
    """Return an apt-get for a suite that keeps everything below ``work``, made ready there.

    Raises :class:`~qemu_model.conform.errors.DriverError` for an unknown suite.
    """
    if suite not in SUITES:
        raise DriverError(f"no suite '{suite}': there are {', '.join(SUITES)}")
    for part in ("lists/partial", "cache/archives/partial", "root"):
        (work / part).mkdir(parents=True)
    (work / "status").touch()
    signed = f"[signed-by={_KEYRING}] " if _KEYRING.exists() else ""
    lines = [f"deb {signed}{_MIRROR} {name} main\n" for name in (suite, *SUITES[suite].others)]
    (work / "sources.list").write_text("".join(lines), encoding="ascii")
    settings = {
        "Dir::Etc::sourcelist": work / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::State::Lists": work / "lists",
        "Dir::State::status": work / "status",
        "Dir::State::extended_states": work / "extended_states",
        "Dir::Cache": work / "cache",
        "Debug::NoLocking": "1",
        "APT::Architecture": "amd64",
        "APT::Architectures": "amd64",
        "APT::Sandbox::User": "root",
        "Acquire::Retries": "2",
        "Acquire::Languages": "none",
    }
    return ["apt-get", "-qq", *(f"-o{name}={value}" for name, value in settings.items())]


def _run(command: Sequence[str], what: str) -> str:
    """Run a program and return what it printed; it is ended when this process ends."""
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env={**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
        start_new_session=True,
    ) as process:
        try:
            printed, said = process.communicate()
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    if process.returncode:
        lines = [line for line in said.splitlines() if not line.startswith("W:")]
        why = lines[-1].removeprefix("E: ") if lines else f"status {process.returncode}"
        raise DriverError(f"{what} failed: {why}")
    return printed


@contextmanager
def _watched(directory: Path, total: int, on_progress: Progress) -> Iterator[None]:
    """Report how many bytes have arrived in ``directory``, until the block ends."""
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_EVERY):
            on_progress("downloading packages", _bytes_in(directory), total)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _bytes_in(directory: Path) -> int:
    arrived = 0
    for path in (*directory.glob("*.deb"), *directory.glob("partial/*")):
        try:
            arrived += path.stat().st_size
        except OSError:
            continue  # apt has renamed it meanwhile
    return arrived


def _use_own_libraries(new: Path, root: Path, program: str) -> None:
    """Make the program below ``new`` use the loader and libraries that will be below ``root``.

    A link to the loader can be absolute, so the name in the folder of libraries is used.
    """
    loader = next(
        (
            f"{folder}/ld-linux-x86-64.so.2"
            for folder in _LOADERS
            if os.path.exists(new / folder / "ld-linux-x86-64.so.2")
        ),
        None,
    )
    if loader is None or not (new / program).exists():
        raise DriverError("the unpacked packages have no loader or no QEMU for this processor")
    folders = sorted(
        {
            str(root / path.parent.relative_to(new))
            for folder in _LOADERS
            for depth in ("*.so*", "*/*.so*")
            for path in (new / folder).glob(depth)
            if path.parent.name != "qemu"
        }
    )
    _run(
        [
            "patchelf",
            *("--set-interpreter", str(root / loader)),
            *("--force-rpath", "--set-rpath", ":".join(folders)),
            str(new / program),
        ],
        "patchelf",
    )
