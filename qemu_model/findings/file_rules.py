"""Sizes that are not whole pages, private files, and data that is discarded."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..explain.guest_memory import Use
from .case import Case
from .finding import Finding, Rule
from .lines import with_size, with_values
from .ram_rules import added_words
from .units import size_text

PARTIAL_PAGE: Final = Rule(
    "QM301",
    "partial-page",
    "warning",
    "A backend's size is not a multiple of its page size.",
)
PRIVATE_FILE: Final = Rule(
    "QM310",
    "private-file",
    "warning",
    "A file is mapped privately: the guest's writes never reach it.",
)
SHORT_FILE: Final = Rule(
    "QM311",
    "short-file",
    "error",
    "The file ends before the memory does.",
)
DISCARDED: Final = Rule(
    "QM312",
    "data-discarded",
    "warning",
    "A file's content is discarded when QEMU ends.",
)

EMPTIED: Final = Rule(
    "QM313",
    "data-discarded-at-start",
    "warning",
    "A file's content is discarded when a virtio-mem device takes it.",
)


def partial_pages(case: Case) -> Iterator[Finding]:
    """Yield the sizes that are not multiples of the page size."""
    machine = case.wanted.process.qemu.machine
    for memory in case.memory:
        if memory.part is None or not memory.size or memory.size % memory.page_size == 0:
            continue
        size = -(-memory.size // memory.page_size) * memory.page_size
        args = with_size(case.args, memory, size, machine.ram_size, machine.maxram_size)
        binds = " policy and host-nodes fail with 'Invalid argument': they would split a page."
        yield Finding(
            PARTIAL_PAGE,
            memory.id,
            f"The size {size_text(memory.size)} is not a multiple of the page size, "
            f"{size_text(memory.page_size)}.",
            "QEMU up to 9.0 maps a part of a page more than the guest can use."
            + (binds if memory.huge else "")
            + " From 9.1 on QEMU refuses such a size.",
            f"use {added_words(case.args, args)}" if args is not None else "",
            args=args,
        )


def private_files(case: Case) -> Iterator[Finding]:
    """Yield the files whose mapping is private and writable."""
    for memory in case.memory:
        if memory.source != "file" or memory.shared or memory.huge or memory.readonly:
            continue
        if memory.part is None or memory.type != "memory-backend-file" or not memory.mapped:
            continue
        if memory.part.on("readonly") or any(_is_nvdimm(use) for use in memory.uses):
            # An NVDIMM that loses data has a finding of its own.  With rom=off a read-only
            # backend is a template: the guest's writes are meant to stay private.
            continue
        args = with_values(case.args, memory.part, share="on")
        yield Finding(
            PRIVATE_FILE,
            memory.id,
            f'"{memory.id}" maps {memory.path} privately (share=off): the guest\'s writes never '
            "reach the file.",
            "Each page that the guest writes is copied, and takes memory beside the page cache's.",
            f"use {added_words(case.args, args)}; or use memory-backend-ram if the file does not "
            "matter",
            "note" if "share" in memory.part.params else None,
            args=args,
        )


def _is_nvdimm(use: Use) -> bool:
    return use.part is not None and use.part.kind in ("nvdimm", "virtio-pmem-pci")


def short_files(case: Case) -> Iterator[Finding]:
    """Yield the files that end before the memory that maps them does."""
    for memory in case.look.memory:
        if memory.source != "file" or not memory.mapped or not memory.file_size:
            continue
        if memory.offset + memory.size <= memory.file_size:
            continue
        yield Finding(
            SHORT_FILE,
            memory.id,
            f"{memory.path} has {size_text(memory.file_size)}; "
            f"{size_text(memory.offset + memory.size)} are mapped.",
            "Beyond the end of the file there are no pages: QEMU is killed by SIGBUS when the "
            "guest touches them.",
            f"truncate -s {memory.offset + memory.size} {memory.path}",
        )


def discarded_data(case: Case) -> Iterator[Finding]:
    """Yield the named files whose content goes when QEMU ends."""
    for memory in case.memory:
        if memory.discards and memory.shared and memory.source == "file" and memory.part:
            args = with_values(case.args, memory.part, discard_data=None)
            yield Finding(
                DISCARDED,
                memory.id,
                f"discard-data=on: what is in {memory.path} is discarded when QEMU ends or "
                f'"{memory.id}" is deleted.',
                "QEMU punches a hole over the whole block (MADV_REMOVE): the option is meant for "
                "scratch files.",
                "remove discard-data=on if the content matters",
                args=args,
            )


def emptied_files(case: Case) -> Iterator[Finding]:
    """Yield the files over which virtio-mem punches a hole as QEMU starts."""
    if case.run.exit != 0:
        return
    for memory in case.memory:
        devices = [use for use in memory.uses if use.part and use.part.kind == "virtio-mem-pci"]
        if devices and memory.type == "memory-backend-file" and memory.mapped:
            yield Finding(
                EMPTIED,
                memory.id,
                f"{devices[0].label}: what is in {memory.path} is discarded when QEMU starts.",
                "virtio-mem begins without memory: QEMU punches a hole over the whole file "
                "(FALLOC_FL_PUNCH_HOLE), with share=off too.",
                "use another file if the content matters",
            )
