"""Fuzz with atheris: ``python tests/fuzz/run.py [--seconds N] [TARGET...]``.

Each target gets N seconds, two at a time, beginning with what ``corpus.py`` knows; the
sample is drawn with QEMU_MODEL_SEED.  Prints what was tried; where an input fails, prints
it and where it is kept, and ends with status 1.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
if "QEMU_MODEL_WHEEL" not in os.environ:
    sys.path.insert(1, str(HERE.parents[1]))

import targets  # noqa: E402 - found by the path above
from corpus import TOKENS, seeds  # noqa: E402 - found by the path above

#: What libFuzzer bounds: bytes of input, MiB of memory, seconds for one input.
LONGEST = 65536
MEMORY = targets.MEMORY >> 20
_DONE = re.compile(r"Done (\d+) runs in (\d+) second")
_COVERED = re.compile(r"cov: (\d+)")


def dictionary(directory: Path) -> Path:
    """Write the words that mean something, as libFuzzer wants them; return the file."""
    path = directory / "words"
    words = [token for token in TOKENS if 0 < len(token) < 60]
    quoted = ["".join(f"\\x{byte:02x}" for byte in word) for word in words]
    path.write_text("".join(f'"{word}"\n' for word in quoted), encoding="ascii")
    return path


def fuzz(target: str, seconds: int, directory: Path) -> tuple[str, bool]:
    """Fuzz one target; return a line that tells of it, and whether all went well."""
    corpus = directory / target
    corpus.mkdir()
    for number, data in enumerate(seeds(target)):
        (corpus / str(number)).write_bytes(data)
    seed = zlib.crc32(f"{os.environ.get('QEMU_MODEL_SEED', '0')} {target}".encode()) or 1
    began = time.monotonic()
    done = subprocess.run(
        [
            sys.executable,
            str(HERE / "harness.py"),
            target,
            f"-max_total_time={seconds}",
            f"-seed={seed}",
            f"-max_len={LONGEST}",
            f"-rss_limit_mb={MEMORY}",
            f"-timeout={targets.SECONDS}",
            f"-dict={dictionary(corpus.parent)}",
            f"-artifact_prefix={tempfile.gettempdir()}/qemu-model-{target}-",
            str(corpus),
        ],
        capture_output=True,
        check=False,
    )
    told = done.stderr.decode("utf-8", "replace")
    runs = _DONE.search(told)
    covered = _COVERED.findall(told)
    if done.returncode != 0 or runs is None:
        defect = (done.stdout.decode("utf-8", "replace") + told)[-3000:]
        return f"{target}: FAILED\n{defect}", False
    return (
        f"{target:10} {int(runs[1]):>8} inputs in {runs[2]} s, "
        f"{time.monotonic() - began:.0f} s in all, {covered[-1] if covered else '?'} edges",
        True,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=20, help="for each target")
    parser.add_argument("target", nargs="*", choices=[*targets.TARGETS, []], metavar="TARGET")
    given = parser.parse_args()
    chosen = given.target or list(targets.TARGETS)
    with (
        tempfile.TemporaryDirectory(prefix="qemu-model-fuzz-") as directory,
        ThreadPoolExecutor(2) as pool,
    ):
        told = list(pool.map(lambda target: fuzz(target, given.seconds, Path(directory)), chosen))
    for line, _ in told:
        print(line)
    return 0 if all(well for _, well in told) else 1


if __name__ == "__main__":
    sys.exit(main())
