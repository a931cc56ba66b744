"""Fuzz with atheris: ``python tests/fuzz/run.py [--seconds N] [TARGET...]``.

Each target gets N seconds, two at a time, beginning with what ``corpus.py`` knows and with
what was found before; the sample is drawn with QEMU_MODEL_SEED.  Prints what was tried;
where an input fails, prints why and where it is kept, and ends with status 1.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import attrs

HERE = Path(__file__).parent
FOUND = HERE.parent / "data" / "found"
SEED = os.environ.get("QEMU_MODEL_SEED", "0")
sys.path.insert(0, str(HERE))
if "QEMU_MODEL_WHEEL" not in os.environ:
    sys.path.insert(1, str(HERE.parents[1]))

import targets  # noqa: E402 - found by the path above
from corpus import TOKENS, seeds  # noqa: E402 - found by the path above

#: What libFuzzer bounds: bytes of input, MiB of memory, seconds for one input.
LONGEST = 65536
MEMORY = targets.MEMORY >> 20
#: What lines begin with that tell how far libFuzzer is.
PROGRESS = ("#", "INFO:", "WARNING:")
_DONE = re.compile(r"Done (\d+) runs in (\d+) second")
_COVERED = re.compile(r"cov: (\d+)")


def dictionary(directory: Path) -> Path:
    """Write the words that mean something, as libFuzzer wants them; return the file."""
    path = directory / "words"
    words = [token for token in TOKENS if 0 < len(token) < 60]
    quoted = ["".join(f"\\x{byte:02x}" for byte in word) for word in words]
    path.write_text("".join(f'"{word}"\n' for word in quoted), encoding="ascii")
    return path


@attrs.frozen
class Tried:
    """How the fuzzing of one target went: ``told`` is a line of it, or of what failed."""

    told: str
    inputs: int
    well: bool


def command(target: str, seconds: int, directory: Path) -> list[str]:
    """Return what fuzzes a target, beginning with the inputs that it makes a corpus of."""
    corpus = directory / target
    corpus.mkdir()
    for number, data in enumerate(seeds(target)):
        (corpus / str(number)).write_bytes(data)
    for known in FOUND.glob(f"{target}-*"):
        (corpus / known.name).write_bytes(known.read_bytes())
    seed = zlib.crc32(f"{SEED} {target}".encode()) or 1
    return [
        sys.executable,
        str(HERE / "harness.py"),
        target,
        f"-max_total_time={seconds}",
        f"-seed={seed}",
        f"-max_len={LONGEST}",
        f"-rss_limit_mb={MEMORY}",
        f"-timeout={10 * targets.SECONDS}",
        f"-dict={dictionary(corpus.parent)}",
        f"-artifact_prefix={tempfile.gettempdir()}/qemu-model-{target}-",
        str(corpus),
    ]


def fuzz(target: str, seconds: int, directory: Path) -> Tried:
    """Fuzz one target."""
    began = time.monotonic()
    done = subprocess.run(command(target, seconds, directory), capture_output=True, check=False)
    output = (done.stdout + done.stderr).decode("utf-8", "replace")
    runs = _DONE.search(output)
    covered = _COVERED.findall(output)
    if done.returncode != 0 or runs is None:
        # What libFuzzer tells of its progress is of no interest beside a defect.
        lines = [line for line in output.splitlines() if not line.startswith(PROGRESS)]
        what = f"{target}: FAILED with {done.returncode}"
        return Tried("\n".join([what, *lines[-80:]]), 0, False)
    inputs = int(runs[1])
    all_in_all = time.monotonic() - began
    return Tried(
        f"{inputs:>9,} inputs of '{target}' in {runs[2]} s, {all_in_all:.0f} s in all, "
        f"{covered[-1] if covered else '?'} edges of the program",
        inputs,
        True,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=20, help="for each target")
    parser.add_argument("--at-once", type=int, default=2, help="how many targets at a time")
    parser.add_argument("--some", type=int, help="draw so many of the targets")
    parser.add_argument("target", nargs="*", choices=[*targets.TARGETS, []], metavar="TARGET")
    given = parser.parse_args()
    chosen = given.target or list(targets.TARGETS)
    if given.some:
        chosen = random.Random(f"{SEED} targets").sample(chosen, min(given.some, len(chosen)))
    inputs = 0
    well = True
    with (
        tempfile.TemporaryDirectory(prefix="qemu-model-fuzz-") as directory,
        ThreadPoolExecutor(given.at_once) as pool,
    ):
        for tried in pool.map(lambda target: fuzz(target, given.seconds, Path(directory)), chosen):
            print(tried.told, flush=True)
            inputs += tried.inputs
            well = well and tried.well
    print(f"{inputs:>9,} inputs fuzzed with atheris (sample {SEED})")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
