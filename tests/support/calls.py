"""A backend's calls in a strace log, for comparing a run of the model with a recording.

Written for the tests alone and with nothing of the package's own reader: it is
the other side of the comparison.  Addresses become offsets from the block's own
address, descriptors the order in which they were opened, names of temporary
files the pattern they were made from.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterable

from qemu_model.calls.event import Event

_LINE = re.compile(r"^\d+ +(\w+)\((.*)\) += (-?\w+)(?: (E\w+))?")
_UNFINISHED = re.compile(r"^(\d+) +(.*) <unfinished \.\.\.>$")
_RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)$")
_TEMPORARY = re.compile(r"(qemu_back_mem\.[^/]*)\.\w{6}$")

Call = tuple[object, ...]
PAGE = 4096


def joined(lines: Iterable[str]) -> list[str]:
    """Return the lines with each unfinished call and its resumption in one, where it ended."""
    waiting: dict[str, str] = {}
    whole = []
    for line in lines:
        if match := _UNFINISHED.match(line):
            waiting[match[1]] = match[2]
        elif match := _RESUMED.match(line):
            whole.append(f"{match[1]} {waiting.pop(match[1], match[2] + '(')}{match[3]}")
        else:
            whole.append(line)
    return whole


def _name(path: str) -> str:
    return _TEMPORARY.sub(r"\1.XXXXXX", path)


def _flags(text: str) -> tuple[str, ...]:
    return tuple(sorted(text.split("|")))


def _split(text: str) -> list[str]:
    """Return the arguments: parted by commas outside of quotes and brackets."""
    parts, depth, quoted, start = [], 0, False, 0
    for place, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif not quoted and character in "{[":
            depth += 1
        elif not quoted and character in "}]":
            depth -= 1
        elif character == "," and not quoted and depth == 0:
            parts.append(text[start:place].strip())
            start = place + 1
    return [*parts, text[start:].strip()]


def logged_calls(lines: Iterable[str], paths: set[str]) -> list[Call]:
    """Return the calls on the backends' files and on the memory that was mapped for them.

    ``paths`` are the mem-paths on the command line.  Anonymous blocks are known by
    the pair of a PROT_NONE reservation and a MAP_FIXED mapping inside it.
    """
    calls: list[Call] = []
    order: dict[str, int] = {}
    opened = 0
    reservation: tuple[int, int] | None = None
    blocks: list[tuple[int, int, int]] = []  # first, last, address of the block
    lengths: dict[int, int] = {}
    for line in joined(lines):
        match = _LINE.match(line)
        if not match:
            continue
        call, text, result, error = match.groups()
        args = _split(text)
        # A comma in a path parts the text of a descriptor in two.
        fd_of = re.match(r"(\d+)<", args[0]) if args else None
        if fd_of and ">" not in args[0] and len(args) > 1:
            args = [",".join(args[:2]), *args[2:]]
        number = fd_of[1] if fd_of else ""
        if call in ("openat", "open"):
            at = 1 if call == "openat" else 0
            path = args[at].strip('"')
            if path not in paths and not any(
                path.startswith(f"{known}/qemu_back_mem.") for known in paths
            ):
                continue
            mode = int(args[at + 2], 8) if len(args) > at + 2 else None
            calls.append(("open", _name(path), _flags(args[at + 1]), mode, error))
            if not error:
                order[result.split("<")[0]] = opened
                opened += 1
        elif call == "memfd_create" and '"test"' not in text:
            calls.append(("memfd_create", args[0].strip('"'), _flags(args[1]), error))
            if not error:
                order[result.split("<")[0]] = opened
                opened += 1
        elif call == "unlink" and _name(args[0].strip('"')) != args[0].strip('"'):
            calls.append(("unlink", _name(args[0].strip('"')), error))
        elif call == "unlink" and args[0].strip('"') in paths:
            calls.append(("unlink", args[0].strip('"'), error))
        elif call in ("lseek", "fstatfs", "ftruncate", "fcntl", "close") and number in order:
            calls.append(_on_descriptor(call, args, order[number], error))
            if call == "close" and not error:
                del order[number]
        elif call == "mmap":
            length, prot, flags = int(args[1]), args[2], _flags(args[3])
            fd = args[4].split("<")[0]
            if prot == "PROT_NONE" and args[0] == "NULL" and "MAP_STACK" not in flags:
                if "MAP_NORESERVE" in flags:
                    continue
                reservation = None
                if error:
                    pending: Call = ("reserve", length, error)
                    if order:
                        calls.append(pending)
                else:
                    reservation = (int(result, 16), length)
            elif "MAP_FIXED" in flags and reservation and args[0] != "NULL":
                address = int(args[0], 16)
                first, total = reservation
                if not first <= address < first + total:
                    continue
                if not blocks or blocks[-1][:2] != (first, first + total):
                    blocks.append((first, first + total, address))
                    calls.append(("reserve", total, None))
                calls.append(("map", length, prot, flags, order.get(fd), error))
                lengths[address] = length
        elif call in ("munmap", "madvise", "mbind"):
            address = int(args[0], 16)
            for first, last, block in reversed(blocks):
                if first <= address < last:
                    if call == "munmap":
                        # Other memory may lie there once the rest has been given back.
                        if address > block and address != _behind(block, lengths[block]):
                            break
                        known = address - block if address >= block else "head"
                        size = int(args[1]) if address >= block else "head"
                        calls.append(("munmap", known, size if known == 0 else "rest", error))
                    else:
                        calls.append((call, address - block, *_readable(call, args[1:]), error))
                    break
    return calls


def _behind(block: int, length: int) -> int:
    """Return where a block's guard page ends: what is left over of the reservation begins there."""
    return block + length + PAGE


def _on_descriptor(call: str, args: list[str], nth: int, error: str | None) -> Call:
    if call == "fstatfs":
        return (call, nth, error)
    if call == "fcntl":
        return (call, nth, args[1], _flags(args[2]), error)
    return (call, nth, *args[1:], error)


def _readable(call: str, args: list[str]) -> list[object]:
    if call != "mbind":
        return list(args)
    length, mode, mask, maxnode, flags = args
    return [length, mode, _nodes(mask), maxnode, flags]


def _nodes(mask: str) -> object:
    if mask == "NULL":
        return None
    words = [int(word, 16) for word in mask.strip("[]").split(", ")]
    return tuple(
        place * 64 + bit for place, word in enumerate(words) for bit in range(64) if word >> bit & 1
    )


def modelled_calls(events: Iterable[Event]) -> list[Call]:
    """Return the model's events in the same form."""
    calls: list[Call] = []
    order: dict[int, int] = {}
    opened = 0
    blocks: list[tuple[int, int, int]] = []
    reservation: tuple[int, int] | None = None
    for event in events:
        call, args, error = event.call, event.args, event.errno
        named = event.named_args()
        if call == "open":
            calls.append((call, _name(args[0]), tuple(named["flags"]), args[2], error))
        elif call == "memfd_create":
            calls.append((call, args[0], tuple(named["flags"]), error))
        elif call == "unlink":
            calls.append((call, _name(args[0]), error))
        elif call == "fstatfs":
            calls.append((call, order[args[0]], error))
        elif call == "lseek":
            calls.append((call, order[args[0]], str(args[1]), named["whence"], error))
        elif call == "ftruncate":
            calls.append((call, order[args[0]], str(args[1]), error))
        elif call == "fcntl":
            calls.append((call, order[args[0]], named["cmd"], tuple(named["arg"]), error))
        elif call == "close":
            calls.append((call, order.pop(args[0]), error))
        elif call == "mmap" and args[0] == 0:
            calls.append(("reserve", args[1], error))
            if not error:
                reservation = (event.result, event.result + args[1])
        elif call == "mmap":
            assert reservation is not None
            if not blocks or blocks[-1][:2] != reservation:
                blocks.append((*reservation, args[0]))
            prot = "|".join(sorted(named["prot"], reverse=True)).replace(
                "PROT_WRITE|PROT_READ", "PROT_READ|PROT_WRITE"
            )
            calls.append(("map", args[1], prot, tuple(named["flags"]), order.get(args[4]), error))
        else:
            _first, _last, block = next(b for b in reversed(blocks) if b[0] <= args[0] < b[1])
            if call == "munmap":
                known = args[0] - block if args[0] >= block else "head"
                calls.append((call, known, args[1] if known == 0 else "rest", error))
            elif call == "madvise":
                calls.append((call, args[0] - block, str(args[1]), named["advice"], error))
            else:
                calls.append((call, args[0] - block, *_mbind(event), error))
        if call in ("open", "memfd_create") and not error:
            order[event.result] = opened
            opened += 1
    return calls


def _mbind(event: Event) -> tuple[object, ...]:
    _addr, length, _mode, nodemask, maxnode, _flags = event.args
    mode = event.named_args()["mode"]
    flags = "MPOL_MF_STRICT|MPOL_MF_MOVE"
    return (str(length), mode, nodemask, str(maxnode), flags)
