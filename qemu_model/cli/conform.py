"""``qemu-model conform``: compare a real QEMU with the model."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import os
import random
import re
import secrets
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .choices import choose_revision
from .conform_run import (
    AGAINST,
    FILTER,
    FROM,
    INJECT,
    JOBS,
    JUNIT,
    LINE,
    LIST,
    PATH,
    QEMU,
    RESUME,
    REVISION,
    SAMPLE,
    SHARD,
    kept_results,
    progress,
    terminated_as_interrupted,
    unpacking,
    write_whole,
)
from .options import HELP, JSON, UsageError, Words, split, usage
from .reading import read_file

if TYPE_CHECKING:
    from ..conform.conform_place import Target
    from ..conform.conformance import Report

OPTIONS: Final = (
    QEMU,
    AGAINST,
    REVISION,
    PATH,
    FILTER,
    SAMPLE,
    SHARD,
    LINE,
    FROM,
    INJECT,
    RESUME,
    JSON,
    JUNIT,
    JOBS,
    LIST,
    HELP,
)

#: How many failed cases are shown at length; the rest are named.
TOLD_AT_LENGTH: Final = 20


def help_text() -> str:
    """Return what ``conform --help`` shows."""
    return usage(
        "conform --qemu BINARY [--revision R] [--path PATH] [--filter NAME] [--sample N]"
        " [--shard K/N] [--resume FILE] [--json | --junit FILE] [-j N]\n"
        "conform --qemu BINARY --against OTHER [--line LINE | --from FILE] [...]",
        "Run a real QEMU under strace and QMP over the conformance cases, in a scratch directory\n"
        "that is removed afterwards, and compare its calls, messages, replies, exit status and\n"
        "files with the model on the same host.  As root it also uses tmpfs and hugetlbfs.\n"
        "With --path the files of the cases are made in a new directory there, which is removed\n"
        "afterwards; on device DAX, which no other program should use, no case writes a byte.\n"
        "With --against two QEMUs are compared with each other, for instance before and after a\n"
        "patch; a difference that a release between them explains is named and is not a failure.",
        OPTIONS,
        (
            "qemu-model conform --qemu qemu-system-x86_64",
            "qemu-model conform --qemu build/qemu-system-x86_64 --filter size/",
            "qemu-model conform --qemu qemu-system-x86_64 --path /mnt/pmem --filter dax/",
            "qemu-model conform --qemu qemu-system-x86_64 --path /dev/dax0.0",
            "qemu-model conform --qemu qemu-system-x86_64 --junit conform.xml -j 4",
            "qemu-model conform --qemu build/qemu-system-x86_64 \\",
            "    --against debian:trixie-backports --sample 200",
            "qemu-model conform --qemu qemu-system-x86_64 --against qemu-system-x86_64 \\",
            "    --inject madvise:error=ENOSYS --sample 20",
        ),
        "0: nothing failed.  1: something did.  2: our options are wrong, or a program or library\n"
        "is missing.  125: with --against, no case can be run, which git bisect run skips.",
    )


def main(argv: Sequence[str]) -> int:
    """Run the command.  Raises :class:`~qemu_model.cli.options.UsageError`."""
    words = split([*spell_out_jobs(argv)], OPTIONS)
    if words.has(HELP):
        print(help_text(), end="")
        return 0
    if words.qemu:
        raise UsageError(f"conform takes no '{words.qemu[0]}'")
    try:
        from ..conform.conform import chosen
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the library {error.name} is not installed: pip install 'qemu-model[qemu]'"
        ) from error

    check_combination(words)
    target = find(words.value(PATH)) if words.has(PATH) else None
    lines = lines_of(words)
    names = [f"line/{number}" for number in range(1, len(lines) + 1)]
    if not lines:
        names = [case.name for case in chosen(words.value(FILTER) or None, target)]
    if not names:
        raise UsageError(f"no case's name contains '{words.value(FILTER)}' (--list names them)")
    if drawn := _drawn_before(words):
        names = drawn
    else:
        if words.has(SAMPLE):
            names = sample(names, words.number(SAMPLE))
        if words.has(SHARD):
            names = shard(names, words.value(SHARD))
    if words.has(LIST):
        print("\n".join(names))
        return 0
    if not words.has(QEMU):
        raise UsageError("say which QEMU: --qemu BINARY")
    if words.has(AGAINST):
        from .conform_against import compare

        return compare(words, names, lines, target)
    return _conform(words, names, target)


def check_combination(words: Words) -> None:
    """Raise :class:`~qemu_model.cli.options.UsageError` for options that do not go together."""
    own_lines = words.has(LINE) or words.has(FROM)
    if own_lines and not words.has(AGAINST):
        raise UsageError("--line and --from need --against OTHER")
    if own_lines and words.has(FILTER):
        raise UsageError("--filter chooses cases: with --line and --from there are none")
    if words.has(AGAINST) and words.has(REVISION):
        raise UsageError("--revision is for the comparison with the model, not --against")


def lines_of(words: Words) -> list[list[str]]:
    """Return the command lines of ``--line`` and ``--from``, without the programs."""
    from ..input import NothingFound, find_lines

    found: list[list[str]] = []
    for text in words.values(LINE):
        found.append(_split_line(text))
    for path in words.values(FROM):
        try:
            found += [list(line.options) for line in find_lines(read_file(path, "--from"))]
        except NothingFound as error:
            raise UsageError(f"--from {path}: {error}") from error
    return found


def _split_line(text: str) -> list[str]:
    import shlex

    try:
        return shlex.split(text)
    except ValueError as error:
        raise UsageError(f"--line: {error}") from error


def shard(names: Sequence[str], text: str) -> list[str]:
    """Return the K-th of N parts.  Raises :class:`~qemu_model.cli.options.UsageError`."""
    match = re.fullmatch(r"([1-9]\d{0,5})/([1-9]\d{0,5})", text)
    if match is None or int(match[1]) > int(match[2]):
        raise UsageError(f"--shard takes K/N, as 1/4 or 4/4, not '{text}'")
    return list(names[int(match[1]) - 1 :: int(match[2])])


def find(path: str) -> Target:
    """Return where the cases are to work.  Raises :class:`~qemu_model.cli.options.UsageError`."""
    from ..conform.conform_place import find_target
    from ..inspect.cannot_judge import CannotJudge

    try:
        return find_target(path)
    except CannotJudge as error:
        raise UsageError(f"--path: {error}") from error


def _drawn_before(words: Words) -> list[str]:
    """Return the cases that the run drew which ``--resume`` continues; none without."""
    if not (words.has(SAMPLE) and words.has(RESUME)):
        return []
    from ..conform.resume import sample_in

    return sample_in(Path(words.value(RESUME)))


def sample(names: Sequence[str], count: int) -> list[str]:
    """Return ``count`` of the names in their order, and say on stderr how to have them again."""
    seed = os.environ.get("QEMU_MODEL_SEED") or secrets.token_hex(4)
    count = min(count, len(names))
    drawn = sorted(random.Random(seed).sample(range(len(names)), count))
    again = f"QEMU_MODEL_SEED={seed} draws the same"
    print(f"a sample of {count} of {len(names)} cases; {again}", file=sys.stderr)
    return [names[place] for place in drawn]


def spell_out_jobs(argv: Sequence[str]) -> Iterator[str]:
    """Give the words, with ``-jN`` as two."""
    for word in argv:
        if word.startswith("-j") and word[2:].isdigit():
            yield "-j"
            yield word[2:]
        else:
            yield word


def _conform(words: Words, names: Sequence[str], target: Target | None) -> int:
    from ..conform.conform import Result
    from ..conform.conformance import conform, detect
    from ..conform.driver import DriverError, Qemu

    jobs = words.number(JOBS, os.cpu_count() or 1)
    try:
        with terminated_as_interrupted(), unpacking() as on_progress:
            qemu = Qemu.at(words.value(QEMU), on_progress, words.values(INJECT))
        if words.has(REVISION):
            revision = choose_revision(words.value(REVISION))
            how = f"{qemu.version}: revision {revision.name}, as asked"
        else:
            revision, how = detect(qemu)
        print(how, file=sys.stderr)
        if target is not None:
            print(target.in_words(), file=sys.stderr)
        what = {
            "qemu": [qemu.binary, qemu.version, *qemu.inject],
            "revision": revision.name,
        }
        with (
            terminated_as_interrupted(),
            kept_results(words, what, names) as (kept, keep),
            progress(len(names)) as on_result,
        ):

            def note(result: Result) -> None:
                keep(result.to_json())
                on_result(result.status)

            known = {name: Result.from_json(one) for name, one in kept.items() if name in names}
            report = conform(
                qemu,
                revision,
                names,
                jobs=jobs,
                whole=not any(map(words.has, (FILTER, SAMPLE, SHARD, PATH))),
                target=target,
                on_result=note,
                known=known,
            )
    except DriverError as error:
        raise UsageError(str(error)) from error
    except OSError as error:
        raise UsageError(f"there is no room for the cases: {error}") from error
    if words.has(JUNIT):
        write_whole(Path(words.value(JUNIT)), report.to_junit())
    if words.has(JSON):
        print(json.dumps(report.to_json(), indent=1))
    else:
        print(summary(report), end="")
    return report.status


def summary(report: Report) -> str:
    """Return the results for a maintainer of QEMU."""
    lines = []
    failed = report.of("failed")
    for result in failed[:TOLD_AT_LENGTH]:
        lines.append(f"FAILED {result.name}")
        lines += [f"    {why}" for why in result.why]
    if len(failed) > TOLD_AT_LENGTH:
        lines.append(f"and {len(failed) - TOLD_AT_LENGTH} more:")
        lines += [f"    {result.name}" for result in failed[TOLD_AT_LENGTH:]]
    for finding in report.gone:
        lines.append(f"FAILED the finding '{finding.name}' no longer occurs: {finding.title}")
    not_run: dict[str, int] = {}
    for result in report.of("not run"):
        not_run[result.why[0]] = not_run.get(result.why[0], 0) + 1
    lines += [f"not run: {count} cases: {why}" for why, count in not_run.items()]
    for finding, names in report.findings():
        cases = "1 case:" if len(names) == 1 else f"{len(names)} cases, for instance"
        lines.append(f"finding: {finding.title} ({cases} {names[0]})")
    counts = f"{len(report.of('passed'))} passed, {len(failed)} failed, "
    counts += f"{len(report.of('known'))} diverge by a finding, {len(report.of('not run'))} not run"
    lines.append(f"{report.qemu.version} against {report.revision.name}: {counts}")
    return "\n".join(lines) + "\n"
