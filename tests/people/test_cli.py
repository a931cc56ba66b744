"""The command line teaches, fits any terminal, and answers as its schemas say."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from program import environment, on_terminal, start

import qemu_model
from qemu_model.calls.report import run_to_json
from qemu_model.cli import COMMANDS, main
from qemu_model.explain.explanation import explain
from qemu_model.explain.why import why
from qemu_model.host import profiles
from qemu_model.host.simulated import SimulatedHost
from qemu_model.process import run
from qemu_model.revision import REVISIONS, find

FILE = "memory-backend-file,id=m0,size=64M,mem-path=/mnt/nv.img,share=on,pmem=on"
COLOUR = re.compile(r"\x1b\[([0-9;]*)m")


@cache
def schema(name: str) -> jsonschema.Draft202012Validator:
    """Return what holds an answer against a schema that ships with the package."""
    path = Path(qemu_model.__file__).parent / "schemas" / f"{name}.schema.json"
    found = json.loads(path.read_text())
    jsonschema.Draft202012Validator.check_schema(found)
    return jsonschema.Draft202012Validator(found)


def faults(shown: Any, name: str) -> list[str]:
    """Return what is wrong with an answer, each fault in a line."""
    answer = json.loads(json.dumps(shown))
    return [
        f"{fault.json_path}: {fault.message[:200]}" for fault in schema(name).iter_errors(answer)
    ]


PROPERTY = st.sampled_from(
    ["size=1M", "size=0", "share=on", "share=off", "pmem=on", "sync=on", "merge=off", "dump=off",
     "prealloc=on", "align=2M", "align=3", "host-nodes=0", "policy=bind", "seal=off", "hugetlb=on",
     "mem-path=/mnt/a", "mem-path=/dev/null", "mem-path=/", "shre=on", "discard-data=on"]
)  # fmt: skip
LINE = st.builds(
    lambda kind, given: ["-object", ",".join([f"memory-backend-{kind}", "id=a", *given])],
    st.sampled_from(["ram", "file", "memfd", "none"]),
    st.lists(PROPERTY, max_size=5),
)
QMP = st.lists(
    st.sampled_from(
        [
            {"execute": "qmp_capabilities"},
            {"execute": "query-memdev"},
            {"execute": "qom-get", "arguments": {"path": "/objects/a", "property": "size"}},
            {"execute": "qom-set", "arguments": {"path": "/objects/a", "property": "merge"}},
            {"execute": "qom-get", "arguments": {"path": "/objects/a", "property": "host-nodes"}},
            {"execute": "object-del", "arguments": {"id": "a"}},
            {"execute": "quit"},
            {"execute": "no-such"},
            17,
        ]
    ),
    max_size=4,
)  # fmt: skip
HOST = st.sampled_from(profiles.names())
REVISION = st.sampled_from(sorted(REVISIONS))


@settings(max_examples=40)
@given(HOST, REVISION, LINE, QMP)
def test_a_run_in_json_is_as_its_schema_says(
    host: str, revision: str, line: list[str], qmp: list[Any]
) -> None:
    simulated = SimulatedHost(profiles.load(host))
    shown = run_to_json(run(line, simulated, find(revision), qmp=qmp), simulated)
    assert faults(shown, "run") == []


@settings(max_examples=40)
@given(st.one_of(st.just(""), HOST.map(lambda name: f"sim:{name}")), REVISION, LINE)
def test_an_explanation_in_json_is_as_its_schema_says(
    host: str, revision: str, line: list[str]
) -> None:
    shown = explain(line, find(revision), host).to_json()
    assert faults(shown, "explain") == []


@given(
    st.one_of(
        st.text(max_size=80),
        st.sampled_from(["mem-path property not set", "ftruncate: File too large"]),
    )
)
def test_why_in_json_is_as_its_schema_says(text: str) -> None:
    assert faults(why(text).to_json(), "why") == []


def test_live_answers_are_as_their_schemas_say(tmp_path: Path) -> None:
    line = ["-object", f"memory-backend-file,id=a,size=1M,mem-path={tmp_path}/nv.img"]
    for command in ("run", "explain"):
        shown = json.loads(start(command, "--host", "live", "--json", *line).stdout)
        assert faults(shown, command) == []


def test_a_schema_refuses_what_is_missing_or_unknown() -> None:
    simulated = SimulatedHost(profiles.load("default"))
    shown = run_to_json(run(["-object", FILE], simulated), simulated)
    for broken in ({**shown, "more": 1}, {name: shown[name] for name in shown if name != "events"}):
        assert len(faults(broken, "run")) == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_help_teaches_by_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"usage: qemu-model {command}")
    assert f"\n  qemu-model {command}" in shown.partition("Examples:")[2] or (
        "| qemu-model" in shown or f'eval "$(qemu-model {command}' in shown
    )
    assert main(["help", command]) == 0
    assert capsys.readouterr().out == shown


def test_the_overview_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    for command in COMMANDS:
        assert f"\n  {command} " in shown
    assert main([]) == 2


def examples() -> list[str]:
    """Return the commands shown as examples in help that run anywhere."""
    import importlib

    shown = []
    for command in ("run", "explain", "why", "profile", "diff"):
        module = importlib.import_module(f"qemu_model.cli.{command}")
        text = module.help_text().partition("Examples:\n")[2].partition("\n\n")[0]
        joined = text.replace("\\\n", "")
        shown += [line.strip() for line in joined.splitlines()]
    return [
        line
        for line in shown
        if line.startswith("qemu-model") and " ... " not in line and not line.endswith("...")
    ]


@pytest.mark.parametrize("line", examples())
def test_examples_in_help_run(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import shlex

    words = shlex.split(line.partition(">")[0])[1:]
    words = [word.replace("/dev/shm/", f"{tmp_path}/") for word in words]
    monkeypatch.chdir(tmp_path)
    main(["profile", "show", "ext4-dax", "--json"])
    (tmp_path / "mine.json").write_text(capsys.readouterr().out)
    assert main(words) == 0


@pytest.mark.parametrize("columns", [40, 60, 80, 120, 200])
@pytest.mark.parametrize(
    "args",
    [
        ["--help"],
        ["explain", "--help"],
        ["explain", "-object", FILE],
        ["why", "unable to map backing store for guest RAM: Invalid argument"],
        ["profile"],
        ["profile", "show", "ext4-dax"],
    ],
    ids=" ".join,
)
def test_prose_fits_the_terminal(
    columns: int,
    args: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    main(args)
    assert too_long(capsys.readouterr().out, columns) == []


def test_the_terminals_own_width_counts() -> None:
    shown = COLOUR.sub("", on_terminal("explain", "-object", FILE, columns=50))
    assert too_long(shown, 50) == []
    assert max(map(len, shown.splitlines())) > 40


@pytest.mark.parametrize("more", [[], ["--color", "never"]])
def test_a_run_fits_the_terminal_and_keeps_its_lines_in_a_pipe(more: list[str]) -> None:
    args = ["run", *more, "--host", "sim:ext4", "-object", f"{FILE},sync=on"]
    shown = COLOUR.sub("", on_terminal(*args, columns=60))
    assert [line for line in shown.splitlines() if len(line) > 60] == []
    piped = start(*args).stdout
    assert any(
        "MAP_SHARED_VALIDATE" in line and "EOPNOTSUPP" in line for line in piped.splitlines()
    )


def test_a_pipe_gets_the_verdict_before_the_calls_and_a_terminal_after_them() -> None:
    line = ("run", "--host", "sim:ext4", "-object", f"{FILE},sync=on")
    verdict = (
        "MAP_SYNC was refused (EOPNOTSUPP): mapped without it, what the guest writes can be lost "
        "in a host crash"
    )
    shown = on_terminal(*line, columns=200, env=environment(TERM="dumb"))
    piped = start(*line).stdout
    assert (shown.splitlines()[-1], piped.splitlines()[1]) == (verdict, verdict)


def too_long(shown: str, columns: int) -> list[str]:
    """Return the lines that are longer; a command to copy, or one long word, is not broken."""
    return [
        line
        for line in shown.splitlines()
        if len(line) > columns
        and not re.match(r"\s*\$ |\s+qemu-model |\s+(id=|size=|mem-path=|\S+\|)", line)
        and len(line.split()) > 1
    ]


def colours(shown: str) -> set[str]:
    """Return the numbers in the colour sequences of a text."""
    return {number for found in COLOUR.findall(shown) for number in found.split(";") if number}


def test_colours_are_those_that_read_on_any_ground() -> None:
    shown = on_terminal("run", "--host", "sim:ext4", "-object", f"{FILE},sync=on")
    #: Bold, dim, red, green, magenta, and back; no yellow, no blue, no white, no black.
    assert colours(shown) <= {"0", "1", "2", "31", "32", "35"}
    assert {"31", "32"} <= colours(shown)


def test_colours_can_be_turned_off() -> None:
    args = ["why", "mem-path property not set"]
    assert "\x1b" in on_terminal(*args)
    assert colours(on_terminal(*args, env=environment(NO_COLOR="1"))) <= {"0", "1", "2"}
    assert "\x1b" not in on_terminal(*args, "--color", "never")
    assert "\x1b" not in on_terminal(*args, env=environment(TERM="dumb"))


@pytest.mark.parametrize("command", ["run", "explain", "why", "matrix", "profile"])
def test_a_pipe_gets_no_colours(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    args = {"run": ["--host", "sim:ext4", "-object", FILE], "explain": ["-object", FILE]}.get(
        command, ["mem-path property not set"] if command == "why" else []
    )
    for more in ([], ["--color", "never"]):
        main([command, *more, *args])
        assert "\x1b" not in capsys.readouterr().out


def test_colours_can_be_asked_for_in_a_pipe() -> None:
    done = start("run", "--color", "always", "--host", "sim:ext4", "-object", FILE)
    assert {"32", "35"} <= colours(done.stdout)


def test_version_says_what_the_machine_can_do() -> None:
    done = start("--version")
    assert done.returncode == 0
    assert done.stdout.startswith(f"qemu-model {qemu_model.__version__}\n")
    for ability in ("live host", "MAP_SYNC", "huge pages", "NUMA nodes", "DAX", "strace"):
        assert ability in done.stdout


def test_every_profile_is_listed_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    main(["profile", "--json"])
    listed = [row["name"] for row in json.loads(capsys.readouterr().out)]
    assert listed == list(profiles.names())
    for name in listed:
        assert main(["profile", "show", name, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["name"] == name
        assert main(["profile", "show", name]) == 0
        assert f"--host sim:{name}" in capsys.readouterr().out


def test_a_profile_of_ones_own_is_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.json"
    path.write_text(
        json.dumps(
            {"name": "mine", "title": "mine", "based_on": "ext4", "kernel": {"version": "x"}}
        )
    )
    assert main(["profile", "check", str(path)]) == 2
    assert "kernel.version" in capsys.readouterr().err
