"""The model's answers to every choice of the page: each different run kept once."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import concurrent.futures
import os
from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import attrs

from ..calls.event import Event
from ..host import profiles
from ..host.profile import Profile
from ..host.protocol import HostRefuses
from ..host.simulated import SimulatedHost
from ..process import BackendMapping, run
from ..revision import REVISIONS, Revision
from .controls import BACKENDS, PATH, Backend, Choice
from .reasons import Reason, reasons

#: Stands on a kept run's stderr for what follows ``-object`` on its line.
OBJECT_MARK = "{object}"


class WatchedRevision:
    """A revision that notes which of its fields a run looks at.

    Two revisions that agree in these fields give the same run, so one run serves both.
    """

    def __init__(self, tree: Revision) -> None:
        self._tree = tree
        self.read: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.read.add(name)
        return getattr(self._tree, name)


@attrs.frozen
class KeptRun:
    """A run without its line and its revision: what different lines can share.

    ``events`` keep the raw numbers; ``page_size`` in bytes is the platform's.
    ``refused`` says why the host would not go on, where it did not; then there is
    nothing else.
    """

    exit: int | None
    livelock: str | None
    stderr: tuple[str, ...]
    events: tuple[Event, ...]
    mappings: tuple[BackendMapping, ...]
    leaks: tuple[int, int, int, tuple[str, ...]]
    page_size: int
    refused: str = ""


@attrs.define
class Pool:
    """Different runs, each with the number it got when it came."""

    runs: list[KeptRun] = attrs.field(factory=list)
    numbers: dict[KeptRun, int] = attrs.field(factory=dict)

    def number(self, kept: KeptRun) -> int:
        """Return the number of ``kept``, a new one if no equal run is there."""
        found = self.numbers.get(kept)
        if found is None:
            found = self.numbers[kept] = len(self.runs)
            self.runs.append(kept)
        return found


@attrs.frozen
class HostAnswers:
    """All answers of one host: the different runs, and for each backend the run's numbers.

    The numbers stand in the order of :meth:`.Backend.combinations`, and in each
    combination in the order of the revisions.  ``reasons`` are those of
    :func:`.reasons.reasons`; ``runs_made`` counts runs of the model.
    """

    host: str
    runs: tuple[KeptRun, ...]
    numbers: Mapping[str, array[int]]
    reasons: Mapping[str, Sequence[Reason | None]]
    runs_made: int


def with_path(profile: Profile, choice: Choice) -> dict[str, Any]:
    """Return the document of a profile like ``profile`` with ``choice`` at its path."""
    return {
        "name": f"{profile.name}-{choice.key}",
        "title": f"{profile.title}; at the path: {choice.label}",
        "based_on": profile.name,
        "files": [{"path": profile.mem_path, **entry} for entry in choice.files],
    }


def path_is_a_device(profile: Profile) -> bool:
    """Return whether the profile's path is a device: then nothing else can be there."""
    plan = profile.files.get(profile.mem_path)
    return plan is not None and plan.kind == "device"


def machines(name: str) -> Mapping[str, Profile]:
    """Return the profile ``name`` with each choice of what is at its path."""
    profile = profiles.load(name)
    if path_is_a_device(profile):
        return dict.fromkeys((choice.key for choice in PATH.choices), profile)
    return {
        choice.key: profiles.build(with_path(profile, choice)) if choice.files else profile
        for choice in PATH.choices
    }


def keep(line: Sequence[str], profile: Profile, tree: Revision) -> KeptRun:
    """Run the model on ``line`` and return the run as it is kept."""
    try:
        done = run(line, SimulatedHost(profile), tree)
    except HostRefuses as refusal:
        return KeptRun(None, None, (), (), (), (0, 0, 0, ()), 0, str(refusal))
    leaks = done.leaks
    return KeptRun(
        done.exit,
        done.livelock,
        tuple(text.replace(line[1], OBJECT_MARK) for text in done.stderr),
        done.events,
        done.mappings,
        (leaks.fds, leaks.mappings, leaks.strings, leaks.files),
        profile.platform.page_size,
    )


def _of_each_revision(
    line: Sequence[str], profile: Profile, revisions: Sequence[Revision], pool: Pool
) -> tuple[list[int], int]:
    """Return the number of each revision's run, and how many runs that took."""
    seen: list[tuple[tuple[tuple[str, Any], ...], int]] = []
    numbers: list[int] = []
    for tree in revisions:
        for fields, number in seen:
            if all(getattr(tree, field) == value for field, value in fields):
                numbers.append(number)
                break
        else:
            watched = WatchedRevision(tree)
            number = pool.number(keep(line, profile, cast(Revision, watched)))
            seen.append((tuple((field, getattr(tree, field)) for field in watched.read), number))
            numbers.append(number)
    return numbers, len(seen)


def _of_backend(
    backend: Backend,
    machine: Mapping[str, Profile],
    revisions: Sequence[Revision],
    pool: Pool,
) -> tuple[array[int], int]:
    numbers = array("I")
    made = 0
    known: dict[tuple[str, int], list[int]] = {}
    for choices in backend.combinations():
        profile = machine[choices[0].key if backend.has_path else PATH.choices[0].key]
        text = backend.object_text(profile.mem_path, choices)
        # Where the path is a device, every choice of what is there is the same machine.
        place = (text, id(profile))
        if place not in known:
            known[place], runs = _of_each_revision(("-object", text), profile, revisions, pool)
            made += runs
        numbers.extend(known[place])
    return numbers, made


def answers_of_host(name: str, revisions: Sequence[str]) -> HostAnswers:
    """Return the answers of the host with the profile ``name``, in each of ``revisions``."""
    trees = [REVISIONS[revision] for revision in revisions]
    machine = machines(name)
    pool = Pool()
    numbers: dict[str, array[int]] = {}
    made = 0
    for backend in BACKENDS:
        numbers[backend.key], runs = _of_backend(backend, machine, trees, pool)
        made += runs
    why = {backend.key: reasons(backend, name, revisions) for backend in BACKENDS}
    return HostAnswers(name, tuple(pool.runs), numbers, why, made)


def answers(
    hosts: Sequence[str],
    revisions: Sequence[str],
    on_host: Callable[[], None] = lambda: None,
) -> list[HostAnswers]:
    """Return the answers of all ``hosts``, in their order, worked out on all processors.

    ``on_host`` is called as each host is done.
    """
    workers = min(len(hosts), os.cpu_count() or 1)
    done = []
    if workers == 1:
        for host in hosts:
            done.append(answers_of_host(host, revisions))
            on_host()
        return done
    with concurrent.futures.ProcessPoolExecutor(workers) as executor:
        futures = [executor.submit(answers_of_host, host, revisions) for host in hosts]
        try:
            for future in futures:
                done.append(future.result())
                on_host()
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            raise
    return done
