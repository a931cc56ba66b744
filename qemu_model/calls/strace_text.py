"""A call written as strace writes it."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ..host import linux

if TYPE_CHECKING:
    from .event import Event

#: The bytes that strace escapes with a letter, or with the byte itself.
_ESCAPES: Final[Mapping[int, str]] = MappingProxyType(
    {byte: f"\\{letter}" for byte, letter in zip(b'"\\\t\n\v\f\r', '"\\tnvfr', strict=True)}
)

_OCTAL_DIGITS: Final = frozenset(b"%d" % digit for digit in range(8))


def quoted(text: str) -> str:
    """Return ``text`` in double quotes, its bytes as strace prints them."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    data = _bytes(text)
    written = []
    for place, byte in enumerate(data):
        if byte in _ESCAPES:
            written.append(_ESCAPES[byte])
        elif 0x20 <= byte < 0x7F:
            written.append(chr(byte))
        else:
            # A digit after a short octal number would be read as part of it.
            digits = 3 if data[place + 1 : place + 2] in _OCTAL_DIGITS else 1
            written.append(f"\\{byte:0{digits}o}")
    return f'"{"".join(written)}"'


def _bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        # A lone surrogate: no real path has one, only a simulated machine's.
        return text.encode("utf-8", "surrogatepass")


def _names(names: list[str], first: tuple[str, ...] = ()) -> str:
    return "|".join(sorted(names, key=lambda name: (name not in first, name))) or "0"


def _nodes(value: tuple[int, ...] | None) -> str:
    return "NULL" if value is None else "{" + ",".join(map(str, value)) + "}"


_TYPES: Final = ("MAP_SHARED", "MAP_PRIVATE", "MAP_SHARED_VALIDATE")

_WRITERS: Final[Mapping[str, Callable[[Event], list[str]]]] = MappingProxyType(
    {
        "open": lambda event: [
            quoted(event.args[0]),
            _names(linux.open_flag_names(event.args[1]), ("O_RDONLY", "O_RDWR", "O_WRONLY")),
            *([] if event.args[2] is None else [f"{event.args[2]:04o}"]),
        ],
        "lseek": lambda event: [
            str(event.args[0]),
            str(event.args[1]),
            linux.WHENCE_NAMES.get(event.args[2], str(event.args[2])),
        ],
        "fallocate": lambda event: [
            str(event.args[0]),
            _names(linux.fallocate_flag_names(event.args[1])),
            *map(str, event.args[2:]),
        ],
        "statfs": lambda event: [quoted(event.args[0])],
        "unlink": lambda event: [quoted(event.args[0])],
        "memfd_create": lambda event: [
            quoted(event.args[0]),
            _names(linux.memfd_flag_names(event.args[1]), ("MFD_CLOEXEC",)),
        ],
        "fcntl": lambda event: [
            str(event.args[0]),
            linux.FCNTL_NAMES.get(event.args[1], str(event.args[1])),
            _names(linux.seal_names(event.args[2])),
        ],
        "mmap": lambda event: [
            hex(event.args[0]) if event.args[0] else "NULL",
            str(event.args[1]),
            _names(linux.prot_names(event.args[2])),
            _names(linux.mmap_flag_names(event.args[3]), _TYPES),
            str(event.args[4]),
            hex(event.args[5]) if event.args[5] else "0",
        ],
        "munmap": lambda event: [hex(event.args[0]), str(event.args[1])],
        "madvise": lambda event: [
            hex(event.args[0]),
            str(event.args[1]),
            linux.ADVICE_NAMES.get(event.args[2], str(event.args[2])),
        ],
        "mbind": lambda event: [
            hex(event.args[0]),
            str(event.args[1]),
            linux.POLICY_NAMES.get(event.args[2], str(event.args[2])),
            _nodes(event.args[3]),
            str(event.args[4]),
            _names(linux.mbind_flag_names(event.args[5]), ("MPOL_MF_STRICT",)),
        ],
    }
)


def call_text(event: Event) -> str:
    """Return the call and its arguments: ``madvise(0x7f..., 4096, MADV_HUGEPAGE)``."""
    writer = _WRITERS.get(event.call)
    args = writer(event) if writer else [str(arg) for arg in event.args]
    return f"{event.call}({', '.join(args)})"


def result_text(event: Event) -> str:
    """Return what the kernel answered: an address in hexadecimal, or -1 and the errno."""
    if event.failed:
        return f"-1 {event.errno}"
    if event.call == "mmap":
        return hex(event.result)
    return str(event.result)


def out_text(event: Event) -> str:
    """Return what ``fstatfs`` and ``statfs`` answered, empty for other calls."""
    if event.out is None:
        return ""
    return f"f_type={event.out.f_type:#x}, f_bsize={event.out.f_bsize}"
