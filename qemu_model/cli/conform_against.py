"""``conform --against OTHER``: compare two real QEMUs with each other."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .conform_run import (
    AGAINST,
    INJECT,
    JOBS,
    JUNIT,
    QEMU,
    kept_results,
    progress,
    terminated_as_interrupted,
    unpacking,
    write_whole,
)
from .options import JSON, Words

if TYPE_CHECKING:
    from ..conform.against import Side
    from ..conform.conform_place import Target

#: What makes git bisect run skip a commit.
SKIP: Final = 125


def compare(
    words: Words,
    names: Sequence[str],
    lines: Sequence[Sequence[str]],
    target: Target | None,
) -> int:
    """Compare the QEMUs on the cases, print the report, and return the exit status."""
    from ..conform.against import Comparison
    from ..conform.against_report import AgainstReport, conform_against
    from ..conform.errors import DriverError

    try:
        one = _side(words.value(QEMU), words.values(INJECT))
        other = _side(words.value(AGAINST))
    except DriverError as error:
        return _skipped(str(error))
    jobs = words.number(JOBS, os.cpu_count() or 1)
    if lines:
        # One's own lines may name the same file.
        jobs = 1
    what: dict[str, object] = {
        "qemu": [one.qemu.binary, one.qemu.version, *one.qemu.inject],
        "against": [other.qemu.binary, other.qemu.version],
        "lines": [list(line) for line in lines],
    }
    try:
        with (
            terminated_as_interrupted(),
            kept_results(words, what, names) as (kept, keep),
            progress(len(names)) as on_result,
        ):

            def note(result: Comparison) -> None:
                keep(result.to_json())
                on_result(result.status)

            known = {name: Comparison.from_json(kept[name]) for name in names if name in kept}
            left = [name for name in names if name not in known]
            known |= conform_against(
                one, other, left, lines=lines, jobs=jobs, target=target, on_result=note
            )
    except DriverError as error:
        return _skipped(str(error))
    except OSError as error:
        return _skipped(f"there is no room for the cases: {error}")
    report = AgainstReport(one, other, tuple(known[name] for name in names if name in known))
    if words.has(JUNIT):
        write_whole(Path(words.value(JUNIT)), report.to_junit())
    if words.has(JSON):
        print(json.dumps(report.to_json(), indent=1))
    else:
        print(report.in_words(), end="")
    return report.status


def _skipped(reason: str) -> int:
    print(f"qemu-model conform: {reason}", file=sys.stderr)
    return SKIP


def _side(binary: str, inject: Sequence[str] = ()) -> Side:
    """Return a QEMU with the tree that models it, and say on stderr which that is."""
    from ..conform.against import Side
    from ..conform.conformance import detect
    from ..conform.driver import Qemu

    with terminated_as_interrupted(), unpacking() as on_progress:
        qemu = Qemu.at(binary, on_progress, inject)
    revision, how = detect(qemu)
    print(how, file=sys.stderr)
    return Side(qemu, revision)
