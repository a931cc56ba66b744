"""Results in a file, one a line, so that an interrupted run can be continued: ``--resume FILE``."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .errors import DriverError


def sample_in(path: Path) -> list[str]:
    """Return the cases that were drawn for the run of a results file; none without a draw."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()[1:2]
        return [str(name) for line in lines for name in json.loads(line)["sample"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


class Results:
    """The results that ``path`` has, and those that are added to it as they come.

    ``what`` identifies the run; the file of another run is refused.  ``sample`` are the cases
    that were drawn, with which the run is continued.
    """

    def __init__(self, path: Path, what: Mapping[str, object], sample: Sequence[str] = ()) -> None:
        self.known: dict[str, dict[str, Any]] = {}
        head = json.dumps(dict(what), sort_keys=True)
        try:
            written = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
            if written and written[0] != head:
                raise DriverError(f"--resume: {path} has the results of another run")
            for line in written[1:]:
                self._add_known(line)
            self._file = path.open("a", encoding="utf-8")
            if not written:
                self._write(head)
                if sample:
                    self._write(json.dumps({"sample": list(sample)}))
        except OSError as error:
            raise DriverError(f"--resume: cannot use {path}: {error.strerror}") from error

    def _add_known(self, line: str) -> None:
        try:
            result = json.loads(line)
            self.known[result["name"]] = result
        except (ValueError, KeyError, TypeError):
            return  # the line that was being written when the run was interrupted

    def _write(self, line: str) -> None:
        self._file.write(line + "\n")
        self._file.flush()

    def add(self, result: Mapping[str, object]) -> None:
        """Write a result to the file."""
        self._write(json.dumps(dict(result)))

    def close(self) -> None:
        """Close the file."""
        self._file.close()
