"""The environment that the tests run in: the wheel of this checkout and what its tests need.

It is kept between runs.  Its packages are installed again when ``pyproject.toml`` or the
Python changed, the wheel when a file of it changed.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
#: What the wheel is made from.
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "qemu_model", "share")


class EnvironmentFailed(Exception):
    """The environment cannot be made; the text says why."""


class Environment:
    """The directory, and what could not be installed into it."""

    def __init__(self) -> None:
        given = os.environ.get("QEMU_MODEL_TEST_ENVIRONMENT")
        self.directory = Path(given) if given else CHECKOUT / ".cache" / "test-environment"
        self.wheels = CHECKOUT / ".cache" / "wheel"
        self.missing: list[str] = []

    def program(self, name: str) -> str:
        """Return the path of one of its programs."""
        return str(self.directory / "bin" / name)

    def prepare(self) -> None:
        """Make it, or bring it up to date; raises :class:`EnvironmentFailed`."""
        (CHECKOUT / ".cache").mkdir(exist_ok=True)
        packages = digest(["pyproject.toml"], sys.version)
        if self._stamp("packages") != packages:
            self._make()
            self._write_stamp("packages", packages)
        wheel = digest(SOURCES, packages)
        if self._stamp("wheel") != wheel:
            self._install_wheel()
            self._write_stamp("wheel", wheel)

    def _stamp(self, name: str) -> str:
        path = self.directory / f"made-from-{name}"
        return path.read_text() if path.exists() else ""

    def _write_stamp(self, name: str, value: str) -> None:
        (self.directory / f"made-from-{name}").write_text(value)

    def _make(self) -> None:
        print(f"=== making {self.directory}", flush=True)
        if importlib.util.find_spec("ensurepip") is None:
            raise EnvironmentFailed("python3-venv is missing: sudo apt-get install python3-venv")
        shutil.rmtree(self.directory, ignore_errors=True)
        self._call([sys.executable, "-m", "venv", str(self.directory)])
        # Dependency groups need pip 25.1.
        self._pip("install", "-U", "pip>=25.1")
        self._pip("install", "--group", "test")

    def _install_wheel(self) -> None:
        print("=== building and installing the wheel", flush=True)
        shutil.rmtree(self.wheels, ignore_errors=True)
        self._pip("wheel", "--no-deps", "-w", str(self.wheels), ".")
        (wheel,) = self.wheels.glob("*.whl")
        self._pip("install", f"{wheel}[testing]")
        # The version may be the one that is installed, and the files others.
        self._pip("install", "--no-deps", "--force-reinstall", str(wheel))

    def has_fuzzer(self) -> bool:
        """Install atheris if it is not there; whether it is now."""
        asked = subprocess.run(
            [self.program("python"), "-c", "import atheris"], check=False, capture_output=True
        )
        if asked.returncode == 0:
            return True
        try:
            self._pip("install", "--group", "fuzz")
        except EnvironmentFailed:
            version = ".".join(map(str, sys.version_info[:2]))
            self.missing.append(f"fuzzing with atheris: no package of it for Python {version}")
            return False
        return True

    def _pip(self, *words: str) -> None:
        self._call(
            [self.program("python"), "-m", "pip", "-q", "--disable-pip-version-check", *words]
        )

    def _call(self, command: list[str]) -> None:
        done = subprocess.run(command, cwd=CHECKOUT, check=False)
        if done.returncode:
            raise EnvironmentFailed(f"this failed with {done.returncode}: {' '.join(command)}")


def digest(names: list[str] | tuple[str, ...], more: str) -> str:
    """Return a number for the content of files and of all files in directories."""
    found = hashlib.sha256(more.encode())
    for name in names:
        top = CHECKOUT / name
        paths = sorted(top.rglob("*")) if top.is_dir() else [top]
        for path in paths:
            if path.is_file() and "__pycache__" not in path.parts:
                found.update(str(path.relative_to(CHECKOUT)).encode() + b"\0")
                found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()
