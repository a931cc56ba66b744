"""Run the tests part by part, each within its budget; ``./run-tests --help`` lists the parts.

Only the standard library is used here: this runs before there is an environment.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gate_environment import CHECKOUT, Environment, EnvironmentFailed
from gate_report import Report

#: A part that takes this many times its budget, and so many seconds, is stopped, and fails.
PATIENCE, AT_LEAST = 4, 900
#: Seconds that a stopped part gets to remove what it made.
CLEANING_UP = 40
#: Seconds before the end in which no further part is begun.
LAST_START = 120


@dataclass(frozen=True)
class Part:
    """One part: its budget in the gate and its usual times, in seconds on two slow cores."""

    name: str
    what: str
    budget: int
    usual: int
    whole: int
    tests: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    in_gate: bool = True


PARALLEL = ("-n", "2", "--dist", "loadgroup")
PARTS = (
    Part("lint", "ruff and mypy", 60, 40, 40),
    Part(
        "quick",
        "recorded runs, the mirror, the series, the releases",
        60,
        60,
        360,
        ("recorded", "mirror", "series", "releases"),
        PARALLEL,
    ),
    Part("people", "commands, messages, pages, Python", 180, 100, 150, ("people",), PARALLEL),
    Part("judge", "whole logs, right and altered", 120, 40, 90, ("judge",), PARALLEL),
    Part("kernel", "this kernel and the simulated one", 60, 45, 90, ("kernel",), PARALLEL),
    Part("faults", "each call fails in turn", 120, 100, 600, ("faults",), PARALLEL),
    Part("fuzz", "malformed input", 60, 55, 300, ("fuzz",), PARALLEL),
    Part("load", "10,000 backends, 64 processes", 60, 50, 120, ("load",), ("-n", "2")),
    Part("real", "a real QEMU beside the model", 240, 200, 900, ("real",), PARALLEL),
    Part("guest", "real DAX in a virtual machine, crashes", 240, 220, 900, ("guest",)),
    Part("docs", "the documentation builds and is not stale", 60, 50, 300, ("docs",), PARALLEL),
    Part("coverage", "each line and branch of the mirror is run", 0, 0, 240, in_gate=False),
)


def usage() -> str:
    """Return what ``--help`` prints."""
    rows = [
        f"  {part.name:<9}{part.budget // 60 or '-':>4}"
        f"{f'{part.usual / 60:.1f}' if part.usual else '-':>9}"
        f"{part.whole / 60:>9.1f}    {part.what}"
        for part in PARTS
    ]
    return "\n".join(
        [
            "usage: ./run-tests [--whole | --rest MINUTES] [PART...]",
            "",
            "Test the wheel that this checkout builds, in an environment of its own",
            "(.cache/test-environment, kept until its inputs change).",
            "",
            "  (nothing)       the gate: each part within its budget, long ones by a sample",
            "                  drawn by the commit (or QEMU_MODEL_SEED)",
            "  --whole         every test, nothing sampled",
            "  --rest MINUTES  the gate, then whole parts, a different one first for each",
            "                  commit, until MINUTES after the start",
            "",
            "part       budget  usual    whole    (minutes on two slow cores)",
            *rows,
        ]
    )


@dataclass
class Outcome:
    """How a part went."""

    part: Part
    whole: bool
    seconds: float = 0
    processor: float = 0
    status: int = 0
    stopped: bool = False
    cut: bool = False
    report: Report = field(default_factory=Report)

    @property
    def failed(self) -> bool:
        """Whether the part shows a mistake; one cut by the overall deadline alone does not."""
        return bool(self.report.failed) if self.cut else self.status != 0

    def row(self) -> str:
        """Return the part's row of the table at the end."""
        budget = "" if self.whole else f"{self.part.budget:>6} s"
        word = "FAILED" if self.failed else "cut by the deadline" if self.cut else "passed"
        if self.stopped:
            word = f"FAILED: stopped after {self.seconds:.0f} s"
        elif not self.whole and self.seconds > self.part.budget > 0:
            word += ", OVER BUDGET"
        if skipped := self.report.skipped.total():
            word += f", {skipped} not verified"
        name = f"{self.part.name}{' (whole)' if self.whole else ''}"
        return f"{name:<16}{self.seconds:>7.0f} s{self.processor:>9.0f} s{budget:>9}  {word}"


class Run:
    """One run of the parts chosen."""

    def __init__(self, environment: Environment, seed: str, deadline: float) -> None:
        self.environment = environment
        self.seed = seed
        self.deadline = deadline
        self.outcomes: list[Outcome] = []

    def run(self, part: Part, *, whole: bool) -> None:
        """Run a part, and keep how it went."""
        print(f"\n=== {part.name}{', whole' if whole else ''}", flush=True)
        begin = time.monotonic()
        usual = part.whole if whole else part.budget
        limit = begin + max(PATIENCE * usual, AT_LEAST)
        outcome = Outcome(part, whole)
        used = processor_time()
        report = CHECKOUT / ".cache" / f"report-{part.name}"
        report.unlink(missing_ok=True)
        for command in self.commands(part, whole=whole):
            status = self._call(command, min(limit, self.deadline), report, whole=whole)
            if status is None:
                outcome.cut = self.deadline < limit
                outcome.stopped = not outcome.cut
                outcome.status = 1
                break
            outcome.status = outcome.status or status
        outcome.seconds = time.monotonic() - begin
        outcome.processor = processor_time() - used
        outcome.report = Report.read(report)
        self.outcomes.append(outcome)

    def commands(self, part: Part, *, whole: bool) -> list[list[str]]:
        """Return the programs that a part consists of."""
        program = self.environment.program
        if part.name == "lint":
            return [
                [program("ruff"), "check", "."],
                [program("ruff"), "format", "--check", "."],
                [program("mypy")],
            ]
        if part.name == "coverage":
            # Without its own folder on the path a script does not find its helpers.
            helpers = f"PYTHONPATH={CHECKOUT / 'tools'}"
            return [["env", helpers, program("python"), "tools/coverage_of_mirror.py"]]
        folders = [f"tests/{name}" for name in part.tests if (CHECKOUT / "tests" / name).is_dir()]
        pytest = [program("pytest"), "-q", "-o", "cache_dir=.cache/pytest"]
        commands = [[*pytest, *part.options, *folders]]
        if part.name == "fuzz" and self.environment.has_fuzzer():
            effort = ["--seconds", "25"] if whole else ["--seconds", "5", "--some", "1"]
            commands.append([program("python"), "tests/fuzz/run.py", *effort])
        return commands

    def _call(
        self, command: Sequence[str], until: float, report: Path, *, whole: bool
    ) -> int | None:
        """Run a program until it ends, and return its status; stop it, and return None."""
        settings = {
            **os.environ,
            "QEMU_MODEL_SEED": self.seed,
            "QEMU_MODEL_WHEEL": "1",
            "QEMU_MODEL_REPORT": str(report),
            # Without the current directory on its path a child, too, runs the wheel.
            "PYTHONSAFEPATH": "1",
        }
        for name in ("QEMU_MODEL_WHOLE", "PYTHONPATH"):
            settings.pop(name, None)
        if whole:
            settings["QEMU_MODEL_WHOLE"] = "1"
        with subprocess.Popen(
            command, cwd=CHECKOUT, env=settings, start_new_session=True
        ) as process:
            try:
                return process.wait(max(until - time.monotonic(), 1))
            except subprocess.TimeoutExpired:
                print("--- no more time: stopped", flush=True)
                stop(process)
                return None
            except BaseException:
                stop(process)
                raise


def processor_time() -> float:
    """Return the seconds of processor time that ended programs of this run took."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def stop(process: subprocess.Popen[bytes]) -> None:
    """Interrupt a program so that it removes what it made; kill it if it does not end."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(CLEANING_UP)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextlib.contextmanager
def huge_pages_kept() -> Iterator[None]:
    """Give back the huge pages that tests add to the kernel's pool."""
    pool = Path("/proc/sys/vm/nr_hugepages")
    before = pool.read_text() if os.access(pool, os.W_OK) else ""
    try:
        yield
    finally:
        if before:
            pool.write_text(before)


def commit_seed() -> str:
    """Return what samples are drawn with: the commit, unless QEMU_MODEL_SEED is given."""
    given = os.environ.get("QEMU_MODEL_SEED")
    if given:
        return given
    asked = subprocess.run(
        ["git", "-C", str(CHECKOUT), "rev-parse", "--short=8", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip() or "0"


def rotated(parts: Sequence[Part], seed: str) -> list[Part]:
    """Return the parts beginning with another one for each commit."""
    number = int(seed, 16) if all(letter in "0123456789abcdef" for letter in seed) else len(seed)
    first = number % len(parts)
    return [*parts[first:], *parts[:first]]


def summary(run: Run, chosen: Sequence[Part], not_begun: Sequence[Part]) -> int:
    """Print the table and what was not verified; return the exit status."""
    print(f"\n=== summary (sample seed {run.seed})")
    print("part               time  processor   budget")
    for outcome in run.outcomes:
        print(outcome.row())
    reports = [outcome.report for outcome in run.outcomes]
    for line in sorted({line for report in reports for line in report.samples}):
        print(f"sample: {line}")
    skipped: Counter[str] = Counter()
    for report in reports:
        skipped.update(report.skipped)
    skipped.update(run.environment.missing)
    failed = [outcome for outcome in run.outcomes if outcome.failed]
    missing = [f"{reason} ({count} tests)" for reason, count in sorted(skipped.items())]
    cut = [f"the rest of '{one.part.name}': no time left" for one in run.outcomes if one.cut]
    cut += [f"'{part.name}' as a whole: no time left" for part in not_begun]
    left = [part.name for part in PARTS if part.in_gate and part not in chosen]
    if left:
        cut.append(f"the parts {', '.join(left)}: not asked for")
    if missing or cut:
        print("not verified:")
        print(*(f"  - {line}" for line in [*missing, *cut]), sep="\n")
    for outcome in failed:
        print(f"failed: {outcome.part.name}")
        print(*(f"  {test}" for test in outcome.report.failed[:20]), sep="\n")
    counts = [sum(report.passed for report in reports), sum(len(one.failed) for one in reports)]
    if failed:
        print("FAILED")
    elif missing:
        print("what ran passed; what is listed above was not verified")
    elif cut:
        print("what ran passed, and nothing in it was skipped")
    else:
        print("all parts passed, nothing was skipped")
    print(f"{counts[0]} passed, {max(counts[1], len(failed))} failed, {skipped.total()} skipped")
    return 1 if failed else 0


@dataclass(frozen=True)
class Asked:
    """What the command line asks for."""

    parts: tuple[Part, ...]
    whole: bool
    rest: float | None


def asked_for(words: Sequence[str]) -> Asked:
    """Read the command line; raises :class:`ValueError` with a sentence."""
    known = {part.name: part for part in PARTS}
    names: list[str] = []
    whole, rest = False, None
    left = list(words)
    while left:
        word = left.pop(0)
        if word == "--whole":
            whole = True
        elif word == "--rest":
            number = left.pop(0) if left else ""
            if not number.isdigit():
                raise ValueError(f"--rest takes a number of minutes, not '{number}'")
            rest = 60.0 * int(number)
        elif word in known:
            names.append(word)
        else:
            kind = "option" if word.startswith("-") else "part"
            raise ValueError(f"there is no {kind} '{word}'; the parts are {', '.join(known)}")
    chosen = [known[name] for name in dict.fromkeys(names)]
    if not chosen:
        chosen = [part for part in PARTS if whole or part.in_gate]
    return Asked(tuple(chosen), whole or (rest is None and chosen == [known["coverage"]]), rest)


def main(words: Sequence[str]) -> int:
    """Run what is asked for; 0 if it passed, 1 if not, 2 for wrong use."""
    begin = time.monotonic()
    if {"-h", "--help"} & set(words):
        print(usage())
        return 0
    try:
        asked = asked_for(words)
    except ValueError as error:
        print(f"run-tests: {error}", file=sys.stderr)
        return 2
    environment = Environment()
    try:
        environment.prepare()
    except EnvironmentFailed as error:
        print(f"run-tests: {error}", file=sys.stderr)
        return 1
    seed = commit_seed()
    deadline = begin + asked.rest if asked.rest else float("inf")
    run = Run(environment, seed, float("inf"))
    not_begun = []
    with huge_pages_kept():
        for part in asked.parts:
            run.run(part, whole=asked.whole)
        if asked.rest is not None and not any(outcome.failed for outcome in run.outcomes):
            run.deadline = deadline
            for part in rotated(
                [part for part in PARTS if part.in_gate and part.name != "lint"], seed
            ):
                if time.monotonic() + max(part.whole, LAST_START) < deadline:
                    run.run(part, whole=True)
                else:
                    not_begun.append(part)
    return summary(run, asked.parts, not_begun)


if __name__ == "__main__":
    # A shell that starts this in the background has it ignore SIGINT, and the tests of Ctrl-C
    # would ignore it too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
