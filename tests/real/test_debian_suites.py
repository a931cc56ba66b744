"""``debian:SUITE``: a QEMU of another Debian suite, and the revision that a version picks."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import subprocess
import urllib.request
from pathlib import Path

import pytest
from conftest import needs, needs_program

from qemu_model.conform import debian
from qemu_model.conform.binary import Qemu
from qemu_model.conform.driver import run_qemu
from qemu_model.conform.errors import DriverError
from qemu_model.conform.version import revision_of
from qemu_model.revision import RELEASES as TREES

RELEASES = {"bullseye": (5, 2), "bookworm": (7, 2), "trixie": (10, 0), "trixie-backports": (11, 1)}


def mirror_answers() -> bool:
    try:
        with urllib.request.urlopen("http://deb.debian.org/debian/dists/trixie/Release", timeout=5):
            return True
    except OSError:
        return False


@pytest.fixture(scope="session")
def mirror() -> None:
    for program in ("apt-get", "dpkg-deb", "patchelf", "strace"):
        needs_program(program)
    needs(mirror_answers(), "Debian's mirror, for its other QEMUs")


@pytest.mark.parametrize("suite", debian.SUITES)
@pytest.mark.usefixtures("mirror")
def test_each_suite_gives_its_release_which_starts_a_pc_without_a_warning(
    suite: str, tmp_path: Path
) -> None:
    qemu = Qemu.at(f"debian:{suite}")
    assert qemu.release[:2] == RELEASES[suite]
    seen = run_qemu(
        qemu,
        ["-M", "pc,accel=tcg", "-m", "64M"],
        tmp_path / "log",
        qmp=[{"execute": "qmp_capabilities"}, {"execute": "quit"}],
    )
    assert (seen.exit, seen.stderr) == (0, ())
    assert [next(iter(reply)) for reply in seen.replies].count("return") == 2


def test_an_unknown_suite_is_refused_with_the_known_ones() -> None:
    with pytest.raises(DriverError) as refused:
        Qemu.at("debian:sid")
    assert str(refused.value) == (
        "no suite 'sid' to take a QEMU from: there are bullseye, bookworm, trixie, trixie-backports"
    )


def test_a_missing_program_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DriverError, match=r"^apt-get is not installed: debian:trixie can be "):
        Qemu.at("debian:trixie")


@pytest.mark.parametrize(
    ("breaks", "text"),
    [
        ("update", "apt-get update for trixie failed: it broke"),
        ("none", "the package list of trixie cannot be read from http://deb.debian.org/debian"),
    ],
)
def test_a_failing_apt_is_one_line_and_leaves_nothing(
    breaks: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("apt-get", "dpkg-deb", "patchelf"):
        body = 'case "$*" in *" update") echo "E: it broke" >&2; exit 100;; esac\n'
        (programs / name).write_text("#!/bin/sh\n" + (body if breaks == "update" else ""))
        (programs / name).chmod(0o755)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(DriverError) as refused:
        Qemu.at("debian:trixie")
    assert str(refused.value) == (
        f"{text}; not verified: no case was run with its QEMU 10.0. Recorded runs of it stand in: "
        "'./run-tests quick' compares the model with them"
    )
    assert list(debian.cache_directory().iterdir()) == []


def test_an_interruption_while_downloading_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_arguments: object, **_named: object) -> None:
        raise KeyboardInterrupt

    for program in ("apt-get", "dpkg-deb", "patchelf"):
        needs_program(program)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(subprocess.Popen, "communicate", interrupt)
    with pytest.raises(KeyboardInterrupt):
        Qemu.at("debian:trixie")
    assert list(debian.cache_directory().iterdir()) == []


@pytest.mark.parametrize(
    ("release", "sync", "sentence"),
    [
        ((7, 2, 22), False, "QEMU 7.2.22: revision {7.2}"),
        ((3, 1, 50), False, "QEMU 3.1.50, which has no sync: revision {base}"),
        ((3, 1, 50), True, "QEMU 3.1.50, which has sync: revision {v8}"),
        (
            (2, 12),
            False,
            "QEMU 2.12 is not a release the model knows: taken for {first}, the nearest",
        ),
        (
            (99, 0),
            False,
            "QEMU 99.0 is not a release the model knows: taken for {last}, the nearest",
        ),
        (
            (7, 1, 91),
            False,
            "QEMU 7.1.91 is on the way to the next release: taken for {7.2}, the nearest",
        ),
    ],
)
def test_the_version_picks_the_revision_and_says_where_it_is_the_nearest(
    release: tuple[int, ...], sync: bool, sentence: str
) -> None:
    known = {tree.release: tree for tree in TREES}
    names = {"first": known[min(known)].name, "last": known[max(known)].name}
    revision, said = revision_of(Qemu("qemu", "QEMU", release), sync)
    for place, name in (("7.2", known[7, 2].name), ("base", "base"), ("v8", "v8"), *names.items()):
        sentence = sentence.replace(f"{{{place}}}", name)
    assert said.casefold() == sentence.casefold()
    assert revision.name.casefold() in said.casefold()
