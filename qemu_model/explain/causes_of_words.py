"""Causes of what QEMU says of the line's words: options, properties, sizes, JSON, QMP."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from .cause import (
    EXPLAIN,
    FILE_HELP,
    LINE,
    MACHINE_HELP,
    OBJECTS_HELP,
    VERSION,
    Cause,
    qmp,
)

_QUOTES: Final = "put the whole object in single quotes, as a shell takes double ones away"
_JSON: Final = "printf '%s' 'OBJECT' | python3 -m json.tool"
_COMMANDS: Final = qmp("query-commands")
_MEMDEVS: Final = qmp("query-memdev")
_LATER_PROPERTIES: Final = (
    "this release does not have the property: readonly is 6.0's, reserve 6.1's, offset 8.1's, rom "
    "8.2's, prealloc-context 7.2's; sync belongs to a series that was never merged (4.1 and later "
    "do it with share=on,pmem=on)"
)

#: What a message begins with, and its causes.
WORD_CAUSES: Final[tuple[tuple[str, tuple[Cause, ...]], ...]] = (
    (
        "invalid option",
        (
            Cause(
                "this release does not have the option (-no-hpet and -no-acpi went in 9.0, "
                "-realtime in 6.0), or it is a distribution's own (-id is Proxmox's)",
                VERSION + "; qemu-system-x86_64 -h",
                fix="remove it, or use what replaced it: -machine hpet=off, -machine acpi=off, "
                "-overcommit mem-lock=on",
            ),
            Cause("it is misspelt", "qemu-system-x86_64 -h"),
        ),
    ),
    (
        "requires an argument",
        (Cause("the option is the last word, and takes a value", LINE, fix="give its value"),),
    ),
    (
        "Invalid parameter '{value}'",
        (
            Cause(_LATER_PROPERTIES, FILE_HELP, fix="remove the property"),
            Cause("the build lacks it (libpmem, libnuma)", "ldd $(command -v qemu-system-x86_64)"),
            Cause("it is misspelt, or a value that the parameter does not take", FILE_HELP),
        ),
    ),
    (
        "Parameter '{name}' does not accept value",
        (
            Cause(
                "the value is none of those that the parameter takes; for qom-type: this release "
                "or build has no such object",
                OBJECTS_HELP,
                fix="name a value that help lists",
            ),
        ),
    ),
    (
        "Parameter '{name}' is missing",
        (
            Cause(
                "a parameter that must be there is not: id and qom-type of every object, size of a "
                "backend, mem-path of a file",
                LINE,
                fix="give it",
            ),
            Cause(
                "-object is JSON, which QEMU takes from 6.0 on",
                VERSION,
                fix="use key=value, or use a newer QEMU",
            ),
        ),
    ),
    (
        "Parameter '{name}' is unexpected",
        (
            Cause(
                "the command or object takes no member of that name: before 6.0 object-add has its "
                "properties in 'props'",
                VERSION,
                fix="put them into props for QEMU before 6.0, flat from 6.0 on",
            ),
        ),
    ),
    (
        "can't parse",
        (Cause("-set is not GROUP.ID.NAME=VALUE", LINE, fix="mend it"),),
    ),
    (
        "There is no option group",
        (Cause("-set names no kind of option", LINE, fix="name one: device, drive, numa"),),
    ),
    (
        "-set is not supported with",
        (Cause("since 6.1 -set changes no such option", LINE, fix="change the option itself"),),
    ),
    (
        "there is no {group}",
        (Cause("-set comes before its option, or the id is another", LINE, fix="put it last"),),
    ),
    (
        "Parameters '{name}.*' are unexpected",
        (Cause("a name takes one value, and has names below it", LINE, fix="give it a value"),),
    ),
    (
        "Parameter '{name}' expects {what}",
        (
            Cause(
                "the value is of another kind: a size takes K, M, G, T; a switch on or off; a node "
                "a number or a range",
                FILE_HELP,
                fix="write the value as the message says",
            ),
        ),
    ),
    (
        "Parameter '{name}' expects an int64 value or range",
        (
            Cause(
                "the value is neither a number nor a range such as 0-3",
                FILE_HELP,
                fix="use numbers",
            ),
        ),
    ),
    (
        "Invalid parameter type for",
        (
            Cause(
                "the JSON has a string where a number or a boolean belongs, or the reverse",
                _COMMANDS,
                fix='write true, not "on", and 1073741824, not "1G", in JSON',
            ),
        ),
    ),
    (
        "Value '{value}' is out of range",
        (Cause("the size is negative, or 2^64 bytes or more", LINE, fix="use a smaller one"),),
    ),
    (
        "Value '{value}' is too large",
        (Cause("the number is 2^64 or more", LINE, fix="use a smaller one"),),
    ),
    (
        "too large 'size' option value",
        (Cause("-m without a unit is in MiB", LINE, fix="give a unit: -m 4G"),),
    ),
    (
        "invalid value of -m option maxmem: maximum",
        (Cause("maxmem= is below the RAM's size", LINE, fix="raise maxmem="),),
    ),
    (
        "invalid value of maxmem: maximum",
        (Cause("maxmem= is below the RAM's size", LINE, fix="raise maxmem="),),
    ),
    (
        "invalid value of -m option maxmem: memory slots",
        (Cause("slots= is given, and maxmem= leaves no room", LINE, fix="raise maxmem="),),
    ),
    (
        "invalid value of maxmem: memory slots",
        (Cause("slots= is given, and maxmem= leaves no room", LINE, fix="raise maxmem="),),
    ),
    (
        "invalid -m option value: missing 'maxmem'",
        (Cause("slots= needs maxmem=", LINE, fix="use -m SIZE,slots=N,maxmem=M"),),
    ),
    (
        "slots specified but no max-size",
        (Cause("slots= needs maxmem=", LINE, fix="use -m SIZE,slots=N,maxmem=M"),),
    ),
    (
        "Identifiers consist of",
        (
            Cause(
                "an id begins with a digit, or has a slash, a colon or a blank",
                LINE,
                fix="begin it with a letter",
            ),
        ),
    ),
    (
        "short-form boolean option",
        (Cause("a parameter has no value", LINE, fix="write NAME=on or NAME=off"),),
    ),
    (
        "Please use {name}={value} instead",
        (Cause("a parameter has no value", LINE, fix="write what the message says"),),
    ),
    (
        "Using a multiplier suffix on hex numbers",
        (Cause("0x10M is refused from 8.0 on", LINE, fix="write the size in decimal"),),
    ),
    (
        "Duplicate ID '{id}'",
        (Cause("two options of one kind have the same id", LINE, fix="give each its own"),),
    ),
    (
        "attempt to add duplicate property",
        (Cause("an object with that id is there already", _MEMDEVS, fix="use another id"),),
    ),
    (
        "object type '{type}' isn't supported by object-add",
        (Cause("the type is not for users to make", OBJECTS_HELP, fix="name a listed type"),),
    ),
    (
        "object type '{type}' is abstract",
        (
            Cause(
                "memory-backend is a base",
                OBJECTS_HELP,
                fix="use memory-backend-memfd, for instance",
            ),
        ),
    ),
    (
        "object '{id}' not found",
        (Cause("the object is gone, or never was there", _MEMDEVS, fix="name a listed id"),),
    ),
    (
        "Device '{path}' not found",
        (Cause("no object has that path", _MEMDEVS, fix="write /objects/ID"),),
    ),
    (
        "Path '{path}' does not uniquely identify",
        (Cause("several objects end in that path", _MEMDEVS, fix="write the whole: /objects/ID"),),
    ),
    (
        "Option in 'props' conflicts",
        (Cause("object-add names a property twice", _COMMANDS, fix="keep it in props"),),
    ),
    (
        "Property '{type}.{property}' not found",
        (
            Cause(_LATER_PROPERTIES, FILE_HELP, fix="remove it", of_type="memory-backend-"),
            Cause(
                "the build lacks it: pmem needs libpmem, host-nodes and policy need libnuma",
                "ldd $(command -v qemu-system-x86_64) | grep -E 'numa|pmem'",
                of_type="memory-backend-",
            ),
            Cause(
                "this release's device or machine type has no such property: it is a later one's, "
                "an earlier one's, or a distribution's own",
                "qemu-system-x86_64 --version; qemu-system-x86_64 -device {type},help; "
                + MACHINE_HELP,
                fix="remove it, or use a QEMU that has it",
            ),
            Cause("it is misspelt", FILE_HELP, of_type="memory-backend-"),
        ),
    ),
    (
        "Property '.{property}' not found",
        (
            Cause(_LATER_PROPERTIES, FILE_HELP + "; " + MACHINE_HELP, fix="remove it"),
            Cause(
                "the build lacks it: host-nodes and policy need libnuma, hugetlb and seal a kernel "
                "with memfd_create",
                "ldd $(command -v qemu-system-x86_64) | grep -E 'numa|pmem'; uname -r",
            ),
            Cause("it is misspelt", FILE_HELP),
        ),
    ),
    (
        "parameter 'mem-lock' expects one of",
        (
            Cause(
                "mem-lock= has another word", VERSION, fix="write on, off or, from 10.0, on-fault"
            ),
        ),
    ),
    (
        "'-mon' is deprecated",
        (Cause("11.1 wants monitors as objects", VERSION, fix="nothing yet: -mon still works"),),
    ),
    (
        "-no-acpi is deprecated",
        (Cause("the option goes in 9.0", VERSION, fix="use -machine acpi=off"),),
    ),
    (
        "-no-hpet is deprecated",
        (Cause("the option goes in 9.0", VERSION, fix="use -machine hpet=off"),),
    ),
    (
        "'-realtime mlock=...' is deprecated",
        (Cause("the option goes in 6.0", VERSION, fix="use -overcommit mem-lock=on"),),
    ),
    (
        "-runas is deprecated",
        (Cause("the option goes in 10.0", VERSION, fix="use -run-with user=..."),),
    ),
    (
        "The -tb-size option is deprecated",
        (Cause("the option goes in 6.0", VERSION, fix="use -accel tcg,tb-size=..."),),
    ),
    (
        "-enable-fips is deprecated",
        (Cause("the option goes in 7.1", VERSION, fix="remove -enable-fips"),),
    ),
    (
        "-watchdog is deprecated",
        (Cause("the option goes in 7.2", VERSION, fix="use -device for the watchdog"),),
    ),
    (
        "-writeconfig is deprecated",
        (Cause("the option goes in 7.1", VERSION, fix="keep the line in a script"),),
    ),
    (
        "Expected '=' after parameter",
        (
            Cause(
                "-machine and -smp take NAME=VALUE only from 6.1 on",
                LINE,
                fix="write NAME=on for a switch",
            ),
        ),
    ),
    (
        "Parameter{fragment} '{name}' is too long",
        (Cause("a name has 128 characters or more: a comma is missing", LINE, fix="mend it"),),
    ),
    (
        "Parameters '{key}*' used inconsistently",
        (Cause("a name has a value and names below it", LINE, fix="keep one of the two"),),
    ),
    (
        "Parameter '{key}' used inconsistently",
        (Cause("two options give a name in two ways", LINE, fix="keep one of the two"),),
    ),
    (
        "Parameter '{key}' missing",
        (Cause("a list's elements are not counted from 0", LINE, fix="count from 0"),),
    ),
    (
        "JSON parse error",
        (
            Cause(
                "the shell, or a copy from ps, took the quotes away",
                _JSON,
                fix=_QUOTES,
            ),
            Cause("key=value parameters begin with a brace by mistake", LINE),
        ),
    ),
    (
        "{line}:{column}: JSON parse error",
        (
            Cause(
                "the shell, or a copy from ps, took the quotes away",
                _JSON,
                fix=_QUOTES,
            ),
        ),
    ),
    ("JSON nesting depth limit exceeded", (Cause("too many brackets", _JSON, fix="mend it"),)),
    (
        "Expecting at most one JSON value",
        (Cause("something follows the last brace", _JSON, fix="give it an option of its own"),),
    ),
    ("premature EOI", (Cause("the JSON is cut off", _JSON, fix="close every brace and quote"),)),
    (
        "premature end of input",
        (Cause("the JSON is cut off", _JSON, fix="close every brace and quote"),),
    ),
    ("stray '{text}'", (Cause("a quote is missing before this text", _JSON, fix=_QUOTES),)),
    ("expecting value", (Cause("nothing follows a colon", _JSON, fix="give the value"),)),
    ("expecting key", (Cause("a key has no quotes", _JSON, fix=_QUOTES),)),
    ("key is not a string in object", (Cause("a key has no quotes", _JSON, fix=_QUOTES),)),
    ("missing : in object pair", (Cause("a key has no colon", _JSON, fix='write "key": value'),)),
    ("expecting ':'", (Cause("a key has no colon", _JSON, fix='write "key": value'),)),
    ("expected separator in", (Cause("a comma is missing", _JSON, fix="divide by commas"),)),
    ("expected ',' or", (Cause("a comma is missing", _JSON, fix="divide by commas"),)),
    ("expecting ',' or", (Cause("a comma is missing", _JSON, fix="divide by commas"),)),
    ("duplicate key", (Cause("an object has a key twice", _JSON, fix="keep one"),)),
    (
        "invalid escape sequence in string",
        (Cause("a backslash stands before another letter", _JSON, fix="write \\\\ for one"),),
    ),
    (
        "invalid UTF-8 sequence in string",
        (Cause("a string is in another encoding", "file -i SCRIPT", fix="write it in UTF-8"),),
    ),
    (
        "{text} is not a valid Unicode character",
        (Cause("a \\u escape names no character", _JSON, fix="write the character itself"),),
    ),
    (
        "invalid keyword '{text}'",
        (Cause("a word has no quotes, or is on or off", _JSON, fix="write true or false"),),
    ),
    (
        "The command {name} has not been found",
        (Cause("this release has no such QMP command", _COMMANDS, fix="name a listed one"),),
    ),
    (
        "Expecting capabilities negotiation",
        (
            Cause(
                "the first command on a QMP connection must be qmp_capabilities",
                "ls -l QMP-SOCKET",
                fix='send {"execute": "qmp_capabilities"} first',
            ),
        ),
    ),
    (
        "Capabilities negotiation is already complete",
        (Cause("qmp_capabilities was sent twice", "ls -l QMP-SOCKET", fix="send it once"),),
    ),
    (
        "QMP input lacks member",
        (Cause("the command has no 'execute'", _COMMANDS, fix='send {"execute": "..."}'),),
    ),
    (
        "QMP input member '{name}' is unexpected",
        (Cause("only execute, arguments and id are known", _COMMANDS, fix="remove it"),),
    ),
    (
        "QMP input member '{name}' must be",
        (
            Cause(
                "'arguments' is not an object, or 'execute' is not a string",
                _COMMANDS,
                fix="mend it",
            ),
        ),
    ),
    (
        "QMP input must be a JSON object",
        (Cause("what was sent is not a command", _COMMANDS, fix='send {"execute": "..."}'),),
    ),
    (
        "qemu: qapi/qobject-output-visitor.c",
        (
            Cause(
                "host-nodes of a backend without nodes is read: a bug that 5.2 mends",
                EXPLAIN,
                fix="do not read host-nodes, or use 5.2 or later",
            ),
        ),
    ),
)
