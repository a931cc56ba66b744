"""Logs with one thing broken, and logs that say the same in another way."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import attrs
from recordings import Recording

from qemu_model.judge.judge import judge
from qemu_model.judge.log import Log
from qemu_model.judge.verdict import Verdict
from qemu_model.revision import find

Replacement = bytes | Callable[[re.Match[bytes]], bytes]


def _plus(amount: int, pattern: str, shown: str) -> tuple[bytes, Replacement]:
    base = 16 if "x" in pattern else 10
    form = shown.encode()
    return pattern.encode(), lambda match: form % (int(match[1], base) + amount)


#: What one argument can be altered to: a pattern, and what stands there instead.  Each is a
#: call that QEMU does not make.
ALTERATIONS: Final[Sequence[tuple[str, bytes, Replacement]]] = (
    ("open for reading", rb"O_RDWR", rb"O_RDONLY"),
    ("open with a flag more", rb"O_RDWR", rb"O_RDWR|O_CLOEXEC"),
    ("open without a flag", rb"\|O_EXCL", rb""),
    ("another mode", rb"\b0644\b", rb"0640"),
    ("another mode", rb"\b0600\b", rb"0644"),
    ("another path", rb'img"', rb'imh"'),
    ("another name", rb'memory-backend-memfd"', rb'memory-backend"'),
    ("another whence", rb"SEEK_END", rb"SEEK_SET"),
    ("another way to fix the address", rb"MAP_FIXED", rb"MAP_FIXED_NOREPLACE"),
    ("private for shared", rb"MAP_SHARED(?=[|,])", rb"MAP_PRIVATE"),
    ("shared for private", rb"MAP_PRIVATE", rb"MAP_SHARED"),
    ("without MAP_SYNC", rb"\|MAP_SYNC", rb""),
    ("MAP_SHARED for MAP_SHARED_VALIDATE", rb"MAP_SHARED_VALIDATE", rb"MAP_SHARED"),
    ("a mapping with a flag more", rb"MAP_ANONYMOUS", rb"MAP_ANONYMOUS|MAP_NORESERVE"),
    ("a mapping with a flag more", rb"MAP_FIXED", rb"MAP_FIXED|MAP_POPULATE"),
    ("another protection", rb"PROT_READ\|PROT_WRITE", rb"PROT_READ"),
    ("another protection", rb"PROT_NONE", rb"PROT_READ"),
    ("another offset", rb", 0(\)) *$", rb", 0x1000)"),
    ("other advice", rb"MADV_HUGEPAGE", rb"MADV_NOHUGEPAGE"),
    ("other advice", rb"MADV_DONTFORK", rb"MADV_DOFORK"),
    ("other advice", rb"MADV_MERGEABLE", rb"MADV_UNMERGEABLE"),
    ("other advice", rb"MADV_DONTDUMP", rb"MADV_DODUMP"),
    ("other advice", rb"MADV_REMOVE", rb"MADV_DONTNEED"),
    ("other advice", rb"MADV_POPULATE_WRITE", rb"MADV_POPULATE_READ"),
    ("another policy", rb"MPOL_DEFAULT", rb"MPOL_BIND"),
    ("another policy", rb"MPOL_(?:BIND|PREFERRED|INTERLEAVE)", rb"MPOL_LOCAL"),
    ("a policy without a flag", rb"\|MPOL_MF_MOVE", rb""),
    ("other nodes", rb"(\[0x0*)1\]", rb"\g<1>3]"),
    ("other nodes", rb"NULL(?=, 1, MPOL)", rb"[0x0000000000000001]"),
    ("another number of nodes", rb", 1(?=, MPOL_MF)", rb", 65"),
    ("a memfd without a flag", rb"MFD_CLOEXEC\|?", rb""),
    ("a memfd with another page size", rb"MFD_HUGETLB(?!\|)", rb"MFD_HUGETLB|30<<MFD_HUGE_SHIFT"),
    ("a seal less", rb"\|F_SEAL_GROW|F_SEAL_GROW\|", rb""),
    ("another command", rb"F_ADD_SEALS", rb"F_SETFD"),
    ("a larger size", *_plus(4096, r", (\d{4,})(?=[,)])", ", %d")),
    ("a smaller size", *_plus(-1, r", (\d{4,})(?=[,)])", ", %d")),
    ("a higher address", *_plus(4096, r"\(0x([0-9a-f]+)", "(0x%x")),
    ("an address far off", *_plus(-(1 << 30), r"\(0x([0-9a-f]+)", "(0x%x")),
    ("another descriptor", *_plus(1, r"\((\d+)<", "(%d<")),
    ("another descriptor", *_plus(1, r", (\d+)<", ", %d<")),
)

#: Calls that QEMU never makes on a block of its own, for ``{fd}``, ``{path}``, ``{address}``
#: and ``{size}``.
TOO_MANY: Final = (
    "ftruncate({fd}, 0) = 0",
    "lseek({fd}, 0, SEEK_CUR) = 0",
    "fcntl({fd}, F_SETFD, FD_CLOEXEC) = 0",
    "fallocate({fd}, 0, 0, 4096) = 0",
    "close({fd}) = 0",
    "mprotect({address}, 4096, PROT_READ) = 0",
    "munmap({address}, 4096) = 0",
    "mbind({address}, 4096, MPOL_BIND, [0x0000000000000001], 2, MPOL_MF_MOVE) = 0",
    "mmap({address}, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0)"
    " = {address}",
    "madvise({address}, {size}, MADV_HUGEPAGE) = 0",
)


@attrs.frozen
class Broken:
    """A log with one thing broken: what, on which line it shows, and the log."""

    what: str
    line: int
    log: bytes = attrs.field(repr=False)


def judged_lines(run: Recording, **options: Any) -> tuple[Verdict, list[int]]:
    """Return the verdict on an intact recording, and the lines that were held against the model."""
    lines: list[int] = []
    verdict = check(run, run.log, on_line=lambda line, _text: lines.append(line), **options)
    return verdict, sorted(lines)


def check(
    run: Recording, log: bytes, *, qmp: bool = True, revision: str | None = None, **options: Any
) -> Verdict:
    """Judge ``log`` as a log of this recorded run."""
    given = [*run.machine, *run.args] if run.only_path else None
    with tempfile.TemporaryFile() as file:
        file.write(log)
        file.flush()
        return judge(
            Log(file),
            find((revision or run.revision).lower()),
            options=options.pop("qemu_options", given),
            qmp=run.qmp if qmp else None,
            **options,
        )


def name_of(line: bytes) -> bytes:
    """Return the name of the call on a line."""
    match = re.search(rb"(\w+)\(", line)
    return match[1] if match else b""


def altered(lines: Sequence[bytes], judged: Sequence[int]) -> Iterator[Broken]:
    """Yield logs in which one argument of one judged call is another."""
    for number in judged:
        call, equals, result = lines[number - 1].rpartition(b" = ")
        for what, pattern, replacement in ALTERATIONS:
            # No mapping of the other form is meant: the first match is the argument.
            changed = re.sub(pattern, replacement, call, count=1)
            if changed != call:
                yield Broken(what, number, _replaced(lines, number, changed + equals + result))


def rearranged(lines: Sequence[bytes], judged: Sequence[int]) -> Iterator[Broken]:
    """Yield logs in which one judged call is missing, there twice, or after the next one."""
    for place, number in enumerate(judged):
        line = lines[number - 1]
        if b" = -1 EINTR" in line:
            # QEMU repeats it as often as the kernel says so: once more or less is no fault.
            continue
        following = judged[place + 1] if place + 1 < len(judged) else None
        others = [*lines[: number - 1], *lines[number:]]
        if following is not None and any(name_of(other) == name_of(line) for other in others):
            yield Broken("missing", following - 1, _joined(others))
        yield Broken("twice", number + 1, _joined([*lines[:number], line, *lines[number:]]))
        if following is not None:
            other = lines[following - 1]
            if other.split(b" = ")[0] != line.split(b" = ")[0]:
                swapped = list(lines)
                swapped[number - 1], swapped[following - 1] = other, line
                yield Broken("swapped", number, _joined(swapped))


def interspersed(lines: Sequence[bytes], judged: Sequence[int]) -> Iterator[Broken]:
    """Yield logs that have a call more, on a block that is there."""
    fd = address = size = b""
    pid = lines[judged[0] - 1].split()[0] if judged else b""
    for number in judged:
        line = lines[number - 1]
        opened = re.search(rb"= (\d+<[^>]*>(?:\(deleted\))?)$", line)
        if opened and b"open" in name_of(line):
            fd = opened[1]
        mapped = re.search(rb"mmap\((0x[0-9a-f]+), (\d+), .* = 0x", line)
        if mapped:
            address, size = mapped[1], mapped[2]
        for form in TOO_MANY:
            if ("{fd}" in form and not fd) or ("{address}" in form and not address):
                continue
            call = form.format(fd=fd.decode(), address=address.decode(), size=size.decode())
            following = next((n for n in judged if n > number), None)
            if following is None and form.startswith("close"):
                # On its way out QEMU may close a backend's file.
                continue
            # The call may be the very next one that QEMU makes: then it is none too many.
            if following and lines[following - 1].split(b"(", 1)[1].startswith(
                call.encode().split(b"(", 1)[1].split(b")")[0]
            ):
                continue
            extra = pid + b" " + call.encode()
            log = _joined([*lines[:number], extra, *lines[number:]])
            yield Broken(f"too many: {name_of(extra).decode()}", number + 1, log)


def _replaced(lines: Sequence[bytes], number: int, line: bytes) -> bytes:
    return _joined([*lines[: number - 1], line, *lines[number:]])


def _joined(lines: Sequence[bytes]) -> bytes:
    return b"\n".join(lines) + b"\n"


# The same log, printed by strace in another way.


def with_threads_in_brackets(log: bytes) -> bytes:
    """As strace prints on a terminal: ``[pid 123] call``."""
    return re.sub(rb"(?m)^(\d+) +", rb"[pid \1] ", log)


def with_names_of_threads(log: bytes) -> bytes:
    """As with -Y: ``123<qemu-system-x86> call``."""
    return re.sub(rb"(?m)^(\d+) +", rb"\1<qemu-system-x86> ", log)


def with_times(log: bytes) -> bytes:
    """As with -tt: ``123 12:34:56.789012 call``."""
    return re.sub(rb"(?m)^(\d+) +", rb"\1 12:34:56.789012 ", log)


def with_seconds(log: bytes) -> bytes:
    """As with -ttt: ``123 1545234234.123456 call``."""
    return re.sub(rb"(?m)^(\d+) +", rb"\1 1545234234.123456 ", log)


def with_differences_of_time(log: bytes) -> bytes:
    """As with -r: ``123      0.000012 call``."""
    return re.sub(rb"(?m)^(\d+) +", rb"\1      0.000012 ", log)


def with_durations(log: bytes) -> bytes:
    """As with -T: ``call = 0 <0.000012>``."""
    return re.sub(rb"(?m)( = (?!\?)[^\n]*)$", rb"\1 <0.000012>", log)


def with_call_numbers(log: bytes) -> bytes:
    """As with -n: ``[ 257] call``."""
    return re.sub(rb"(?m)^(\d+) +(?=\w)", rb"\1 [ 257] ", log)


def with_every_column(log: bytes) -> bytes:
    """As with -tt -r -n -i: ``123 12:34:56.789012 (+ 0.000012) [ 257] [00007f765db3fad7] call``."""
    columns = rb"\1 12:34:56.789012 (+     0.000012) [ 257] [00007f765db3fad7] "
    return re.sub(rb"(?m)^(\d+) +", columns, log)


def without_names_of_files(log: bytes) -> bytes:
    """As without -yy: ``close(10)``."""
    return re.sub(rb"\b(\d+|AT_FDCWD)<[^<>\n]*(?:<[^<>\n]*>)?>(?:\(deleted\))?", rb"\1", log)


def in_another_language(log: bytes) -> bytes:
    """As where strerror() is German: ``-1 ENOENT (Datei oder Verzeichnis nicht gefunden)``."""
    return re.sub(rb"(-1 E[A-Z]+) \([^)\n]*\)", b"\\1 (\xc3\xbcber Bord \xe4)", log)


def with_open(log: bytes) -> bytes:
    """As of a C library that calls open, not openat."""
    return re.sub(rb"openat\(AT_FDCWD(?:<[^>]*>)?, ", b"open(", log)


def with_numbers(log: bytes) -> bytes:
    """As of an old strace, which knows fewer names."""
    names = {
        b"MAP_SHARED_VALIDATE|MAP_FIXED|MAP_SYNC": b"MAP_SHARED|MAP_PRIVATE|MAP_FIXED|0x80000",
        b"MADV_DONTFORK": b"0xa /* MADV_??? */",
        b"MADV_POPULATE_WRITE": b"0x17 /* MADV_??? */",
        b"MPOL_DEFAULT, NULL": b"0 /* MPOL_DEFAULT */, NULL",
        b"SEEK_END": b"0x2",
        b"PROT_NONE": b"0",
        b"O_RDWR|O_CREAT|O_EXCL": b"0302",
    }
    for name, number in names.items():
        log = log.replace(name, number)
    return log


def with_line_ends_of_windows(log: bytes) -> bytes:
    """As after a copy through another system."""
    return log.replace(b"\n", b"\r\n")


def in_two_halves(log: bytes) -> bytes:
    """As where another thread comes between: ``call( <unfinished ...>``, ``<... call resumed>``."""
    lines = []
    for line in log.splitlines():
        match = re.match(rb"(\d+ +)(\w+)(\(.*)\)(\s+= (?!\?).*)$", line)
        if match is None or b"execve" in line or b"unfinished" in line:
            lines.append(line)
            continue
        pid, name, arguments, result = match.groups()
        if name in (b"fstatfs", b"statfs") and b"{" in arguments:
            arguments, _, rest = arguments.partition(b"{")
            result = b"{" + rest + b")" + result
        else:
            result = b")" + result
        lines.append(pid + name + arguments + b" <unfinished ...>")
        lines.append(b"99999 futex(0x7f0000000000, FUTEX_WAKE_PRIVATE, 1) = 0")
        lines.append(pid + b"<... " + name + b" resumed>" + result)
    return b"\n".join(lines) + b"\n"


#: Each keeps the number of every line.
OTHER_WAYS: Final = (
    with_threads_in_brackets,
    with_names_of_threads,
    with_times,
    with_seconds,
    with_differences_of_time,
    with_durations,
    with_call_numbers,
    with_every_column,
    without_names_of_files,
    in_another_language,
    with_open,
    with_numbers,
    with_line_ends_of_windows,
)
