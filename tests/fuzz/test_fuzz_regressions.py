"""What fuzzing has found, and what it finds: each input is kept, and answered ever since.

A new one goes into ``data/found`` under the name of its target, a dash, and what it is.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "fuzz"))

import targets

FOUND = sorted((Path(__file__).parents[1] / "data" / "found").iterdir())


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.name)
def test_what_was_found_once_is_answered(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QEMU_MODEL_TRACEBACK", "1")
    target = path.name.partition("-")[0]
    with targets.patience():
        targets.TARGETS[target](path.read_bytes())
