"""The tests that ``pytest --qemu-binary BINARY`` runs."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ..conform.cases import every_case
from .machine import compare_replies

if TYPE_CHECKING:
    from ..conform.conform_worker import Worker
    from ..conform.driver import Qemu
    from ..revision import Revision


@pytest.mark.parametrize("name", [case.name for case in every_case()])
def test_qemu_does_what_the_model_does(name: str, conformance_worker: Worker) -> None:
    """One conformance case: calls, messages, replies, exit status, files."""
    result = conformance_worker.compare(name)
    if result.status == "not run":
        pytest.skip(result.why[0])
    assert result.status != "failed", "\n".join(("", *result.why))


def test_qemu_replies_what_the_model_replies(
    qemu_under_test: tuple[Qemu, Revision], request: pytest.FixtureRequest
) -> None:
    """The same random QMP commands to both, reply against reply."""
    qemu, revision = qemu_under_test
    compare_replies(qemu.binary, request.config.getoption("--qemu-commands"), revision)
