"""What pytest tells ``run-tests``: a line of JSON for each thing worth telling.

``tests/conftest.py`` writes the lines as they come, so that a run which is stopped has
told what failed until then.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Report:
    """How many tests passed, which failed, why others were skipped, which samples were drawn."""

    passed: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    samples: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> Report:
        """Return what a part told, nothing where it told nothing."""
        report = cls()
        if not path.exists():
            return report
        for line in path.read_text(encoding="utf-8").splitlines():
            told = json.loads(line)
            kind, text = told["kind"], told["text"]
            if kind == "passed":
                report.passed += 1
            elif kind == "failed":
                report.failed.append(text)
            elif kind == "skipped":
                report.skipped[text] += 1
            else:
                report.samples.append(text)
        return report
