"""What the text behind a line says about the start that failed."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ..calls.said import errors_of
from .case import Case
from .finding import Finding, Rule

FAILED_THERE: Final = Rule(
    "QM003",
    "failed-there",
    "error",
    "An error of QEMU follows the line in the text: this start failed, or QEMU ended later.",
)
#: What libvirt and QEMU write into a log of a start that went well, and at its end.
_NO_ERROR: Final = re.compile(
    r"^.*(?:Domain id=\d+ is tainted: |char device redirected to |: shutting down, reason=).*$",
    re.MULTILINE,
)


def failed_there(case: Case) -> Iterator[Finding]:
    """Yield the error that follows the line, unless the model's run has it too."""
    told = _NO_ERROR.sub("", case.told)
    if not told.strip():
        return
    # Most lines have no error behind them, and need no catalogue.
    from ..explain.causes import causes_of
    from ..explain.match import find_messages
    from .here import failed_in

    found = next((one for one in find_messages(told) if not one.is_warning), None)
    if found is None:
        return
    said = found.said
    if any(said in text for text in errors_of(case.run)):
        return
    failed = next(iter(failed_in(case, found)), None)
    cause = next(iter(causes_of(found.known, found.errno)), None)
    why, fix = "", ""
    if failed is not None:
        why, fix = failed.text, failed.fix
    elif cause is not None:
        why, fix = f"{cause.text[:1].upper()}{cause.text[1:]}.", cause.fix
    yield Finding(FAILED_THERE, "", f"The text says: {said.rstrip('.')}. {why}".strip(), why, fix)
