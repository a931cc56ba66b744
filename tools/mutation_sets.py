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
#: The judge of traces; what it looks up of a machine (``check --pid``, ``--path``) is not of it.
JUDGE = (
    "later_calls",
    "alignment",
    "backend_calls",
    "guesses",
    "judge",
    "log",
    "replay",
    "search",
    "strace",
    "verdict",
)
#: The tests that say what each set is to do.
TESTS = MappingProxyType(
    {
        "mirror": (
            "test_mirror_*.py",
            "test_recorded_runs.py",
            "test_numa_recorded.py",
            "test_numa.py",
            "test_machine_options.py",
        ),
        "v7_2": (
            "test_v7_2*.py",
            "test_lines_7_2.py",
            "test_machine_options.py",
            "test_mirror_accelerators.py",
            "test_mirror_orders.py",
            "test_mirror_qmp.py",
        ),
        "judge": ("test_oracle_*.py", "test_judge_*.py", "test_v7_2_recorded.py"),
    }
)
#: Tests of them that take too long to be run for each mutant.
TOO_LONG = (
    "judge/test_oracle_judge.py::test_whatever_is_broken_on_any_judged_line_is_found",
    "judge/test_oracle_strace.py::test_memory_does_not_grow_with_the_log",
)


def tests_of(name: str) -> list[str]:
    """Return the files of a set's tests, as from the checkout."""
    found = (
        path for pattern in TESTS[name] for path in sorted(CHECKOUT.glob(f"tests/*/{pattern}"))
    )
    return [str(path.relative_to(CHECKOUT)) for path in found]


def options_of_tests() -> list[str]:
    """Return the options with which pytest runs them."""
    return [
        *("-q", "-m", "not conform", "-p", "no:cacheprovider"),
        # pytest rewrites the assertions of all of a package that has a plugin of its own, as
        # ours: its finder would read the module's file in place of the mutant.
        "--assert=plain",
        *(f"--deselect=tests/{test}" for test in TOO_LONG),
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

    def mirrors(directory: Path) -> list[Path]:
        return [
            path
            for path in sorted(directory.glob("*.py"))
            if path.stem in HEADERS or "\nC_FILE = " in path.read_text()
        ]

    return {
        "mirror": mirrors(package),
        "v7_2": mirrors(package / "v7_2"),
        "judge": [package / "judge" / f"{name}.py" for name in JUDGE],
    }
