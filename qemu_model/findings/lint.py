"""Many lines at once: the findings of each, as JSON and SARIF too."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import attrs

from ..input.found import QemuLine
from ..records import Record
from ..revision import Revision
from .case import case_of, place_called
from .finding import SEVERITIES, Finding, Severity
from .registry import RULES, findings_of

SARIF_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
#: What a line of options that came from no file is called.
COMMAND_LINE: Final = "command-line"


@attrs.frozen(eq=False, repr=False)
class Linted(Record):
    """One input: its name, the line found in it, the tree, whether it starts, its findings."""

    name: str
    line: QemuLine
    revision: Revision
    because: str
    starts: bool
    findings: tuple[Finding, ...]

    def __str__(self) -> str:
        """Return the findings, a line and its fix for each."""
        return "\n".join(map(str, self.findings)) or "No findings."

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "input": self.name,
            "line": self.line.line,
            "revision": self.revision.name,
            "revision_because": self.because,
            "starts": self.starts,
            "findings": [finding.to_json() for finding in self.findings],
        }


def lint(line: QemuLine, revision: Revision, because: str, host: str, name: str) -> Linted:
    """Return the findings of a line.

    Raises :class:`~qemu_model.host.profiles.ProfileError` for a profile that is not there.
    """
    from ..explain.parts import parts_of

    parts = parts_of(line.options)
    place = place_called(host, parts)
    case = case_of(line.options, revision, place, parts=parts, told=line.behind)
    return Linted(name, line, revision, because, case.starts, findings_of(case))


def worst(linted: Sequence[Linted]) -> Severity | None:
    """Return the gravest severity among the findings, None if there is none."""
    levels = [finding.level for one in linted for finding in one.findings]
    return max(levels, key=SEVERITIES.__getitem__, default=None)


def sarif(linted: Sequence[Linted], version: str) -> dict[str, Any]:
    """Return the findings as a SARIF 2.1.0 log."""
    places = {rule.code: place for place, rule in enumerate(RULES)}
    return {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "qemu-model",
                        "version": version,
                        "rules": [_sarif_rule(place) for place in range(len(RULES))],
                    }
                },
                "results": [
                    _sarif_result(one, finding, places)
                    for one in linted
                    for finding in one.findings
                ],
            }
        ],
    }


def _sarif_rule(place: int) -> dict[str, Any]:
    rule = RULES[place]
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.meaning},
        "defaultConfiguration": {"level": rule.severity},
    }


def _sarif_result(one: Linted, finding: Finding, places: dict[str, int]) -> dict[str, Any]:
    fix = f" Fix: {finding.fix}" if finding.fix else ""
    return {
        "ruleId": finding.rule.code,
        "ruleIndex": places[finding.rule.code],
        "level": finding.level,
        "message": {"text": f"{finding.text} {finding.why}{fix}".strip()},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(one.name)},
                    "region": {"startLine": one.line.line},
                }
            }
        ],
    }


def _uri(name: str) -> str:
    from urllib.parse import quote

    return quote(name, safe="/:@", errors="surrogateescape")
