"""Holding a real QEMU against the model: the driver, the comparison, the findings, the reports.

Where a test needs Debian's QEMU 7.2 it says so; the expected side is that QEMU.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import attrs
import jsonschema
import pytest
from conftest import Figure, needs, needs_program
from sampling import WHOLE, drawn

from qemu_model.cli import main
from qemu_model.conform import conform as conform_module
from qemu_model.conform.cases import Case, Place, every_case
from qemu_model.conform.conform import Result, chosen, compare
from qemu_model.conform.conform_place import Target
from qemu_model.conform.conformance import Report, conform
from qemu_model.conform.differences import file_differences, list_differences, replies
from qemu_model.conform.driver import DriverError, Qemu, run_qemu
from qemu_model.conform.findings import FINDINGS, Evidence, not_seen
from qemu_model.conform.surroundings import NOT_HERE, observe
from qemu_model.host import linux
from qemu_model.host.live import LiveHost
from qemu_model.host.same_addresses import SameAddressesHost
from qemu_model.inspect.machine_path import judge_path
from qemu_model.revision import BASE, QEMU_7_2, V8


@pytest.fixture
def qemu() -> Qemu:
    """Return Debian's QEMU 7.2 with strace to watch it."""
    needs_program("strace")
    found = Qemu.at(needs_program("qemu-system-x86_64"))
    needs(found.release[:2] == (7, 2), f"QEMU 7.2, and this is {found.version}")
    return found


def place_in(directory: Path) -> Place:
    files = directory / "files"
    files.mkdir()
    return Place(str(files))


def case_called(name: str) -> Case:
    return next(case for case in every_case() if case.name == name)


def test_the_cases_are_as_many_as_promised_and_each_has_a_name_of_its_own() -> None:
    cases = every_case()
    assert len(cases) >= 300
    assert [name for name, count in Counter(case.name for case in cases).items() if count > 1] == []
    assert sum(case.name.startswith("qmp/") for case in cases) >= 40
    assert sum(case.fault is not None for case in cases) >= 40


def test_the_driver_shows_exit_status_messages_replies_and_log(qemu: Qemu, tmp_path: Path) -> None:
    trace = tmp_path / "log"
    asked = [{"execute": "qmp_capabilities"}, {"execute": "nonsense"}, {"execute": "quit"}]
    seen = run_qemu(qemu, ["-M", "none"], trace, qmp=asked)
    assert (seen.exit, seen.stderr, seen.stopped) == (0, (), None)
    said = [next(iter(reply)) for reply in seen.replies]
    assert sorted(said) == ["error", "event", "return", "return"]
    refused = run_qemu(qemu, ["-M", "none", "-nonsense"], trace)
    assert (refused.exit, refused.stderr) == (1, ("qemu: -nonsense: invalid option",))
    assert trace.read_text().startswith(trace.read_text().split()[0])
    assert "execve(" in trace.read_text()


def test_the_driver_stops_a_qemu_that_spins_and_says_so(qemu: Qemu, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nowhere")
    line = f"memory-backend-file,id=b0,mem-path={link},size=4M"
    seen = run_qemu(qemu, ["-M", "none", "-object", line], tmp_path / "log", seconds=120)
    assert (seen.exit, seen.stopped) == (None, "its log grows without end")
    assert (tmp_path / "log").read_bytes().count(b"\n") <= 2000


def test_a_qemu_that_waits_for_ever_is_stopped_in_time(qemu: Qemu, tmp_path: Path) -> None:
    asked = [{"execute": "qmp_capabilities"}]
    seen = run_qemu(qemu, ["-M", "none"], tmp_path / "log", qmp=asked, seconds=120)
    assert (seen.exit, seen.stopped) == (None, "the commands have no quit")


def test_what_is_no_qemu_is_refused_in_words() -> None:
    with pytest.raises(DriverError, match="does not say which QEMU it is"):
        Qemu.at("true")
    with pytest.raises(DriverError, match="no program"):
        Qemu.at("/nonexistent/qemu")


@pytest.mark.parametrize(
    "name",
    [
        "path/a new file is made",
        "path/a smaller file is refused",
        "fault/files: mmap 2 answers ENOMEM",
        "qmp/object-add: file",
        "json/size a string",
    ],
)
def test_a_case_passes_and_a_changed_model_fails_it(
    name: str, qemu: Qemu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = place_in(tmp_path)
    monkeypatch.chdir(tmp_path)
    good = compare(qemu, QEMU_7_2, case_called(name), place, tmp_path)
    assert (good.status, good.why) == ("passed", ())
    # The rules of the 2018 tree are not 7.2's.
    bad = compare(qemu, V8, case_called(name), place, tmp_path)
    assert bad.status == "failed"
    assert bad.why != ()


def test_a_comparison_left_out_is_missed(
    qemu: Qemu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each comparison is the only one that sees some difference."""
    place = place_in(tmp_path)
    monkeypatch.chdir(tmp_path)
    case = case_called("path/a smaller file is refused")
    whole = compare(qemu, V8, case, place, tmp_path)
    kinds = {why.split(":")[0].split(",")[0].split(" ")[0] for why in whole.why}
    for kind, function in (("stderr", "said_differences"), ("calls", "call_differences")):
        with monkeypatch.context() as patched:
            patched.setattr(conform_module, function, lambda *_: [])
            less = compare(qemu, V8, case, place, tmp_path)
        left = {why.split(":")[0].split(",")[0].split(" ")[0] for why in less.why}
        assert left == kinds - {kind} or kind not in kinds


def test_differences_are_told() -> None:
    assert list(list_differences("stderr", ["a", "b"], ["a"])) == [
        "stderr 2: QEMU 'b', the model None"
    ]
    assert list(list_differences("stderr", ["a"], ["a"])) == []
    assert list(file_differences({"f": 1}, {"f": 2})) == ["file f: QEMU 1 bytes, the model 2"]
    assert list(file_differences({}, {"f": 2})) == ["file f: QEMU None bytes, the model 2"]


def test_the_place_of_an_event_is_open_and_that_of_a_reply_is_not() -> None:
    event = {"event": "SHUTDOWN"}
    one, two = {"return": 1}, {"return": 2}
    assert replies([event, one, two], "reply") == replies([one, two, event], "reply")
    assert replies([one, two], "reply") != replies([two, one], "reply")
    first, second = {"id": "a"}, {"id": "b"}
    assert replies([{"return": [first, second]}], "reply") == replies(
        [{"return": [second, first]}], "reply"
    )


def test_there_are_at_most_ten_findings_and_none_looks_at_a_name() -> None:
    assert len(FINDINGS) <= 10
    assert "name" not in {field.name for field in attrs.fields(Evidence)}


def test_a_finding_that_no_longer_occurs_fails_the_run() -> None:
    qemu = Qemu("qemu", "QEMU emulator version 7.2", (7, 2))
    names = [finding.name for finding in FINDINGS if QEMU_7_2.name in finding.versions]
    assert not_seen(QEMU_7_2.name, names) == ()
    gone = not_seen(QEMU_7_2.name, names[1:])
    assert [finding.name for finding in gone] == names[:1]
    passed = (Result("a/b", "passed"),)
    assert Report(qemu, QEMU_7_2, passed).status == 0
    report = Report(qemu, QEMU_7_2, passed, gone)
    assert report.status == 1
    shown = json.loads(json.dumps(report.to_json()))
    assert [failed["name"] for failed in shown["failed"]] == [f"finding/{names[0]}"]


def test_the_reports_say_the_same_in_json_and_junit() -> None:
    report = Report(
        Qemu("/q", "QEMU emulator version 7.2", (7, 2)),
        BASE,
        (
            Result("a/passes", "passed", (), ("endless-loop",), 0.5),
            Result("a/fails \x01", "failed", ("stderr 1: QEMU 'a\x00', the model None",)),
            Result("b/is known", "known", ("x",), ("size-wraps",)),
            Result("b/is not run", "not run", (NOT_HERE["huge"],)),
        ),
    )
    shown = report.to_json()
    assert (shown["cases"], shown["passed"]) == (4, 1)
    assert [one["name"] for one in shown["failed"]] == ["a/fails \x01"]  # type: ignore[attr-defined, index]
    assert [one["name"] for one in shown["not_run"]] == ["b/is not run"]  # type: ignore[attr-defined, index]
    suite = ElementTree.fromstring(report.to_junit())
    assert suite.attrib["tests"] == "4"
    assert (suite.attrib["failures"], suite.attrib["skipped"]) == ("1", "1")
    assert len(suite.findall("testcase/failure")) == 1


def test_a_run_leaves_nothing_behind(qemu: Qemu, tmp_path: Path) -> None:
    command = [
        sys.executable,
        *("-m", "qemu_model", "conform", "--qemu", qemu.binary, "--filter", "align/huge"),
        *("--json", "-j2"),
    ]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        check=False,
    )
    shown = json.loads(done.stdout)
    schema = Path(conform_module.__file__).parent.parent / "schemas" / "conform.schema.json"
    jsonschema.validate(shown, json.loads(schema.read_text()))
    assert shown["failed"] == []
    assert done.returncode == 0
    assert "revision qemu-7.2" in done.stderr
    assert list(tmp_path.iterdir()) == []
    assert "qemu-model-conform" not in Path("/proc/self/mounts").read_text()


def test_cases_work_where_they_are_told_to_and_leave_what_is_there(
    qemu: Qemu, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    (here / "mine").write_text("mine")
    line = [
        "conform",
        "--qemu",
        qemu.binary,
        "--path",
        str(here),
        "--filter",
        "dax/share=on, pmem=on",
    ]
    assert main([*line, "--json", "-j1"]) == 0
    said = capfd.readouterr()
    shown = json.loads(said.out)
    schema = Path(conform_module.__file__).parent.parent / "schemas" / "conform.schema.json"
    jsonschema.validate(shown, json.loads(schema.read_text()))
    assert (shown["cases"], shown["passed"], shown["path"]["path"]) == (4, 4, str(here))
    assert f"{here}: " in said.err
    assert [(path.name, path.read_text()) for path in here.iterdir()] == [("mine", "mine")]


def test_a_place_has_the_cases_that_are_about_it() -> None:
    everywhere = {case.name for case in chosen(None)}
    directory = chosen(None, Target("/mnt", False, judge_path("/")))
    device = chosen(None, Target("/dev/dax0.0", True, judge_path("/dev/null")))
    assert {case.places for case in directory} == {("files",)}
    assert {case.places for case in device} == {("device",)}
    assert {case.name for case in directory} < everywhere
    assert everywhere.isdisjoint(case.name for case in device)
    assert len(device) >= 50


def test_no_case_of_a_device_can_lose_what_is_on_it() -> None:
    """A device has no copy: nothing is prepared on it, discarded, or written in a guest."""
    for case in chosen(None, Target("/dev/dax0.0", True, judge_path("/dev/null"))):
        assert case.setup == ()
        assert "discard-data" not in " ".join([*case.args, *map(str, case.qmp)])
    place = Place("/f", device="/dev/dax0.0")
    assert place.directories == ("/f",)


def test_a_sample_is_drawn_by_its_seed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def drawn(seed: str) -> list[str]:
        monkeypatch.setenv("QEMU_MODEL_SEED", seed)
        assert main(["conform", "--sample", "9", "--list"]) == 0
        said = capsys.readouterr()
        assert f"a sample of 9 of {len(every_case())} cases; QEMU_MODEL_SEED={seed} " in said.err
        return said.out.splitlines()

    first = drawn("1")
    assert len(set(first)) == 9
    assert drawn("1") == first
    assert drawn("2") != first


def test_calls_in_a_row_fail_on_both_sides(
    qemu: Qemu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = place_in(tmp_path)
    monkeypatch.chdir(tmp_path)
    case = case_called("dax/both answered with EPERM")
    result = compare(qemu, QEMU_7_2, case, place, tmp_path)
    assert (result.status, result.why) == ("passed", ())
    assert case.fault is not None
    seen = observe(qemu, attrs.evolve(case, fault=None).at(place), tmp_path, ["mmap:error=EPERM"])
    assert seen.exit != 0
    last = (tmp_path / "log.strace").read_text()
    assert "INJECTED" in last


def test_a_block_lies_as_qemus_did() -> None:
    """As far from a huge page, for each length in its order; then where the kernel likes."""
    host = SameAddressesHost(LiveHost(), {4 << 20: [0x7F00_0012_3000, 0x7F00_0000_0000]})
    anonymous = linux.MAP_PRIVATE | linux.MAP_ANONYMOUS
    made = [host.mmap(0, 4 << 20, linux.PROT_NONE, anonymous, -1, 0) for _ in range(2)]
    assert [address % (2 << 20) for address in made] == [0x12_3000, 0]
    maps = Path("/proc/self/maps").read_text()
    for address in made:
        assert f"{address:x}-" in maps or f"-{address + (4 << 20):x}" in maps
        assert host.munmap(address, 4 << 20) == 0


def test_wrong_use_is_one_line_and_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    for words, said in (
        (["--qemu", "/nonexistent/qemu"], "no program '/nonexistent/qemu'"),
        (["--filter", "no such case"], "no case's name contains 'no such case'"),
        ([], "say which QEMU"),
        (["--qemu", "x", "-j", "none"], "-j takes a number"),
        (["--qemu", "x", "-object", "y"], "conform takes no '-object'"),
        (["--qemu", "x", "--path", "/dev/zero"], "neither a directory nor device DAX"),
        (["--qemu", "x", "--path", "/nonexistent/x"], "neither it nor its directory exists"),
        (["--qemu", "x", "--path", "/nonexistent"], "there is no directory /nonexistent"),
        (["--sample", "0"], "--sample takes a number from 1 on"),
    ):
        assert main(["conform", *words]) == 2
        error = capsys.readouterr().err
        assert said in error
        assert error.count("\n") == 1


def test_debians_qemu_conforms_in_every_case(qemu: Qemu, figure: Figure) -> None:
    needs(os.geteuid() == 0, "root, to mount a tmpfs and a hugetlbfs for the cases")
    known = [case.name for case in every_case()]
    asked = drawn("conform", known, 120)
    report = conform(qemu, QEMU_7_2, asked, jobs=os.cpu_count() or 1)
    failed = {result.name: result.why for result in report.of("failed")}
    assert failed == {}
    assert report.of("not run") == []
    figure(len(asked), f"cases of QEMU 7.2, of {len(known)} that there are")
    if WHOLE:
        # A finding shows only where its case is run.
        assert [finding.name for finding in report.gone] == []
        assert len(report.of("passed")) >= 300


#: One run of a QEMU that has no reason to end; it says when it is about to begin.
A_RUN = """
import signal, sys
from pathlib import Path
from qemu_model.conform.driver import Qemu, run_qemu
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("now", flush=True)
run_qemu(Qemu(sys.argv[1], "", (7, 2)), ["-M", "none"], Path(sys.argv[2]), qmp=())
"""


def running_with(word: str) -> list[str]:
    """Return the command lines of the processes that have ``word`` in theirs."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and word.encode() in (line := (entry / "cmdline").read_bytes()):
                found.append(line.replace(b"\0", b" ").decode())
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_interrupted_at_any_moment_leaves_no_process(
    number: signal.Signals, qemu: Qemu, tmp_path: Path
) -> None:
    for moment in range(40):
        with subprocess.Popen(
            [sys.executable, "-c", A_RUN, qemu.binary, str(tmp_path / "log.strace")],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(moment / 1000)
            process.send_signal(number)
            process.wait(300)
        assert running_with(str(tmp_path)) == [], f"{moment} ms after the start"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing_behind(
    number: signal.Signals, qemu: Qemu, tmp_path: Path
) -> None:
    done = subprocess.Popen(
        [sys.executable, "-m", "qemu_model", "conform", "--qemu", qemu.binary, "-j2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        # A shell in the background would have let it ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,
    )
    while not any(tmp_path.glob("*/*/*/log.strace")):
        time.sleep(0.05)
    done.send_signal(number)
    _, error = done.communicate(timeout=120)
    version = ".".join(map(str, qemu.release))
    assert done.returncode == 130
    assert error.splitlines() == [f"QEMU {version}: revision qemu-7.2", "qemu-model: interrupted"]
    assert list(tmp_path.iterdir()) == []
