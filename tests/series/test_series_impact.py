"""What the series claims, held against the whole matrix; and the claims can fail."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import jsonschema
import pytest

import qemu_model
from qemu_model import hostmem_file, messages, revision
from qemu_model.review import space
from qemu_model.review.impact import Impact, impact, template
from qemu_model.review.impact_markdown import markdown
from qemu_model.review.outcome import outcome
from qemu_model.review.theorems import PATCH_4_TEXTS, THEOREMS
from qemu_model.revision import SERIES, V7, V8, Revision

pytestmark = pytest.mark.xdist_group("impact")

SCHEMAS = Path(qemu_model.__file__).parent / "schemas"
#: Lines that show every patch at work, on one host.
SAMPLE = [(place, "ext4") for place in range(len(space.LINES))]


@pytest.fixture(scope="session")
def whole() -> Impact:
    return impact(workers=2)


def holds(number: int, found: Impact) -> bool:
    (theorem,) = [theorem for theorem in THEOREMS if theorem.patch == number]
    return theorem.holds(found.tallies)


def series_with(number: int, tree: Revision) -> tuple[Revision, ...]:
    """Return the trees of the series with another one after patch ``number``, and from there."""
    return tuple(tree if place >= number else one for place, one in enumerate(SERIES))


def test_the_matrix_has_at_least_twenty_thousand_runs(whole: Impact) -> None:
    assert whole.runs >= 20_000


# The claims


def test_patch_1_changes_only_what_is_freed(whole: Impact) -> None:
    tally = whole.tallies[0]
    assert (tally.calls, tally.messages) == (0, 0)
    assert tally.examples["leaks"].before == ("1 string",)
    assert tally.examples["leaks"].after == ()
    assert holds(1, whole)


def test_patch_2_changes_nothing_in_any_run(whole: Impact) -> None:
    assert whole.tallies[1].any == 0
    assert holds(2, whole)


def test_patch_3_alone_changes_nothing_in_any_run(whole: Impact) -> None:
    assert whole.tallies[2].any == 0
    assert holds(3, whole)


def test_patch_4_changes_exactly_four_messages(whole: Impact) -> None:
    tally = whole.tallies[3]
    assert (tally.calls, tally.leaks) == (0, 0)
    assert set(tally.texts) == PATCH_4_TEXTS
    assert len(PATCH_4_TEXTS) == 4
    assert holds(4, whole)


def test_patch_5_changes_only_runs_that_say_sync_or_list_the_options(whole: Impact) -> None:
    tally = whole.tallies[4]
    assert tally.unrelated is None
    assert tally.calls > 0
    assert ("", "  sync=<bool>") in tally.texts
    assert holds(5, whole)


# The claims can fail: each model is broken on purpose


def test_a_patch_1_that_frees_nothing_breaks_its_claim() -> None:
    broken = series_with(1, attrs.evolve(SERIES[1], numa=SERIES[0].numa))
    assert holds(1, impact(workers=1, only=SAMPLE))
    assert not holds(1, impact(broken, workers=1, only=SAMPLE))


def test_a_patch_2_with_the_constant_of_v7_breaks_its_claim() -> None:
    broken = series_with(2, attrs.evolve(SERIES[2], oslib_posix=V7.oslib_posix))
    assert holds(2, impact(workers=1, only=SAMPLE))
    assert not holds(2, impact(broken, workers=1, only=SAMPLE))


def test_a_patch_3_that_needs_no_ram_sync_breaks_its_claim() -> None:
    eager = attrs.evolve(SERIES[3].policy, needs=revision.POLICIES["qemu-4.1"].needs)
    broken = series_with(3, attrs.evolve(SERIES[3], policy=eager))
    assert holds(3, impact(workers=1, only=SAMPLE))
    assert not holds(3, impact(broken, workers=1, only=SAMPLE))


def test_a_patch_4_that_misses_a_message_breaks_its_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    def _refuse_change(_qemu: Any, backend: Any, _name: str) -> None:
        if backend.mr.size:
            raise messages.CANNOT_CHANGE_VALUE.error()

    assert holds(4, impact(workers=1, only=SAMPLE))
    monkeypatch.setattr(hostmem_file, "_refuse_change", _refuse_change)
    assert not holds(4, impact(workers=1, only=SAMPLE))


def test_a_patch_5_that_is_on_by_default_breaks_its_claim() -> None:
    always = attrs.evolve(V8.policy, default="on")
    broken = series_with(5, attrs.evolve(V8, policy=always))
    assert holds(5, impact(workers=1, only=SAMPLE))
    assert not holds(5, impact(broken, workers=1, only=SAMPLE))


# The matrix


def test_the_result_does_not_depend_on_the_number_of_workers() -> None:
    assert impact(workers=1, only=SAMPLE).to_json() == impact(workers=3, only=SAMPLE).to_json()


@pytest.fixture(scope="session")
def outcomes() -> dict[tuple[int, str, str, str], Any]:
    """Return what each input comes to in all trees, without what the line itself says."""
    found = {}
    for place, host in space.units():
        for given, runs in space.unit_inputs(place, host, SERIES):
            key = (place, host, str(given.fault), str(given.change))
            assert key not in found, "the same input is counted once"
            found[key] = tuple(
                (
                    outcome(done).calls,
                    tuple(map(template, done.stderr)),
                    done.stdout,
                    template(json.dumps(done.replies)),
                    done.exit,
                    outcome(done).leaks,
                )
                for done in runs
            )
    return found


@pytest.mark.whole
def test_every_input_is_counted_once(
    whole: Impact, outcomes: dict[tuple[int, str, str, str], Any]
) -> None:
    assert whole.inputs == len(outcomes)


VALUES: list[list[Any]] = [
    list(range(len(space.LINES))),
    list(space.HOSTS),
    [str(fault) for fault in space.FAULTS],
    [str(change) for change in space.CHANGES],
]


def value_pairs() -> Iterator[tuple[int, Any, Any]]:
    for dimension in (1, 2, 3):
        for pair in itertools.combinations(VALUES[dimension], 2):
            yield (dimension, *pair)
    # Of the lines, those that differ in nothing but one of the three options.
    for setting in ("share=on", "pmem=on", "sync=on", "sync=off"):
        for place, line in enumerate(space.LINES):
            without = tuple(word.replace(f",{setting}", "") for word in line)
            if without != line and without in space.LINES:
                yield (0, (setting, space.LINES.index(without)), place)


def differ(outcomes: dict[tuple[int, str, str, str], Any], dimension: int, a: Any, b: Any) -> bool:
    """Whether two values of one dimension come to something else anywhere."""

    def at(place: list[Any]) -> Any:
        line, host, fault, change = place
        # An input that is not counted is the one without its fault, or without its change.
        for key in (
            (line, host, fault, change),
            (line, host, fault, "none"),
            (line, host, "None", change),
            (line, host, "None", "none"),
        ):
            if key in outcomes:
                return outcomes[key]
        raise KeyError(place)

    others = [values for place, values in enumerate(VALUES) if place != dimension]
    for rest in itertools.product(*others):
        left, right = list(rest), list(rest)
        left.insert(dimension, a)
        right.insert(dimension, b)
        if at(left) != at(right):
            return True
    return False


@pytest.mark.whole
def test_every_value_of_every_dimension_changes_an_outcome_somewhere(
    outcomes: dict[tuple[int, str, str, str], Any],
) -> None:
    settings: dict[str, bool] = {}
    alike = []
    for dimension, a, b in value_pairs():
        if dimension == 0:
            setting, without = a
            settings[setting] = settings.get(setting, False) or differ(outcomes, 0, without, b)
        elif not differ(outcomes, dimension, a, b):
            alike.append((a, b))
    assert alike == []
    assert settings == dict.fromkeys(("share=on", "pmem=on", "sync=on", "sync=off"), True)


def test_the_json_is_as_the_schema_says_and_names_every_tree(whole: Impact) -> None:
    shown = json.loads(json.dumps(whole.to_json()))
    schema = json.loads((SCHEMAS / "impact.schema.json").read_text())
    jsonschema.validate(shown, schema)
    assert shown["runs"] == whole.inputs * 6
    assert [one["patch"] for one in shown["patches"]] == [1, 2, 3, 4, 5]
    assert [tree["revision_meaning"] for tree in shown["revisions"]] == [
        tree.meaning for tree in SERIES
    ]


def test_the_page_in_the_documentation_is_what_the_model_says_now(whole: Impact) -> None:
    page = Path(__file__).parents[2] / "docs" / "impact.md"
    expected = page.read_text()
    assert expected == markdown(whole)
    assert re.search(r"\| 2 \|.*\| 0 \| 0 \| 0 \|", expected)
