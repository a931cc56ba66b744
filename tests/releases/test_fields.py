"""Every difference between trees is one field, one row or one text, and shows in a run."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator

import field_evidence
import pytest
from field_evidence import value_of, with_value

from qemu_model.review.outcome import outcome
from qemu_model.review.releases import shown_runs
from qemu_model.revision import BASE, POSTINGS, RELEASES, SERIES, V8, find
from qemu_model.revisions.fields import Difference, differences
from qemu_model.revisions.measured import measured_in
from qemu_model.revisions.release import release_text
from qemu_model.revisions.revision import Revision

#: Which stored answers of real QEMUs show each field.
EVIDENCE = json.loads(field_evidence.EVIDENCE.read_text())
FIELDS = dict(differences(Revision))
#: The releases in the order of their code: the series is of a tree between 3.1 and 4.0.
IN_ORDER = [RELEASES[0], BASE, *RELEASES[1:]]


def setters(name: str) -> Iterator[str]:
    """Yield the releases, patches and postings whose function gives the field another value."""
    for before, after in itertools.pairwise(IN_ORDER):
        if value_of(before, name) != value_of(after, name):
            yield release_text(after.release)
    for before, after in itertools.pairwise(SERIES):
        if value_of(before, name) != value_of(after, name):
            yield f"V8/{SERIES.index(after)}"
    for tree in POSTINGS:
        if value_of(tree, name) not in (value_of(BASE, name), value_of(V8, name)):
            yield tree.name


@pytest.mark.parametrize(("name", "known"), FIELDS.items(), ids=list(FIELDS))
def test_a_field_is_since_the_first_function_that_sets_it(name: str, known: Difference) -> None:
    found = list(setters(name))
    patches = [one for one in found if one.startswith("V8/")]
    assert known.since.upper() == (patches or found)[0].upper()


@pytest.mark.parametrize(("name", "known"), FIELDS.items(), ids=list(FIELDS))
def test_a_fields_example_runs_differently_without_the_field(name: str, known: Difference) -> None:
    default = value_of(RELEASES[0], name)
    tree = next((tree for tree in IN_ORDER if value_of(tree, name) != default), None)
    tree = tree or (V8 if known.since.startswith("V8/") else find(known.since))
    with_it, without = shown_runs(known.shown, (tree, with_value(tree, name, default)))
    assert outcome(with_it) != outcome(without)


def test_every_field_names_a_c_function() -> None:
    wrong = [
        name
        for name, known in FIELDS.items()
        if ".c:" not in known.function and ".h:" not in known.function
    ]
    assert wrong == []


def test_recorded_qemus_contradict_a_measured_field_with_its_other_value() -> None:
    """The stored answers that ``field_evidence.json`` names, with and without the field."""
    wrong = []
    for name in FIELDS:
        sides = {side: tuple(place) for side, place in EVIDENCE.get(name, {}).items()}
        wrong += [
            (name, place)
            for place in sides.values()
            if not field_evidence.agrees(place, field_evidence.tree_of(place))
            or not field_evidence.shows(place, name)
        ]
        if field_evidence.measured(sides) != measured_in(name):
            wrong.append((name, measured_in(name)))
    assert wrong == []


@pytest.mark.whole
def test_no_stored_line_contradicts_a_field_that_is_only_read() -> None:
    lines = (place for place in field_evidence.places() if place[0] in field_evidence.LINES)
    found = {
        name: field_evidence.both_sides(name, read_for)
        for name, read_for in field_evidence.by_field(lines).items()
        if name not in EVIDENCE
    }
    assert {name: sides for name, sides in found.items() if sides} == {}
