"""Does a test run every line and every branch of the mirror?

``python tools/coverage_of_mirror.py`` runs the tests of the modules that mirror QEMU, and
prints what of them they do not run.  Lines may be excluded with ``pragma: no cover`` and a
reason behind it; they are listed.  Exit status 1 if anything else is not run, if a test
fails, if an excluded line says no reason, or if more than 1% of the lines are excluded.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import coverage
import pytest
from mutation_sets import CHECKOUT, OPTIONS, files_of, package_directory, tests_of

#: Of the mirror's lines, in percent.
MOST_EXCLUDED = 1.0


def main() -> int:
    """Run the tests and print what they leave out."""
    os.chdir(CHECKOUT)
    package = package_directory()
    files = files_of(package)["mirror"]
    tests = tests_of("mirror")
    with tempfile.TemporaryDirectory(prefix="coverage-") as directory:
        measured = coverage.Coverage(
            data_file=str(Path(directory, "data")),
            branch=True,
            include=[str(path) for path in files],
        )
        with measured.collect():
            failed = pytest.main([*tests, *OPTIONS])
        percent = measured.report(show_missing=True, skip_covered=True)
    lines = [
        (path.relative_to(package), number, line.strip())
        for path in files
        for number, line in enumerate(path.read_text().splitlines(), 1)
    ]
    excluded = [line for line in lines if "pragma: no" in line[2]]
    without_reason = [line for line in excluded if " - " not in line[2].partition("pragma:")[2]]
    for name, number, line in excluded:
        print(f"excluded: {name}:{number}: {line}")
    share = 100 * len(excluded) / len(lines)
    print(
        f"{percent:.1f}% of lines and branches run; {len(excluded)} of {len(lines)} lines "
        f"excluded ({share:.2f}%), {len(without_reason)} of them without a reason"
    )
    good = percent == 100.0 and share <= MOST_EXCLUDED and not without_reason
    return 0 if good and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
