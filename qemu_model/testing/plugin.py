"""A plugin for pytest: ``pytest --qemu-binary BINARY`` compares a QEMU with the model.

It runs the conformance cases and the comparison of replies, also with pytest-xdist
(``-n 4``) and chosen with ``-k``.  A test of one's own gets the QEMU by the fixture
``qemu_under_test``.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from ..conform.conform_worker import Worker
    from ..conform.driver import Qemu
    from ..revision import Revision

SUITE: Final = Path(__file__).with_name("conformance_suite.py")
DEFAULT_COMMANDS: Final = 2000


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("qemu-model", "compare a real QEMU with the model")
    group.addoption("--qemu-binary", metavar="BINARY", help="the QEMU to compare with the model")
    group.addoption(
        "--qemu-revision",
        metavar="R",
        help="the revision that models it, by default found by its version",
    )
    group.addoption(
        "--qemu-commands",
        metavar="N",
        type=int,
        default=DEFAULT_COMMANDS,
        help=f"how many QMP commands are compared, by default {DEFAULT_COMMANDS}",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Run the suite of this package if a QEMU is given and no tests are named."""
    named = config.args_source is pytest.Config.ArgsSource.ARGS
    if config.getoption("--qemu-binary") and not named:
        config.args = [str(SUITE)]


@pytest.fixture(scope="session")
def qemu_under_test(request: pytest.FixtureRequest) -> tuple[Qemu, Revision]:
    """Return the QEMU that ``--qemu-binary`` names, and the revision that models it."""
    from ..conform.conformance import detect
    from ..conform.driver import DriverError, Qemu
    from ..revision import UnknownRevision, find

    binary = request.config.getoption("--qemu-binary")
    if not binary:
        pytest.skip("say which QEMU to test: --qemu-binary BINARY")
    name = request.config.getoption("--qemu-revision")
    try:
        qemu = Qemu.at(binary)
        return qemu, find(name) if name else detect(qemu)[0]
    except (DriverError, UnknownRevision) as error:
        # Once, and not for each case.
        pytest.exit(f"--qemu-binary {binary}: {error}", pytest.ExitCode.USAGE_ERROR)


@pytest.fixture(scope="session")
def conformance_worker(qemu_under_test: Any) -> Iterator[Worker]:
    """Return a process that runs conformance cases."""
    from ..conform.conform_worker import Worker

    qemu, revision = qemu_under_test
    with (
        tempfile.TemporaryDirectory(prefix="qemu-model-conform-") as scratch,
        Worker(qemu, revision, Path(scratch), None) as worker,
    ):
        yield worker
