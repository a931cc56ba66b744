"""Text of options: sizes, numbers, booleans, lists, and how parameters are divided.

``util/qemu-option.c``, ``util/cutils.c``, ``qapi/opts-visitor.c`` and
``qapi/string-input-visitor.c``.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mirror_host import ToldHost, message, qemu_on

from qemu_model.cutils import (
    _parse_integer,
    do_strtosz,
    parse_uint,
    qemu_strtosz,
    strtod,
    suffix_mul,
)
from qemu_model.error import Error
from qemu_model.keyval import keyval_merge
from qemu_model.opts_visitor import OptsVisitor
from qemu_model.qemu_option import parse_option_number, qemu_opts_parse, qemu_opts_parse_noisily
from qemu_model.revision import V8
from qemu_model.string_input import StringInputVisitor
from qemu_model.vl_options import NUMA_OPTS

QEMU = qemu_on(ToldHost(), V8)

MIB, GIB = 1 << 20, 1 << 30
EINVAL, ERANGE = -22, -34
UNITS = {"B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40, "P": 1 << 50, "E": 1 << 60}


@given(st.integers(0, 1 << 53), st.sampled_from(sorted(UNITS)), st.booleans())
@example(0xFFFF_FFFF_FFFF_FBFF, "B", False)
@example(0xFFFF_FFFF_FFFF_FC00, "B", False)
@example(15, "E", False)
@example(16, "E", False)
def test_a_number_with_a_unit_is_so_many_bytes_below_2_to_the_64(
    number: int, unit: str, lower: bool
) -> None:
    """util/cutils.c:do_strtosz, as the size recordings show; near 2**64 a double ends it."""
    text = f"{number}{unit.lower() if lower else unit}"
    size = int(float(number) * UNITS[unit])
    fits = size < 0xFFFF_FFFF_FFFF_FC00
    assert do_strtosz(QEMU, text) == (size if fits else ERANGE)
    assert qemu_strtosz(QEMU, text) == (size if fits else None)
    assert suffix_mul(unit) == UNITS[unit]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", EINVAL), ("x", EINVAL), ("M", EINVAL), ("-", EINVAL), ("+1", 1), (" 1", 1),
        ("1 ", EINVAL), ("1x", EINVAL), ("1MM", EINVAL), ("1.5", EINVAL), ("1.5B", EINVAL),
        ("1.5K", 1536), ("0.5K", 512), (".5K", 512), ("1.", 1), (".", EINVAL), ("1e3", 1000),
        ("1e", 1 << 60), ("1E", 1 << 60), ("1e1E", 10 << 60), ("0x10", 16), ("0X1F", 31),
        ("0x", EINVAL), ("0x1p4", 16), ("0x1.8p1", 3), ("0x.8p1", 1), ("-1", ERANGE),
        ("-0", 0), ("-1M", ERANGE), ("inf", EINVAL), ("-inf", EINVAL), ("infinity", EINVAL),
        ("INF", EINVAL), ("infK", EINVAL), ("nan", EINVAL), ("nan(1)", EINVAL), ("NaNM", EINVAL),
        ("1e400", ERANGE), ("1e-400", ERANGE), ("0e-400", 0), ("1e308", ERANGE),
        ("1e400x", EINVAL), ("1e400M", EINVAL), ("0x1p-2000", ERANGE),
        ("0x1p2000", ERANGE), ("0x0p-2000", 0), ("010", 10), ("1_0", EINVAL), ("\u0661", EINVAL),
        ("1e-310", ERANGE), ("0x1p-1060", ERANGE), ("0.0001K", 0), ("0b1", EINVAL),
    ],
)  # fmt: skip
def test_sizes_are_read_as_the_c_library_reads_them(text: str, expected: int) -> None:
    """strtod(3), and util/cutils.c since December 2018, which refuses what is not finite.

    That is commit "cutils: Fix qemu_strtosz() & friends to reject non-finite sizes".
    """
    assert do_strtosz(QEMU, text) == expected
    assert qemu_strtosz(QEMU, text) == (None if expected < 0 else expected)


def test_where_a_number_ends_and_what_it_is() -> None:
    """strtod(3)."""
    assert strtod("-inf") == (-math.inf, 4)
    assert strtod("infinite") == (math.inf, 3)
    assert strtod("1.5e+3x") == (1500.0, 6)
    assert strtod("1e+") == (1.0, 1)
    assert strtod("0x") == (0.0, 1)
    value = strtod("nan(ab_1)x")
    assert value is not None
    assert (math.isnan(value[0]), value[1]) == (True, 9)
    assert strtod("2.2250738585072014e-308") == (2.2250738585072014e-308, 23)
    assert strtod("e") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0), ("7", 7), ("010", 8), ("0x10", 16), ("0X10", 16), ("-1", (1 << 64) - 1),
        ("+5", 5), (" 5", 5), ("-0", 0), ("00", 0), ("18446744073709551615", (1 << 64) - 1),
        ("-18446744073709551615", 1), ("18446744073709551616", "too large"),
        ("-18446744073709551616", "too large"), ("", "number"), ("x", "number"),
        ("08", "number"), ("1 ", "number"), ("0x", "number"), ("1.5", "number"), ("--1", "number"),
        ("9" * 5000, "too large"), ("0" * 5000 + "x", "number"), ("1" + "0" * 1000, "too large"),
    ],
)  # fmt: skip
def test_numbers_are_read_as_strtoull_reads_them(text: str, expected: Any) -> None:
    """util/qemu-option.c:parse_option_number: a negative number wraps."""
    try:
        found: Any = parse_option_number("slots", text)
    except Error as error:
        wrong = {
            "Parameter 'slots' expects a number": "number",
            f"Value '{text}' is too large for parameter 'slots'": "too large",
        }
        found = wrong[error.text_in(V8)]
    assert found == expected


def test_numbers_and_where_they_end() -> None:
    """util/cutils.c: an unsigned number, in 64 bits."""
    assert parse_uint("12-3") == (12, 2)
    assert parse_uint("0x1g") == (1, 3)
    assert parse_uint("08") == (0, 1)
    assert parse_uint("18446744073709551615") == ((1 << 64) - 1, 20)
    assert parse_uint("18446744073709551616") is None
    assert parse_uint("-1") is None
    assert parse_uint("") is None
    assert (_parse_integer("-0x10"), _parse_integer("-010"), _parse_integer("1x")) == (
        -16,
        -8,
        None,
    )
    assert (suffix_mul("k"), suffix_mul("x"), suffix_mul("")) == (1024, -1, -1)


def opts(text: str) -> OptsVisitor:
    """Return what reads the parameters of a -numa."""
    return OptsVisitor(QEMU, qemu_opts_parse(text, "type"))


@pytest.mark.parametrize(
    "read", [opts, lambda text: StringInputVisitor(QEMU, text.partition("=")[2])]
)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-9223372036854775808", -(1 << 63)), ("9223372036854775807", (1 << 63) - 1),
        ("-9223372036854775809", None), ("9223372036854775808", None), ("x", None), ("0x10", 16),
        ("9223372036854775809", None), ("-9223372036854775810", None),
    ],
)  # fmt: skip
def test_numbers_with_a_sign(read: Any, text: str, expected: int | None) -> None:
    """qapi/opts-visitor.c and string-input-visitor.c: 64 bits."""
    visitor = read(f"a={text}")
    if expected is not None:
        assert visitor.type_int64("a") == expected
    else:
        kind = "an int64 value" if read is opts else "int64"
        assert message(lambda: visitor.type_int64("a")) == f"Parameter 'a' expects {kind}"


def test_lists_of_numbers() -> None:
    """qapi/opts-visitor.c: ranges of at most 65536 numbers, each of 16 bits."""
    assert opts("node,cpus=0-65535").uint16_list("cpus") == list(range(65536))
    assert opts("node,cpus=3,cpus=1-2").uint16_list("cpus") == [3, 1, 2]
    assert opts("node,cpus=4-4").uint16_list("cpus") == [4]
    assert opts("node,a=1,cpus=2,mem=3").uint16_list("cpus") == [2]
    wrong = "Parameter 'cpus' expects a uint64 value or range"
    for text in ("x", "1-", "-1", "2-1", "0-65536", "1-65537", "1:2", "1-2-3", "1-2x", "1-x", ""):
        assert message(lambda text=text: opts(f"node,cpus={text}").uint16_list("cpus")) == wrong
    for text in ("65536", "65535-65536", "65536-65537"):
        said = message(lambda text=text: opts(f"node,cpus={text}").uint16_list("cpus"))
        assert said == "Parameter 'null' expects uint16_t"


@pytest.mark.parametrize(
    ("text", "id", "params"),
    [
        ("a", None, [("type", "a")]),
        ("a,b", None, [("type", "a"), ("b", "on")]),
        ("a,b,c", None, [("type", "a"), ("b", "on"), ("c", "on")]),
        ("a,nob", None, [("type", "a"), ("b", "off")]),
        ("a,no", None, [("type", "a"), ("", "off")]),
        ("a=1,b=2", None, [("a", "1"), ("b", "2")]),
        ("a=1,,2,b", None, [("a", "1,2"), ("b", "on")]),
        ("a,,b", None, [("type", "a,b")]),
        ("a=1,,23,b", None, [("a", "1,23"), ("b", "on")]),
        (",id=x", "x", [("type", "")]),
        ("=x", None, [("", "x")]),
        ("a,=x", None, [("type", "a"), ("", "x")]),
        ("id=x,a=1", "x", [("a", "1")]),
        ("a,id=x", "x", [("type", "a")]),
        ("a,id=x,id=y", "x", [("type", "a")]),
        ("a,b=c,", None, [("type", "a"), ("b", "c")]),
        ("", None, []),
        ("noa", None, [("type", "noa")]),
        ("a=b=c", None, [("a", "b=c")]),
        ("a=,b=", None, [("a", ""), ("b", "")]),
    ],
)
def test_options_are_divided_as_recorded(
    text: str, id: str | None, params: list[tuple[str, str]]
) -> None:
    """util/qemu-option.c:qemu_opts_parse; the object recordings have most of them."""
    parsed = qemu_opts_parse_noisily(qemu_on(ToldHost(), V8, location="-numa"), NUMA_OPTS, text, [])
    assert (parsed.id, list(parsed.params)) == (id, params)
    assert (parsed.text, parsed.location) == (text, "-numa")


@given(st.lists(st.tuples(st.from_regex("[a-z][^=,]*", fullmatch=True), st.text()), min_size=1))
@example([("a", ",+ *")])
@example([("a", "+,-"), ("b", "(,)")])
def test_every_value_comes_back_with_its_commas_doubled(params: list[tuple[str, str]]) -> None:
    """docs: two commas are one; every other character stands for itself."""
    text = ",".join(f"{name}={value.replace(',', ',,')}" for name, value in params)
    wanted = [(name, value) for name, value in params if name != "id"]
    if len(wanted) == len(params) and ",id=" not in text:
        assert list(qemu_opts_parse(text, "type").params) == wanted


def test_merged_options_join_dictionaries_and_append_to_lists() -> None:
    """util/keyval.c:keyval_merge, since 6.1; no option of QEMU's command line has two lists."""
    options = {"a": {"x": "1"}, "list": ["1"]}
    keyval_merge(options, {"a": {"y": "2"}, "list": ["2"], "b": "3"})
    assert options == {"a": {"x": "1", "y": "2"}, "list": ["1", "2"], "b": "3"}
