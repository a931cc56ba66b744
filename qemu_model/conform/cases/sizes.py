"""Cases about numbers of bytes: sizes and alignments, well written and not."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .case import Case, an_object, removed

#: Spellings of a size, each with what is special about it.
SIZES: Final = (
    ("0", "zero"),
    ("1", "one byte"),
    ("4095", "a byte less than a page"),
    ("4096", "a page"),
    ("4097", "a byte more than a page"),
    ("2M", "a huge page"),
    ("4m", "a small m"),
    ("1.5M", "a fraction"),
    ("0.5M", "a half"),
    (".5M", "a fraction without a digit before"),
    ("1.M", "a fraction without a digit behind"),
    ("1.5", "a fraction of a byte"),
    ("1.00001M", "a fraction that is not a number of bytes"),
    ("0.000001M", "a fraction near a byte"),
    ("1e3", "an exponent"),
    ("1e3M", "an exponent and a unit"),
    ("1E", "an exbibyte"),
    ("0x1000", "hexadecimal"),
    ("0X1000", "hexadecimal with a great X"),
    ("0x1.8M", "hexadecimal with a fraction"),
    ("0x1M", "hexadecimal with a unit"),
    ("0x1000B", "hexadecimal whose last digit looks like a unit"),
    ("010000", "a leading zero"),
    ("64K", "kibibytes"),
    ("64k", "a small k"),
    ("4096B", "bytes"),
    ("4096b", "a small b"),
    ("1G", "a gibibyte"),
    ("1P", "a pebibyte"),
    ("8E", "2 to the 63"),
    ("15E", "below 2 to the 64"),
    ("16E", "2 to the 64"),
    ("17592186044416M", "2 to the 64 in mebibytes"),
    ("9223372036854775807", "2 to the 63 less one"),
    ("9223372036854775808", "2 to the 63 in bytes"),
    ("18446744073709547520", "the last page below 2 to the 64"),
    ("18446744073709550000", "where rounding up wraps"),
    ("18446744073709551614", "2 to the 64 less two"),
    ("18446744073709551615", "2 to the 64 less one"),
    ("18446744073709551616", "2 to the 64 in bytes"),
    ("99999999999999999999", "twenty digits"),
    ("-1", "negative"),
    ("-0", "minus zero"),
    ("-4096", "minus a page"),
    ("+4096", "a plus sign"),
    (" 4096", "a space before"),
    ("4096 ", "a space behind"),
    ("4096 M", "a space before the unit"),
    ("", "nothing"),
    ("M", "a unit alone"),
    ("x", "a letter"),
    ("1X", "an unknown unit"),
    ("1MM", "two units"),
    ("1MB", "a unit of two letters"),
    ("1MiB", "a unit of three letters"),
    ("4,,096", "a comma inside"),
    ("1_000", "an underscore"),
    ("inf", "infinity"),
    ("nan", "not a number"),
    ("0x", "a prefix alone"),
    ("1.5.5M", "two points"),
    ("on", "a word"),
)


def sizes() -> Iterator[Case]:
    """Every odd spelling of a size, for each backend."""
    for text, what in SIZES:
        yield Case(
            f"size/file: {what} ({text})",
            an_object(f"memory-backend-file,id=b0,mem-path=$files/c.img,size={text},share=on"),
            setup=(removed("$files/c.img"),),
        )
        yield Case(f"size/ram: {what} ({text})", an_object(f"memory-backend-ram,id=b0,size={text}"))
        if text in (
            "0",
            "1",
            "4097",
            "1.5M",
            "1P",
            "8E",
            "16E",
            "18446744073709550000",
            "18446744073709551615",
            "9223372036854775808",
            "-1",
            "x",
            "",
        ):
            yield Case(
                f"size/memfd: {what} ({text})",
                an_object(f"memory-backend-memfd,id=b0,size={text}"),
            )
    for text in ("4096", "2M", "3M", "4M", "1G", "18446744073709550000"):
        yield Case(
            f"size/huge file: {text}",
            an_object(f"memory-backend-file,id=b0,mem-path=$huge/c.img,size={text},share=on"),
            setup=(removed("$huge/c.img"),),
        )
    for kind in ("ram", "memfd", "file"):
        path = ",mem-path=$files/c.img" if kind == "file" else ""
        yield Case(f"size/{kind}: never given", an_object(f"memory-backend-{kind},id=b0{path}"))
        yield Case(
            f"size/{kind}: given twice, the last wins",
            an_object(f"memory-backend-{kind},id=b0{path},size=8M,size=4M"),
            setup=(removed("$files/c.img"),) if path else (),
        )
        yield Case(
            f"size/{kind}: without a value",
            an_object(f"memory-backend-{kind},id=b0{path},size"),
        )
    yield Case("size/ram: more than the machine has", an_object("memory-backend-ram,id=b0,size=1T"))
    yield Case(
        "size/ram: more than the machine has, without reservation",
        an_object("memory-backend-ram,id=b0,size=1T,reserve=off"),
    )
    yield Case(
        "size/file: more than the machine has, private",
        an_object("memory-backend-file,id=b0,mem-path=$files/c.img,size=1T"),
        setup=(removed("$files/c.img"),),
    )


def aligns() -> Iterator[Case]:
    """What align may be."""
    for text in (
        "0",
        "1",
        "3",
        "2048",
        "4096",
        "4097",
        "8192",
        "12288",
        "64K",
        "1M",
        "2M",
        "3M",
        "4M",
        "1G",
        "-1",
        "x",
        "",
        "16E",
        "8E",
        "1.5M",
    ):
        yield Case(
            f"align/file: {text or 'empty'}",
            an_object(
                f"memory-backend-file,id=b0,mem-path=$files/d.img,size=4M,share=on,align={text}"
            ),
            setup=(removed("$files/d.img"),),
        )
    for text in ("4096", "2M", "4M", "6M", "1M"):
        yield Case(
            f"align/huge file: {text}",
            an_object(
                f"memory-backend-file,id=b0,mem-path=$huge/d.img,size=4M,share=on,align={text}"
            ),
            setup=(removed("$huge/d.img"),),
        )
