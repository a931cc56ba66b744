"""All rules, and the findings of a line."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import attrs

from ..calls.said import errors_of
from . import (
    file_rules,
    node_rules,
    persistence_rules,
    ram_rules,
    resource_rules,
    start_rules,
    text_rules,
)
from .case import Case, case_of
from .finding import SEVERITIES, Finding, Rule

Check = Callable[[Case], Iterator[Finding]]

#: What looks for findings, in the order in which they are shown beside equals.
CHECKS: Final[tuple[Check, ...]] = (
    start_rules.refused,
    text_rules.failed_there,
    ram_rules.private_ram,
    resource_rules.huge_pages,
    resource_rules.no_room,
    resource_rules.too_much_memory,
    file_rules.short_files,
    persistence_rules.nvdimm_data,
    persistence_rules.pmem_without_dax,
    node_rules.missing_nodes,
    ram_rules.unused_backends,
    file_rules.partial_pages,
    file_rules.private_files,
    file_rules.discarded_data,
    file_rules.emptied_files,
    start_rules.warnings,
    start_rules.changes_later,
    persistence_rules.unarmed,
    resource_rules.locked_memory,
    node_rules.without_effect,
)
RULES: Final[tuple[Rule, ...]] = tuple(
    sorted(
        (
            value
            for module in (
                start_rules,
                text_rules,
                ram_rules,
                resource_rules,
                file_rules,
                persistence_rules,
                node_rules,
            )
            for value in vars(module).values()
            if isinstance(value, Rule)
        ),
        key=lambda rule: rule.code,
    )
)


#: Rules that say why QEMU does not start.
_ABOUT_THE_START: Final = (
    start_rules.REFUSED,
    start_rules.ENDLESS,
    start_rules.OTHER_RELEASE,
)


def found_in(case: Case) -> list[Finding]:
    """Return what the rules find, without looking whether a fix holds."""
    return [finding for check in CHECKS for finding in check(case)]


def findings_of(case: Case) -> tuple[Finding, ...]:
    """Return a line's findings, the gravest first; a fix that does not hold is left out.

    A fix on the line is run in the same tree on the same host: it holds if the finding is
    gone, and QEMU starts where it did before.
    """
    found = [_checked(case, finding) for finding in found_in(case)]
    refused = next((one for one in found if one.rule is start_rules.REFUSED and one.fix), None)
    if refused is not None:
        found = _named_by_rule(found, refused)
    told = next((one for one in found if one.rule is text_rules.FAILED_THERE and one.fix), None)
    if told is not None:
        found = [one for one in found if one is told or one.fix != told.fix]
    found.sort(key=lambda finding: -SEVERITIES[finding.level])
    return tuple(found)


def _named_by_rule(found: list[Finding], refused: Finding) -> list[Finding]:
    """Leave out that QEMU refuses the line where another rule says why, with the same fix."""
    same = [one for one in found if one is not refused and one.fix == refused.fix]
    if not same:
        return found
    return [
        attrs.evolve(one, severity="error") if one is same[0] else one
        for one in found
        if one is not refused
    ]


def _checked(case: Case, finding: Finding) -> Finding:
    if finding.args is None or holds(case, finding):
        return finding
    return attrs.evolve(finding, fix=finding.otherwise, args=None)


def holds(case: Case, finding: Finding) -> bool:
    """Return whether the finding is gone with the fix, and QEMU starts if it did before."""
    assert finding.args is not None
    after = case_of(finding.args, case.revision, case.place, case.qmp)
    if after.run.exit != 0:
        if case.run.exit == 0:
            return False
        # One fault at a time: the fix of the refusal counts if another message follows.
        if finding.rule in _ABOUT_THE_START:
            return errors_of(after.run) != errors_of(case.run)
    return all(other.same_as != finding.same_as for other in found_in(after))
