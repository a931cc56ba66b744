"""``util/qemu-option.c``: options with parameters, ``KEY=VALUE,...``."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import attrs

from . import messages
from .cutils import ERANGE, UINT64_MAX, _parse_integer, do_strtosz
from .globals import Qemu
from .qapi_util import qapi_bool_parse
from .records import Value

C_FILE = "util/qemu-option.c"

_IDENTIFIER: Final = r"[A-Za-z][A-Za-z0-9\-._]*"
#: A value goes up to a comma; two of them are a comma in it.
_VALUE: Final = re.compile(r"(?:,,|[^,])*", re.DOTALL)


class QemuOptsList(NamedTuple):
    """One kind of option: its name in messages, and how its parameters are read.

    A first parameter without ``=`` is the value of ``implied_opt_name``.  With
    ``merge_lists`` all options of the kind are one.  ``desc`` has the parameters and the
    type of each: ``string``, ``bool``, ``number`` or ``size``; None takes any.
    """

    name: str
    implied_opt_name: str | None = None
    merge_lists: bool = False
    desc: Mapping[str, str] | None = None


@attrs.frozen(eq=False, repr=False)
class QemuOpts(Value):
    """One parsed option argument: its ``id`` and its parameters, in the order given.

    ``text`` is the argument as typed, ``location`` the option and the argument,
    which error reports about it start with.  ``values`` has the value given last for each
    name, the names in the order of the line.
    """

    id: str | None
    params: tuple[tuple[str, str], ...]
    text: str = ""
    location: str = ""
    values: Mapping[str, str] = attrs.field(
        default=attrs.Factory(lambda self: dict(self.params), takes_self=True),
        init=False,
        eq=False,
        repr=False,
    )

    def get(self, name: str) -> str | None:
        """Return the value given last for ``name``, or None (``qemu_opt_get``)."""
        return self.values.get(name)

    def has_help(self) -> bool:
        """Whether ``help`` or ``?`` is among the parameters (``qemu_opt_has_help_opt``)."""
        return "help" in self.values or "?" in self.values


def is_help_option(text: str) -> bool:
    """Whether ``text`` asks for help."""
    return text in ("help", "?")


@functools.lru_cache(maxsize=256)
def id_wellformed(id: str) -> bool:
    """Whether ``id`` is an identifier (``util/id.c``)."""
    return re.fullmatch(_IDENTIFIER, id) is not None


def get_opt_value(text: str, start: int) -> tuple[str, int]:
    """Return the value that begins at ``start``, and where it ends.

    Two commas are one literal comma; a single one ends the value.
    """
    match = _VALUE.match(text, start)
    assert match is not None, "a value may be empty"
    return match[0].replace(",,", ","), match.end()


def parse_option_size(qemu: Qemu, name: str, value: str) -> int:
    """Read a size in bytes.

    Raises ``Value '<value>' is out of range for parameter '<name>'`` and
    ``Parameter '<name>' expects a non-negative number below 2^64``.
    """
    size = do_strtosz(qemu, value)
    if size == -ERANGE:
        raise messages.VALUE_OUT_OF_RANGE.error(value=value, name=name)
    if size < 0:
        raise messages.EXPECTS.error(
            name=name, what="a non-negative number below 2^64", hint=messages.SIZE_HINT
        )
    return size


def qemu_opt_get_size(qemu: Qemu, value: str) -> int:
    """Return a size that was read, and kept as a number, when the option was."""
    return do_strtosz(qemu, value, again=True)


def parse_option_number(name: str, value: str) -> int:
    """Read a number; a negative one wraps at 2**64, as strtoull lets it.

    Raises ``Parameter '<name>' expects a number`` and ``Value '<value>' is too
    large for parameter '<name>'``.
    """
    number = _parse_integer(value)
    if number is None:
        raise messages.EXPECTS.error(name=name, what="a number")
    if abs(number) > UINT64_MAX:
        raise messages.VALUE_TOO_LARGE.error(value=value, name=name)
    return number & UINT64_MAX


def qemu_opt_parse(qemu: Qemu, kind: str, name: str, value: str) -> None:
    """Read a value of the type ``kind``.  Raises what reading it raises."""
    match kind:
        case "size":
            parse_option_size(qemu, name, value)
        case "number":
            parse_option_number(name, value)
        case "bool":
            qapi_bool_parse(qemu, name, value)


def get_opt_name_value(text: str, first_name: str | None) -> Iterator[tuple[str, str, str | None]]:
    """Yield names and values of the parameters of ``text``.

    The first without ``=`` is the value of ``first_name`` where that is given.  Any other
    is a boolean: on, or off if its name begins with ``no``; how it is written comes third.
    A comma at the end of the text is not read.
    """
    parts = text.split(",")
    place, last = 0, len(parts) - 1
    while place < last or (place == last and parts[place]):
        name, equals, value = parts[place].partition("=")
        place += 1
        if not equals:
            if place > 1 or first_name is None:
                yield (name[2:], "off", name) if name.startswith("no") else (name, "on", name)
                continue
            name, value = first_name, name
        if place < last and not parts[place]:
            # Two commas are a comma of the value.
            pieces = [value]
            while place < last and not parts[place]:
                pieces.append(parts[place + 1])
                place += 2
            value = ",".join(pieces)
        yield name, value, None


def opts_parse_id(qemu: Qemu, text: str) -> str | None:
    """Return the value of ``id`` in a text.

    Until 5.0 that is what follows the first ``,id=``, also where two commas are a
    comma of a value.
    """
    if qemu.tree.qemu_option.reads_the_id_as_a_parameter:
        return _id_parameter(text)
    return _id_in_text(text)


def qemu_opts_parse(text: str, first_name: str | None) -> QemuOpts:
    """Return the parameters of ``text``, whatever they are."""
    pairs = [(name, value) for name, value, _ in get_opt_name_value(text, first_name)]
    id = next((value for name, value in pairs if name == "id"), None)
    return QemuOpts(id, tuple(pair for pair in pairs if pair[0] != "id"), text)


@functools.lru_cache(maxsize=256)
def _id_parameter(text: str) -> str | None:
    return next((value for name, value, _ in _parameters(text, None) if name == "id"), None)


@functools.lru_cache(maxsize=256)
def _id_in_text(text: str) -> str | None:
    if text.startswith("id="):
        return get_opt_value(text, 3)[0]
    found = text.find(",id=")
    return get_opt_value(text, found + 4)[0] if found >= 0 else None


@functools.lru_cache(maxsize=256)
def _parameters(text: str, first_name: str | None) -> tuple[tuple[str, str, str | None], ...]:
    """Return what :func:`get_opt_name_value` yields: lines are run again on other hosts."""
    return tuple(get_opt_name_value(text, first_name))


@functools.lru_cache(maxsize=256)
def _has_short_forms(text: str, first_name: str | None) -> bool:
    return any(bare is not None for _, _, bare in _parameters(text, first_name))


@functools.lru_cache(maxsize=256)
def _opts(text: str, first_name: str | None, id: str | None, location: str) -> QemuOpts:
    params = [(name, value) for name, value, _ in _parameters(text, first_name) if name != "id"]
    return QemuOpts(id, tuple(params), text, location)


def qemu_opts_parse_noisily(
    qemu: Qemu, olist: QemuOptsList, text: str, others: Sequence[QemuOpts]
) -> QemuOpts:
    """Parse ``text``, an option of the kind ``olist``; ``others`` are those before it.

    Warns of a boolean without value, since 6.0.  Raises ``Parameter 'id' expects an
    identifier``, with a hint, ``Duplicate ID '<id>' for <kind>``, ``Invalid parameter
    '<name>'`` and what reading a value raises.
    """
    id = opts_parse_id(qemu, text)
    if id is not None and olist.merge_lists and qemu.tree.qemu_option.merged_options_have_no_id:
        raise messages.INVALID_KEY.error(name="id")
    if id is not None and not id_wellformed(id):
        raise messages.EXPECTS.error(name="id", what="an identifier", hint=messages.IDENTIFIER_HINT)
    if others and id and not olist.merge_lists and id in [other.id for other in others]:
        raise messages.DUPLICATE_ID.error(id=id, group=olist.name)
    if olist.desc is None and not _has_short_forms(text, olist.implied_opt_name):
        return _opts(text, olist.implied_opt_name, id, qemu.location)
    for name, value, bare in _parameters(text, olist.implied_opt_name):
        if bare is not None and not is_help_option(bare):
            _warn_of_short_form(qemu, bare, name, value)
        if olist.desc is not None and name != "id":
            if name not in olist.desc:
                raise messages.INVALID_KEY.error(name=name)
            qemu_opt_parse(qemu, olist.desc[name], name, value)
    return _opts(text, olist.implied_opt_name, id, qemu.location)


def _warn_of_short_form(qemu: Qemu, bare: str, name: str, value: str) -> None:
    if messages.SHORT_FORM.is_said_in(qemu.tree):
        qemu.warn_report(messages.SHORT_FORM, given=bare)
        qemu.fprintf_stderr(messages.SHORT_FORM_HINT, name=name, value=value)
