"""Does a test run every line and every branch of the mirror?

``python benchmarks/coverage_of_mirror.py`` runs the mirror's fast tests and prints what
of it they do not run.  Lines may be excluded with ``pragma: no cover`` and a reason
behind it; they are listed.  Exit status 1 if anything else is not run, if a test fails,
or if more than 1% of the lines are excluded.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import coverage
import pytest
from mutation_sets import TESTS, files_of, package_directory

ROOT = Path(__file__).parent.parent
#: Of the mirror's lines, in percent.
MOST_EXCLUDED = 1.0


def main() -> int:
    """Run the tests and print what they leave out."""
    os.chdir(ROOT)
    package = package_directory()
    files = files_of(package)["mirror"]
    tests = [str(path) for name in TESTS["mirror"] for path in sorted(ROOT.glob(f"tests/{name}"))]
    with tempfile.TemporaryDirectory(prefix="coverage-") as directory:
        measured = coverage.Coverage(
            data_file=str(Path(directory, "data")),
            branch=True,
            include=[str(path) for path in files],
        )
        with measured.collect():
            failed = pytest.main([*tests, "-q", "-m", "not conform", "-p", "no:cacheprovider"])
        percent = measured.report(show_missing=True)
    lines = [
        (path.name, number, line.strip())
        for path in files
        for number, line in enumerate(path.read_text().splitlines(), 1)
    ]
    excluded = [line for line in lines if "pragma: no" in line[2]]
    for name, number, line in excluded:
        print(f"excluded: {name}:{number}: {line}")
    share = 100 * len(excluded) / len(lines)
    print(f"{percent:.1f}% of lines and branches run; {share:.2f}% of the lines excluded")
    return 0 if not failed and percent == 100.0 and share <= MOST_EXCLUDED else 1


if __name__ == "__main__":
    sys.exit(main())
