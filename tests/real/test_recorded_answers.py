"""The installed QEMU 7.2 still answers as it did when its answers were recorded.

The model is held against the recordings in ``../recorded``; here the recordings are held
against the program.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import lines_7_2
import mirror_lines
import mirror_orders
import pytest
from mirror_lines import needs_recorded_qemu

ANSWERS_3_1: dict[str, Any] = json.loads(mirror_lines.RECORDED.read_text())
ANSWERS_7_2: dict[str, Any] = json.loads(lines_7_2.RECORDED.read_text())


@pytest.fixture(scope="module", autouse=True)
def _recorded_qemu() -> None:
    needs_recorded_qemu()


@pytest.mark.sampled(60)
@pytest.mark.parametrize("line", mirror_lines.LINES)
def test_a_line_with_a_machine_of_3_1_is_answered_as_recorded(line: str) -> None:
    assert ANSWERS_3_1[line] == mirror_lines.real(line)


@pytest.mark.sampled(60)
@pytest.mark.parametrize("line", lines_7_2.LINES)
def test_a_line_is_answered_as_recorded(line: str, tmp_path: Path) -> None:
    said = lines_7_2.real(line, tmp_path)
    said["stderr"] = [text.replace(str(tmp_path), "PLACE") for text in said["stderr"]]
    assert said == ANSWERS_7_2[line]


def test_dictionaries_and_backends_are_listed_in_the_recorded_order() -> None:
    assert mirror_orders.real() == json.loads(mirror_orders.RECORDED.read_text())
