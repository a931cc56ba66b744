"""Which modules mutation testing and the coverage of the mirror are about, and their tests."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import MappingProxyType
from typing import Final

CHECKOUT: Final = Path(__file__).parent.parent
#: Modules of the mirror that make no call and so have no C_FILE.
HEADERS: Final = ("osdep", "numa_info", "boards")
#: The folders, and the file of recorded faults, whose tests say what each set is to do.
TESTS: Final = MappingProxyType(
    {
        "mirror": ("mirror", "recorded", "releases", "series", "kernel/test_faults.py"),
        "judge": ("judge", "recorded"),
    }
)
#: How pytest runs them.  It rewrites the assertions of all of a package that has a plugin, as
#: ours: its finder would read a module's file in place of the mutant.
OPTIONS: Final = ("-q", "-m", "not whole", "-p", "no:cacheprovider", "--assert=plain")


def tests_of(name: str) -> list[str]:
    """Return the folders of a set's tests, as from the checkout."""
    return [f"tests/{folder}" for folder in TESTS[name]]


def package_directory() -> Path:
    """Return where the package is: as installed, else in this checkout."""
    spec = importlib.util.find_spec("qemu_model")
    if spec is None:
        sys.path.append(str(CHECKOUT))
        spec = importlib.util.find_spec("qemu_model")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def files_of(package: Path) -> dict[str, list[Path]]:
    """Return the files of each set."""
    mirror = [
        path
        for path in sorted(package.glob("*.py"))
        if path.stem in HEADERS or "\nC_FILE = " in path.read_text()
    ]
    return {"mirror": mirror, "judge": sorted((package / "judge").glob("*.py"))}
