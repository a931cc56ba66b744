"""Which modules mutation testing and the coverage of the mirror are about, and their tests."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import MappingProxyType

CHECKOUT = Path(__file__).parent.parent
#: Modules of the mirror that make no call and so have no C_FILE.
HEADERS = ("osdep", "numa_info", "boards")
#: The folders of the tests that say what each set is to do.
TESTS = MappingProxyType(
    {
        "mirror": ("mirror", "recorded", "releases", "series"),
        "judge": ("judge", "recorded"),
    }
)


def tests_of(name: str) -> list[str]:
    """Return the files of a set's tests, as from the checkout."""
    found = (path for folder in TESTS[name] for path in (CHECKOUT / "tests" / folder).glob("*.py"))
    return sorted(str(path.relative_to(CHECKOUT)) for path in found)


def options_of_tests() -> list[str]:
    """Return the options with which pytest runs them."""
    return [
        *("-q", "-m", "not whole", "-p", "no:cacheprovider"),
        # pytest rewrites the assertions of all of a package that has a plugin of its own, as
        # ours: its finder would read the module's file in place of the mutant.
        "--assert=plain",
    ]


def package_directory() -> Path:
    """Return where the package is: as installed, else in this checkout."""
    spec = importlib.util.find_spec("qemu_model")
    if spec is None:
        sys.path.append(str(CHECKOUT))
        spec = importlib.util.find_spec("qemu_model")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def module_of(file: str, package: Path) -> str:
    """Return the name under which a file of the package is imported."""
    return ".".join(Path(file).relative_to(package.parent).with_suffix("").parts)


def files_of(package: Path) -> dict[str, list[Path]]:
    """Return the files of each set."""

    mirror = [
        path
        for path in sorted([*package.glob("*.py")])
        if path.stem in HEADERS or "\nC_FILE = " in path.read_text()
    ]
    return {"mirror": mirror, "judge": sorted((package / "judge").glob("*.py"))}
