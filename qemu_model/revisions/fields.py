"""What QEMU does differently from tree to tree: one named field each, grouped by C file.

A field is False until a release or a patch sets it.  Each is read at one place of the
mirror, as ``qemu.tree.physmem.readonly_makes_no_file``, and carries what is known of it: a
:class:`Difference`.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Literal, NamedTuple, Never, Self, TypeAlias

import attrs

#: How a statement is known: a real QEMU or its recording shows it, its published C says it,
#: or nothing published fixes it.
Evidence: TypeAlias = Literal["measured", "read", "assumed"]


class Shown(NamedTuple):
    """The smallest run that shows a difference: a command line, commands, a host's profile.

    ``faults`` are calls that fail, as strace spells them; ``build`` is what of the
    profile's platform is otherwise, by name.
    """

    args: tuple[str, ...]
    qmp: tuple[Mapping[str, Any], ...] = ()
    host: str = "default"
    faults: tuple[str, ...] = ()
    build: Mapping[str, Any] = MappingProxyType({})


class Difference(NamedTuple):
    """What is known of a field: what it says, where QEMU does it, and since when.

    ``since`` is a release (``9.1``), a patch (``V8/4``) or a posting (``V7``), ``function``
    the C file and function as the newest release has them.  ``evidence`` is how it is known
    where no recorded run shows it (:mod:`.measured`).  ``shown`` is the smallest run that shows
    it.  ``default`` is the field's value before.
    """

    sentence: str
    since: str
    function: str
    evidence: Evidence
    shown: Shown
    default: Any = False


def difference(
    sentence: str,
    since: str,
    function: str,
    evidence: Literal["read", "assumed"] = "read",
    *,
    default: Any = False,
    shown: Shown,
) -> Any:
    """Return the :class:`Difference` that a field of a :class:`Group` has in its class."""
    return Difference(sentence, since, function, evidence, shown, default)


class Group:
    """What a tree does in one C file: the values of the fields, by name.

    ``differences`` is what is known of each.  Raises :class:`TypeError` for a name that is
    not a field's.
    """

    differences: ClassVar[Mapping[str, Difference]]

    def __init_subclass__(cls) -> None:
        known = {name: one for name, one in vars(cls).items() if isinstance(one, Difference)}
        cls.differences = MappingProxyType(known)

    def __init__(self, **values: Any) -> None:
        unknown = values.keys() - self.differences.keys()
        if unknown:
            raise TypeError(f"{type(self).__name__} has no field {min(unknown)}")
        defaults = {name: known.default for name, known in self.differences.items()}
        vars(self).update(defaults, **values)

    def replace(self, **values: Any) -> Self:
        """Return the group with other values of some fields."""
        return type(self)(**{**vars(self), **values})

    def __setattr__(self, name: str, value: object) -> Never:
        raise AttributeError(f"{name} of {type(self).__name__} does not change: see replace()")

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other) if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(vars(self).values()))

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in vars(self).items() if value)
        return f"{type(self).__name__}({values})"


class QemuOption(Group):
    """``util/qemu-option.c``."""

    reads_the_id_as_a_parameter: bool = difference(
        "the id of an option is the value of its parameter id, not what follows ',id='",
        "5.1",
        "util/qemu-option.c:opts_parse_id",
        shown=Shown(("-M", "none", "-object", "memory-backend-ram,size=3M,x=,,id=a")),
    )
    only_the_invalid_asks_for_help: bool = difference(
        "help for an option's parameters is printed where help itself is the invalid one; "
        "before, beside any invalid one",
        "5.1",
        "util/qemu-option.c:opt_validate",
        shown=Shown(("-M", "none", "-m", "foo=1,help")),
    )
    merged_options_have_no_id: bool = difference(
        "an option whose parameters add up over the line, as -m, refuses id",
        "6.0",
        "util/qemu-option.c:qemu_opts_create",
        shown=Shown(("-M", "none", "-m", "64M,id=a")),
    )


class Cutils(Group):
    """``util/cutils.c``."""

    size_reports_range: bool = difference(
        "a size that is too large for a double is out of range, not unreadable",
        "3.1.50",
        "util/cutils.c:do_strtosz",
        shown=Shown(("-M", "none", "-m", "1e999")),
    )
    sizes_are_exact: bool = difference(
        "a size is read without loss, and without exponents",
        "6.0",
        "util/cutils.c:do_strtosz",
        shown=Shown(("-M", "none", "-object", "memory-backend-ram,id=ram0,size=1e6")),
    )
    hex_size_takes_a_unit: bool = difference(
        "a hexadecimal size may have a unit, which is deprecated (until 7.2)",
        "6.0",
        "util/cutils.c:do_strtosz",
        shown=Shown(("-M", "none", "-object", "memory-backend-ram,id=ram0,size=0x4M")),
    )
    size_may_be_a_fraction: bool = difference(
        "a size may begin with a point, and one below zero is out of range",
        "8.1",
        "util/cutils.c:do_strtosz",
        shown=Shown(("-M", "none", "-object", "memory-backend-ram,id=ram0,size=.5M")),
    )


class QapiUtil(Group):
    """``qapi/qapi-util.c``."""

    booleans_are_read_alike: bool = difference(
        "every boolean of the line may be on, yes, true, y, off, no, false or n",
        "5.2",
        "qapi/qapi-util.c:qapi_bool_parse",
        shown=Shown(("-M", "none", "-object", "memory-backend-ram,id=ram0,size=4M,share=true")),
    )


class JsonParser(Group):
    """``qobject/json-parser.c``."""

    parses_tokens_as_they_come: bool = difference(
        "JSON is parsed token by token: the first one that does not fit is refused",
        "11.1",
        "qobject/json-parser.c:parse_error",
        shown=Shown(("-M", "none", "-object", "{1:2}")),
    )


class QemuError(Group):
    """``util/qemu-error.c``."""

    a_command_prints_the_programs_name: bool = difference(
        "what QEMU prints on stderr as a command of QMP runs has the program's name before it",
        "11.1",
        "util/qemu-error.c:error_vreport",
        shown=Shown(
            ("-M", "none"),
            (
                {
                    "execute": "object-add",
                    "arguments": {
                        "qom-type": "memory-backend-file",
                        "id": "ram0",
                        "size": 4194304,
                        "mem-path": "/mnt/ram0",
                        "share": True,
                        "pmem": True,
                    },
                },
            ),
        ),
    )


class Qom(Group):
    """``qom/object.c``."""

    containers_are_there_at_start: bool = difference(
        "/objects is there before the first object is made",
        "10.0",
        "qom/object.c:object_get_root",
        shown=Shown(
            ("-M", "none"),
            ({"execute": "qom-get", "arguments": {"path": "/objects", "property": "type"}},),
        ),
    )


class ObjectInterfaces(Group):
    """``qom/object_interfaces.c``."""

    checks_the_id: bool = difference(
        "object-add refuses an id that is not an identifier",
        "6.0",
        "qom/object_interfaces.c:user_creatable_add_type",
        shown=Shown(
            ("-M", "none"),
            (
                {
                    "execute": "object-add",
                    "arguments": {"qom-type": "memory-backend-ram", "id": "1x", "size": 4096},
                },
            ),
        ),
    )


class Qmp(Group):
    """``qapi/qmp-dispatch.c`` and the commands."""

    object_add_takes_properties: bool = difference(
        "object-add takes the properties beside type and id, and still in props (until 5.2)",
        "5.0",
        "qom/qom-qmp-cmds.c:qmp_object_add",
        shown=Shown(
            ("-M", "none"),
            (
                {
                    "execute": "object-add",
                    "arguments": {"qom-type": "memory-backend-ram", "id": "ram0", "size": 4096},
                },
            ),
        ),
    )
    query_memdev_tells_share: bool = difference(
        "query-memdev tells share and reserve",
        "6.1",
        "hw/core/machine-qmp-cmds.c:query_memdev",
        shown=Shown(
            ("-M", "none", "-object", "memory-backend-ram,id=ram0,size=4M"),
            ({"execute": "query-memdev"},),
        ),
    )
    shutdown_comes_before_the_reply: bool = difference(
        "the event SHUTDOWN comes before the reply to quit, in 7.2.x and since 9.0",
        "7.2",
        "qapi/qmp-dispatch.c:qmp_dispatch",
        shown=Shown(("-M", "none"), ({"execute": "quit"},)),
    )


class Vl(Group):
    """``system/vl.c``."""

    reads_options_with_qapi: bool = difference(
        "the command line is read by the rules of QAPI: vl.py; before, by vl_before_6_0.py",
        "6.0",
        "system/vl.c:qemu_init",
        shown=Shown(("-M", "none", "-object", "memory-backend-ram,id=ram0")),
    )
    counts_default_ram_as_given: bool = difference(
        "the default size of the RAM has to be that of -machine memory-backend=; 6.0 only",
        "6.0",
        "system/vl.c:have_custom_ram_size",
        shown=Shown(
            (
                *("-M", "pc,memory-backend=m"),
                *("-object", "memory-backend-ram,id=m,size=64M"),
            )
        ),
    )
    no_acpi_is_a_machine_property: bool = difference(
        "-no-acpi is -machine acpi=off, which not every machine has",
        "5.0",
        "system/vl.c:qemu_init",
        shown=Shown(("-M", "none", "-no-acpi")),
    )
    machine_is_keyval: bool = difference(
        "-machine and -smp are read as keys with values: each needs its '='",
        "6.1",
        "system/vl.c:qemu_init",
        shown=Shown(("-machine", "none,usb")),
    )
    memory_backend_leaves_ram_size: bool = difference(
        "-machine memory-backend= without -m leaves the RAM at its default size, whatever the "
        "backend's; 6.1 to 7.0",
        "6.1",
        "system/vl.c:qemu_resolve_machine_memdev",
        shown=Shown(
            (
                *("-M", "pc,memory-backend=m", "-numa", "node,memdev=m"),
                *("-object", "memory-backend-ram,id=m,size=64M"),
            )
        ),
    )
    device_takes_json: bool = difference(
        "-device may be JSON",
        "6.2",
        "system/vl.c:qemu_init",
        shown=Shown(("-M", "none", "-device", "{")),
    )
    memory_may_be_locked_on_fault: bool = difference(
        "-overcommit mem-lock=on-fault locks memory as it is touched",
        "10.0",
        "system/vl.c:overcommit_parse",
        shown=Shown(("-M", "none", "-overcommit", "mem-lock=on-fault")),
    )
    memory_is_a_machine_property: bool = difference(
        "-m is set as a property of the machine, among the others in their dictionary's order",
        "7.1",
        "system/vl.c:parse_memory_options",
        shown=Shown(("-M", "pc,foo=1", "-m", "96M,slots=4")),
    )


def differences(tree: type) -> Iterator[tuple[str, Difference]]:
    """Yield every field as ``group.field``, with what is known of it.

    ``tree`` is an attrs class with groups among its attributes.
    """
    for group in attrs.fields(tree):
        if isinstance(group.default, Group):
            for name, known in group.default.differences.items():
                yield f"{group.name}.{name}", known
