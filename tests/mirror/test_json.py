"""``qobject/json-parser.c`` and GLib's hash table: what a text holds, and in which order.

Unless a test names C, Debian's 7.2.22 was seen to answer so.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mirror_host import ToldHost, qemu_on

from qemu_model.error import Error
from qemu_model.glib import GHashTable
from qemu_model.json_parser import qobject_from_json
from qemu_model.revision import find

TREE = find("qemu-7.2")
QEMU = qemu_on(ToldHost(), TREE)


def test_numbers_of_more_than_64_bits_are_doubles() -> None:
    texts = ["18446744073709551615", "-9223372036854775808"]
    assert [type(qobject_from_json(QEMU, text)) for text in texts] == [int, int]
    beyond = ["18446744073709551616", "-9223372036854775809"]
    assert [type(qobject_from_json(QEMU, text)) for text in beyond] == [float, float]


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(1 << 63), (1 << 64) - 1)
        | st.text(st.characters(codec="ascii", min_codepoint=32)),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=4), inner),
    )
)
def test_json_is_read_as_python_reads_it(value: Any) -> None:
    """RFC 8259."""
    assert qobject_from_json(QEMU, json.dumps({"a": value})) == {"a": value}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": "' + chr(0xD800) + '"}', "JSON parse error, invalid UTF-8 sequence in string"),
        ('{"a": "' + chr(0xDFFF) + '"}', "JSON parse error, invalid UTF-8 sequence in string"),
        ('{}{"a":}', "Expecting at most one JSON value"),
    ],
)
def test_broken_utf_8_and_a_second_value_are_refused(text: str, said: str) -> None:
    """A half of a surrogate pair stands for what is no UTF-8 where words are bytes."""
    with pytest.raises(Error) as error:
        qobject_from_json(QEMU, text)
    assert error.value.text_in(TREE) == said


@given(st.lists(st.text(min_size=1, max_size=6)))
def test_hash_table_holds_what_was_put_in_and_not_taken_out(keys: list[str]) -> None:
    """glib/ghash.c; which member is first is in ``../recorded/test_hash_orders.py``."""
    table = GHashTable(keys)
    assert sorted(table) == sorted(set(keys))
    for key in keys[::2]:
        table.remove(key)
    assert sorted(table) == sorted(set(keys) - set(keys[::2]))
