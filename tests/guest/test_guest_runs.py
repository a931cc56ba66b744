"""The model and a real QEMU on real DAX: options, recordings, traces.

The gate does 24 runs in the guest, drawn by the commit; ``--whole`` does all.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
from calls import logged_calls, modelled_calls
from guests import Storage, packages
from recordings import Recording, recordings
from sampling import drawn, others_whole

from qemu_model.host import linux, profiles
from qemu_model.host.simulated import SimulatedHost
from qemu_model.process import run
from qemu_model.revision import find

#: Where files are, by the name of the place, and whether MAP_SYNC can take effect there.
FILES: Final = {"ext4-dax": True, "ext4": False, "xfs-dax": True, "xfs": False}
#: Of the runs in the gate: of the matrix, of the recordings, of a real QEMU, of its memory.
SOME_OPTIONS, SOME_RECORDINGS, SOME_QEMUS, SOME_MEMORIES = 8, 6, 7, 3
SIZE: Final = 4 << 20
SYNC: Final = linux.MAP_SHARED_VALIDATE | linux.MAP_SYNC


@attrs.frozen
class Options:
    """One line of the matrix: each of the three unset, on or off."""

    share: str | None
    pmem: str | None
    sync: str | None

    @property
    def text(self) -> str:
        """The properties as QEMU takes them, with a comma before each."""
        given = attrs.asdict(self).items()
        return "".join(f",{name}={value}" for name, value in given if value)

    @property
    def asks(self) -> bool:
        """Whether MAP_SYNC is to be tried, by the letter: all three are on."""
        return (self.share, self.pmem, self.sync) == ("on", "on", "on")


ALL_ON: Final = Options("on", "on", "on")
#: The one line that asks for MAP_SYNC, and the others, of which the gate draws some.
MATRIX: Final = [
    ALL_ON,
    *drawn(
        "options in the guest",
        [
            options
            for three in itertools.product((None, "on", "off"), repeat=3)
            if (options := Options(*three)) != ALL_ON
        ],
        SOME_OPTIONS - 1,
    ),
]
#: Where the gate runs the matrix: on ext4 with DAX.
PLACES: Final = [
    place if place == "ext4-dax" else pytest.param(place, marks=pytest.mark.whole)
    for place in FILES
]


def wanted(request: pytest.FixtureRequest, *names: str) -> list[Any]:
    """Return what the tests that run, of those that take a fixture, are parametrised with."""
    return [
        tuple(item.callspec.params[name] for name in names)
        for item in request.session.items
        if isinstance(item, pytest.Function) and request.fixturename in item.fixturenames
    ]


@pytest.fixture(scope="module")
def matrix(
    request: pytest.FixtureRequest, storage: Storage
) -> dict[tuple[str, Options], dict[str, Any]]:
    """Run the matrix, over the places that are asked about, with the model in the guest."""
    places = [place for place in FILES if (place,) in wanted(request, "place")]
    keys = list(itertools.product(places, MATRIX))
    runs = []
    for place, options in keys:
        path = f"{storage.places[place]}/matrix.img"
        line = f"memory-backend-file,id=m0,mem-path={path},size=4M{options.text}"
        runs.append(
            {"args": ["-object", line], "revision": "v8", "setup": [["rm", path]], "files": [path]}
        )
    return dict(zip(keys, storage.run_models(runs), strict=True))


@pytest.mark.parametrize("place", PLACES)
def test_map_sync_is_tried_exactly_when_all_three_are_on(
    place: str, matrix: dict[tuple[str, Options], dict[str, Any]]
) -> None:
    tried = {
        options.text: any(
            event.call == "mmap" and event.args[3] & SYNC == SYNC
            for event in matrix[place, options]["events"]
        )
        for options in MATRIX
    }
    assert tried == {options.text: options.asks for options in MATRIX}


@pytest.mark.parametrize("place", PLACES)
def test_map_sync_takes_effect_exactly_where_it_is_tried_on_dax(
    place: str, matrix: dict[tuple[str, Options], dict[str, Any]]
) -> None:
    effective = {
        options.text: ["sf" in flags for flags in matrix[place, options]["vm_flags"]]
        for options in MATRIX
    }
    assert effective == {options.text: [options.asks and FILES[place]] for options in MATRIX}


@pytest.mark.parametrize("place", PLACES)
def test_without_dax_the_user_sees_no_difference(
    place: str, matrix: dict[tuple[str, Options], dict[str, Any]]
) -> None:
    seen = {
        (one["exit"], *one["stderr"], *one["files"].values())
        for (where, _), one in matrix.items()
        if where == place
    }
    assert seen == {(0, 4 * 1024 * 1024)}


@pytest.mark.parametrize("place", PLACES)
def test_the_simulated_kernel_leads_to_the_same_calls(
    place: str, matrix: dict[tuple[str, Options], dict[str, Any]]
) -> None:
    profile = profiles.load(place)
    for options in MATRIX:
        line = f"memory-backend-file,id=m0,mem-path={profile.mem_path},size=4M{options.text}"
        simulated = run(["-object", line], SimulatedHost(profile), find("v8"))
        real = matrix[place, options]
        flags = [mapping.vm_flags for mapping in simulated.mappings]
        assert (without_names(simulated.events), without_soft_dirty(flags)) == (
            without_names(real["events"]),
            without_soft_dirty(real["vm_flags"]),
        ), options


def without_soft_dirty(mappings: Any) -> list[set[str]]:
    """Return VmFlags without ``sd``, which depends on how the kernel was configured."""
    return [set(flags) - {"sd"} for flags in mappings]


def without_names(events: Any) -> list[tuple[object, ...]]:
    """Return calls as the recordings' comparison has them, with one name for every file."""
    return [
        tuple("FILE" if isinstance(part, str) and part.endswith(".img") else part for part in call)
        for call in modelled_calls(events)
    ]


def recorded() -> list[Recording]:
    """Return the runs of real QEMUs that were recorded on DAX."""
    return [one for name in ("v8-dax", "v7.2-dax") for one in recordings(name)]


def place_of(one: Recording) -> str:
    """Return the place in the guest that is like the one of the recording."""
    words = (one.filesystem or "").split()
    return words[0] + ("" if "dax=never" in words else "-dax")


def name_of(one: Recording) -> str:
    """Return the name of a recording, with its tree."""
    return f"{one.revision}-{one.name}"


@pytest.fixture(scope="module")
def replayed(request: pytest.FixtureRequest, storage: Storage) -> dict[str, dict[str, Any]]:
    """Run the model in the guest as the recorded QEMUs were run, under the same paths."""
    asked = {name_of(one) for (one,) in wanted(request, "one")}
    chosen = [one for one in recorded() if name_of(one) in asked]
    runs = [
        {
            "args": [*one.machine, *one.args],
            "revision": one.revision,
            "qmp": one.qmp,
            "setup": one.setup,
            "files": list(one.files_after),
            "bind": storage.places[place_of(one)],
        }
        for one in chosen
    ]
    return dict(zip(map(name_of, chosen), storage.run_models(runs), strict=True))


@pytest.mark.sampled(SOME_RECORDINGS)
@pytest.mark.parametrize("one", recorded(), ids=name_of)
def test_the_model_does_on_dax_what_the_recorded_qemu_did(
    one: Recording, replayed: dict[str, dict[str, Any]]
) -> None:
    done = replayed[name_of(one)]
    expected = {
        "exit": one.exit,
        "stderr": one.stderr,
        "replies": in_any_order(one.replies),
        "files": one.files_after,
    }
    actual = {
        "exit": done["exit"],
        "stderr": done["stderr"],
        "replies": in_any_order(done["replies"]),
        "files": done["files"],
    }
    assert expected == actual
    path = next(
        part.removeprefix("mem-path=")
        for part in one.args[1].split(",")
        if part.startswith("mem-path=")
    )
    lines = one.log.decode("utf-8", "surrogateescape").splitlines()
    assert logged_calls(lines, {path}) == modelled_calls(done["events"])


def in_any_order(replies: list[dict[str, Any]]) -> list[str]:
    """Return replies sorted: the event of the end may come before the reply to quit."""
    return sorted(json.dumps(reply, sort_keys=True) for reply in replies)


def test_the_command_line_runs_on_the_guests_own_python(storage: Storage) -> None:
    path = f"{storage.places['ext4-dax']}/command.img"
    line = f"memory-backend-file,id=m0,mem-path={path},size=4M,share=on,pmem=on,sync=on"
    words = ["-m", "qemu_model", "run", "--json", "-object", line]
    done = storage.guest.run(
        ["/usr/bin/python3", *words], timeout=120, env={"PYTHONPATH": packages()}
    )
    answer = json.loads(done.stdout)
    assert (answer["exit"], answer["stderr"], len(answer["mappings"])) == (0, [], 1)
    assert "sf" in answer["mappings"][0]["vm_flags"]


#: What a real QEMU is asked in the guest, where, and what 7.2 has to say about it.
WARNING: Final = (
    "Warning: requesting persistence across crashes for backend file {path} failed. "
    "Proceeding without persistence, data might become corrupted in case of host crash."
)
DEPRECATED: Final = "warning: Using non DAX backing file with 'pmem=on' option is deprecated"
QEMU_OPTIONS: Final = ("share=on,pmem=on", "share=on,pmem=off", "share=off,pmem=on")
QEMU_OTHER_OPTIONS: Final = (
    "share=on,pmem=on,prealloc=on",
    "share=on,pmem=on,align=2M,dump=off,merge=off",
)
PLAIN_QMP: Final = [{"execute": "qmp_capabilities"}, {"execute": "quit"}]


def qemu_cases() -> list[tuple[str, str]]:
    """Return the places and the options that a real QEMU is run with there."""
    files = list(itertools.product((*FILES, "virtio-pmem"), QEMU_OPTIONS))
    files += itertools.product(("ext4-dax", "ext4", "xfs-dax"), QEMU_OTHER_OPTIONS)
    device = [
        ("device-dax", "share=on,pmem=on"),
        ("device-dax", "share=on,pmem=on,align=2M"),
        ("device-dax", "share=off,align=2M"),
    ]
    return [*files, *device]


#: The same for each test: a run is judged in more than one way.
QEMU_CASES: Final = [
    pytest.param(*case, marks=[pytest.mark.whole] if whole else [])
    for case, whole in others_whole("QEMUs in the guest", qemu_cases(), SOME_QEMUS)
]


@pytest.fixture(scope="module")
def qemus(
    request: pytest.FixtureRequest, storage: Storage
) -> dict[tuple[str, str], dict[str, Any]]:
    """Run Debian's QEMU in the guest under strace, over the places that are asked about."""
    asked = wanted(request, "place", "options")
    cases = [case for case in qemu_cases() if case in asked]
    runs = []
    for number, (place, options) in enumerate(cases):
        device = place == "device-dax"
        path = storage.places[place] + ("" if device else "/qemu.img")
        line = f"memory-backend-file,id=m0,mem-path={path},size=4M,{options}"
        runs.append(
            {
                "args": ["-M", "none", "-object", line],
                "qmp": PLAIN_QMP,
                "setup": [] if device else [["rm", path]],
                "files": [] if device else [path],
                "trace": str(storage.guest.work / f"qemu-{number}.strace"),
                "path": path,
            }
        )
    results = storage.run_qemus(runs)
    return {
        case: {**result, "trace": one["trace"], "path": one["path"]}
        for case, one, result in zip(cases, runs, results, strict=True)
    }


def lines_around(verdict: dict[str, Any], trace: str) -> str:
    """Return the lines of the trace around a divergence: the guest's files are soon gone."""
    line = (verdict["divergence"] or {}).get("line") or 0
    lines = Path(trace).read_text(errors="replace").splitlines()
    return "\n" + "\n".join(lines[max(0, line - 15) : line + 10])


@pytest.mark.parametrize(("place", "options"), QEMU_CASES)
def test_a_real_qemu_on_dax_conforms_to_the_model(
    place: str, options: str, qemus: dict[tuple[str, str], dict[str, Any]]
) -> None:
    seen = qemus[place, options]
    judge = [sys.executable, "-m", "qemu_model", "check", "--revision", "v7.2", "--json"]
    done = subprocess.run([*judge, seen["trace"]], capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    verdict = json.loads(done.stdout)
    told = json.dumps(verdict["divergence"], indent=1) + lines_around(verdict, seen["trace"])
    assert verdict["verdict"] == "conforms", told
    assert verdict["matched"] > 0


def lies_on_a_huge_page(trace: str) -> bool:
    """Whether the kernel happened to align a block that did not ask for it: one in 512 does."""
    tried = re.findall(rf"mmap\(0x([0-9a-f]+), {SIZE}, ", Path(trace).read_text(errors="replace"))
    return any(int(address, 16) % (2 << 20) == 0 for address in tried)


@pytest.mark.parametrize(("place", "options"), QEMU_CASES)
def test_a_real_qemu_on_dax_says_what_was_measured(
    place: str, options: str, qemus: dict[tuple[str, str], dict[str, Any]]
) -> None:
    seen = qemus[place, options]
    path = seen["path"]
    unaligned = options == "share=on,pmem=on" and not lies_on_a_huge_page(seen["trace"])
    if place == "device-dax" and (unaligned or options == "share=off,align=2M"):
        # Its 4 KiB alignment, and private mappings, are not the device's.
        refusal = "qemu: unable to map backing store for guest RAM: Invalid argument"
        assert (seen["exit"], seen["stderr"]) == (1, [refusal])
        return
    asks = "share=on,pmem=on" in options
    granted = FILES.get(place, place == "device-dax")
    warned = [WARNING.format(path=path), DEPRECATED] if asks and not granted else []
    said = [line.partition("qemu: ")[2] or line for line in seen["stderr"]]
    assert (seen["exit"], said) == (0, warned)
    lines = Path(seen["trace"]).read_text(errors="replace").splitlines()
    refused = [line.endswith("(Operation not supported)") for line in lines if "MAP_SYNC" in line]
    assert refused == ([not granted] if asks else [])


#: What a real QEMU's memory is in the guest, by the place of its file and its options.
MEMORY_JUDGED: Final = {
    ("ext4-dax", "share=on,pmem=on"): "synchronous",
    ("ext4-dax", "share=on,pmem=off"): "dax",
    ("ext4-dax", "share=off,pmem=on"): "private",
    ("ext4", "share=on,pmem=on"): "page cache",
    ("xfs-dax", "share=on,pmem=on"): "synchronous",
    ("xfs", "share=on,pmem=on"): "page cache",
    ("virtio-pmem", "share=on,pmem=on"): "dax",
    ("device-dax", "share=on,pmem=on,align=2M"): "synchronous",
    ("tmpfs", "share=on,pmem=on"): "memory",
    ("hugetlbfs", "share=on"): "memory",
}


def test_the_memory_of_a_running_qemu_is_judged(storage: Storage) -> None:
    cases = drawn("memories in the guest", list(MEMORY_JUDGED), SOME_MEMORIES)
    runs = []
    for place, options in cases:
        path = storage.places[place] + ("" if place == "device-dax" else "/judged.img")
        line = f"memory-backend-file,id=m0,mem-path={path},size=4M,{options}"
        runs.append({"args": ["-object", line], "path": path})
    answers = storage.judge_qemus(runs)
    found = {
        case: [one["nature"] for one in answer["mappings"] if one["path"] == asked["path"]]
        for case, asked, answer in zip(cases, runs, answers, strict=True)
    }
    assert found == {case: [MEMORY_JUDGED[case]] for case in cases}
