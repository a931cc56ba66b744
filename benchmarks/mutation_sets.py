"""Which modules mutation testing and the coverage of the mirror are about, and their tests."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import MappingProxyType

#: Modules of the mirror that make no call and so have no C_FILE.
HEADERS = ("osdep", "numa_info", "boards")
JUDGE = ("alignment", "backend_calls", "judge", "log", "replay", "search", "strace", "verdict")
#: The fast tests that say what each set is to do.
TESTS = MappingProxyType(
    {
        "mirror": (
            "test_mirror_*.py",
            "test_recorded_runs.py",
            "test_numa_recorded.py",
            "test_numa.py",
            "test_machine_options.py",
        ),
        "judge": ("test_oracle_*.py", "test_judge_*.py"),
    }
)


def package_directory() -> Path:
    """Return where the package is: as installed, else in this checkout."""
    spec = importlib.util.find_spec("qemu_model")
    if spec is None:
        sys.path.append(str(Path(__file__).parent.parent))
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
    judge = [package / "oracle" / f"{name}.py" for name in JUDGE]
    return {"mirror": mirror, "judge": [path for path in judge if path.exists()]}
