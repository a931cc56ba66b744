"""What a comparison of two QEMUs found: for people, as JSON, as JUnit."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final
from xml.etree import ElementTree

import attrs

from .against import Comparison, Group, Side, Status, groups, principal
from .conform_place import Target
from .conform_worker import Worker
from .driver import check_traceable
from .junit import printable, to_text
from .parallel import in_parallel

#: How many kinds of differences are shown in words.
_SHOWN: Final = 30
#: How many cases of a kind are named.
_NAMED: Final = 3
#: How many differences of a kind's first case are shown.
_LINES: Final = 3


@attrs.frozen
class AgainstReport:
    """The comparisons of ``one`` with ``other``, in the order of the cases."""

    one: Side
    other: Side
    results: tuple[Comparison, ...]

    def of(self, status: Status) -> list[Comparison]:
        """Return the comparisons with that status."""
        return [result for result in self.results if result.status == status]

    @property
    def status(self) -> int:
        """The exit status: 1 where something differs that no release explains, otherwise 0.

        125, which ``git bisect run`` skips, where no case could be run.
        """
        if self.of("different"):
            return 1
        return 125 if self.results and len(self.of("not run")) == len(self.results) else 0

    def to_json(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "binary": self.one.qemu.binary,
            "version": self.one.qemu.version,
            "revision": self.one.revision.name,
            "against": {
                "binary": self.other.qemu.binary,
                "version": self.other.qemu.version,
                "revision": self.other.revision.name,
            },
            "cases": len(self.results),
            "same": len(self.of("same")),
            "different": [result.to_json() for result in self.of("different")],
            "known": [result.to_json() for result in self.of("known")],
            "not_run": [{"name": one.name, "why": one.why} for one in self.of("not run")],
            "kinds": [
                {
                    "kind": group.kind,
                    "release": group.release or None,
                    "example": principal(group.example).to_json(),
                    "cases": list(group.cases),
                }
                for group in groups(self.results)
            ],
        }

    def to_junit(self) -> str:
        """Return the results as JUnit XML, as CI servers read it."""
        suite = ElementTree.Element(
            "testsuite",
            name=f"{self.one.qemu.version} against {self.other.qemu.version}",
            tests=str(len(self.results)),
            failures=str(len(self.of("different"))),
            skipped=str(len(self.of("not run"))),
            time=f"{sum(result.seconds for result in self.results):.3f}",
        )
        for result in self.results:
            family, _, what = result.name.partition("/")
            case = ElementTree.SubElement(
                suite,
                "testcase",
                classname=f"against.{family}",
                name=printable(what),
                time=f"{result.seconds:.3f}",
            )
            if result.status == "different":
                why = printable("\n".join(one.in_words() for one in result.differences))
                ElementTree.SubElement(case, "failure", message=why.split("\n")[0]).text = why
            elif result.status == "not run":
                ElementTree.SubElement(case, "skipped", message=printable(result.why))
        return to_text(suite)

    def in_words(self) -> str:
        """Return the report: unexplained kinds of differences first, then those of releases."""
        lines = []
        found = groups(self.results)
        unexplained = [group for group in found if not group.release]
        for kinds in (unexplained, [group for group in found if group.release]):
            for group in kinds[:_SHOWN]:
                lines += _in_words(group)
            if len(kinds) > _SHOWN:
                lines.append(f"and {len(kinds) - _SHOWN} more kinds (--json has them)")
        for why in sorted({one.why for one in self.of("not run")}):
            count = sum(one.why == why for one in self.of("not run"))
            lines.append(f"not run: {_counted(count)}: {why}")
        counts = f"{len(self.of('same'))} cases are the same, {len(self.of('different'))} differ, "
        counts += f"{len(self.of('known'))} differ as the releases do, "
        counts += f"{len(self.of('not run'))} not run"
        lines.append(f"{self.one.qemu.version} against {self.other.qemu.version}: {counts}")
        return "\n".join(lines) + "\n"


def _counted(cases: int) -> str:
    return "1 case" if cases == 1 else f"{cases} cases"


def _in_words(group: Group) -> list[str]:
    """Return a group: what explains it, the cases, and what differs in the first of them."""
    head = f"known, from {group.release}" if group.release else "DIFFERENT"
    more = f" and {len(group.cases) - _NAMED} more" if len(group.cases) > _NAMED else ""
    lines = [f"{head}: {_counted(len(group.cases))}: {', '.join(group.cases[:_NAMED])}{more}"]
    first = principal(group.example)
    others = [one for one in group.example.differences if one != first]
    for difference in (first, *others[: _LINES - 1]):
        if difference.other:
            lines.append(f"    - {difference.part}: {difference.other}")
        if difference.one:
            lines.append(f"    + {difference.part}: {difference.one}")
    left = len(others) - (_LINES - 1)
    if left > 0:
        lines.append(f"    and {left} more differences in this case")
    return lines


def conform_against(
    one: Side,
    other: Side,
    names: Sequence[str],
    *,
    lines: Sequence[Sequence[str]] = (),
    jobs: int = 1,
    target: Target | None = None,
    on_result: Callable[[Comparison], None] | None = None,
) -> dict[str, Comparison]:
    """Run the cases called ``names`` on both QEMUs and compare; the results by name.

    ``lines`` are command lines of one's own, the cases ``line/1`` and so on.  For the other
    arguments and the errors see :func:`~qemu_model.conform.conformance.conform`.
    """

    for side in (one, other):
        check_traceable(side.qemu)

    def make_worker(*places: Any) -> Worker:
        return Worker(one.qemu, one.revision, *places, other=other, lines=lines)

    return in_parallel(names, make_worker, Worker.compare_sides, jobs, target, on_result)
