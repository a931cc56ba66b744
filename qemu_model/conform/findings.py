"""Findings: misbehaviour of real QEMUs that their users should know, each with one cause.

A finding is recognised by the calls, the messages and the exit status of a run, never by the
name of a case.  The model does the same as QEMU, so a finding is not a divergence.  A finding
that does not occur any more in a release where it used to occur is one.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import attrs


@attrs.frozen
class Evidence:
    """What a run showed: its exit status, its messages, the lines of its log.

    ``exit`` is None for a run that had to be stopped.  ``created`` are the files that the run
    has made.
    """

    exit: int | None
    stderr: tuple[str, ...]
    replies: tuple[Mapping[str, Any], ...]
    log: tuple[str, ...]
    created: tuple[str, ...]

    def says(self, pattern: str) -> bool:
        """Whether stderr or an error reply has a text that matches ``pattern``."""
        errors = [reply["error"]["desc"] for reply in self.replies if "error" in reply]
        return any(re.search(pattern, text) for text in (*self.stderr, *errors))

    def calls(self, pattern: str) -> list[re.Match[str]]:
        """Return the matches of a pattern in the lines of the log, in order."""
        return [match for line in self.log if (match := re.search(pattern, line))]


@attrs.frozen
class Finding:
    """One misbehaviour.

    ``line`` reproduces it; ``function`` is where it comes from; ``versions`` are the
    revisions in which it was seen; ``seen`` recognises it in what a run showed.
    """

    name: str
    title: str
    line: str
    function: str
    versions: tuple[str, ...]
    what: str
    seen: Callable[[Evidence], bool]


def _spins(evidence: Evidence) -> bool:
    missing = evidence.calls(r'openat\([^"]*"([^"]*)", O_RD\w+\) = -1 ENOENT')
    there = {
        match[1] for match in evidence.calls(r'openat\([^"]*"([^"]*)", .*O_EXCL.* = -1 EEXIST')
    }
    return evidence.exit is None and sum(match[1] in there for match in missing) > 100


def _wraps(evidence: Evidence) -> bool:
    return evidence.exit == -6 and evidence.says(r"find_ram_offset: Assertion `size != 0' failed")


def _crashes_on_reading(evidence: Evidence) -> bool:
    return evidence.exit == -6 and evidence.says(r"qobject_output_complete: Assertion")


def _writes_to_read_only(evidence: Evidence) -> bool:
    mapped = evidence.calls(r"mmap\(0x\w+, \d+, PROT_READ, MAP_\w+\|MAP_FIXED.* = (0x[0-9a-f]+)")
    faults = evidence.calls(r"SIGSEGV .*si_code=SEGV_ACCERR, si_addr=(0x[0-9a-f]+)")
    places = {match[1] for match in mapped}
    return evidence.exit == -11 and any(match[1] in places for match in faults)


def _leaves_descriptor(evidence: Evidence) -> bool:
    opened = evidence.calls(r'memfd_create\("memory-backend-memfd".* = (\d+)<')
    closed = {match[1] for match in evidence.calls(r"close\((\d+)</memfd:memory-backend-memfd>")}
    refused = evidence.says(r"unable to map backing store|backing store .*size 0x")
    return refused and any(match[1] not in closed for match in opened)


def _names_no_path(evidence: Evidence) -> bool:
    return evidence.says(r"backing store \(null\) size 0x")


def _creates_though_readonly(evidence: Evidence) -> bool:
    wanted = evidence.calls(r'openat\([^"]*"([^"]*)", O_RDONLY\) = -1 ENOENT')
    made = {match[1] for match in evidence.calls(r'openat\([^"]*"([^"]*)", O_RDWR\|O_CREAT.* = \d')}
    return any(match[1] in made for match in wanted)


def _leaves_file(evidence: Evidence) -> bool:
    failed = evidence.says(r"cannot bind memory|host-nodes must be|prealloc.*(failed|Insufficient)")
    return failed and bool(evidence.created)


def _blames_a_file_nobody_named(evidence: Evidence) -> bool:
    return bool(evidence.calls("memory-backend-memfd")) and evidence.says(
        r"backing store .*size 0x[0-9a-f]*[1-9a-f][0-9a-f]{0,2} does not match 'size' option"
    )


def _says_null(evidence: Evidence) -> bool:
    return evidence.says(r"Parameter 'null' expects uint16_t")


BEFORE: Final = ("base", "v1", "v8/1", "v8/2", "v8/3", "v8/4", "v8", "v10")
EVERY: Final = (*BEFORE, "qemu-7.2")

FINDINGS: Final = (
    Finding(
        "endless-loop",
        "A dangling symbolic link makes QEMU spin for ever",
        "ln -s nowhere link; qemu-system-x86_64 -M none "
        "-object memory-backend-file,id=b0,mem-path=link,size=4M",
        "file_ram_open (exec.c; 7.2: softmmu/physmem.c)",
        EVERY,
        "open() says ENOENT, because the link leads nowhere; open(O_CREAT|O_EXCL) says EEXIST, "
        "because the link is there. QEMU takes the second answer for a race and starts over, "
        "without end and without a word. The monitor does not answer any more.",
        _spins,
    ),
    Finding(
        "size-wraps",
        "A size within a page of 2^64 aborts QEMU",
        "qemu-system-x86_64 -M none -object memory-backend-ram,id=b0,size=18446744073709550000",
        "find_ram_offset (exec.c; 7.2: softmmu/physmem.c), after HOST_PAGE_ALIGN in "
        "qemu_ram_alloc_internal",
        EVERY,
        "Rounding up to whole pages wraps to 0, which fails an assertion. Over QMP it takes the "
        "guest down: object-add with such a size, or with a negative one, which JSON's reader "
        "lets wrap, ends a running QEMU with SIGABRT.",
        _wraps,
    ),
    Finding(
        "readonly-prealloc",
        "readonly=on with prealloc=on is a segmentation fault",
        "truncate -s 4M f; qemu-system-x86_64 -M none -object "
        "memory-backend-file,id=b0,mem-path=f,size=4M,readonly=on,prealloc=on",
        "do_touch_pages (util/oslib-posix.c), from qemu_prealloc_mem",
        ("qemu-7.2",),
        "MADV_POPULATE_WRITE answers EINVAL for a mapping that may not be written. QEMU takes "
        "that for a kernel without MADV_POPULATE_WRITE, and stores into every page instead.",
        _writes_to_read_only,
    ),
    Finding(
        "readonly-creates",
        "readonly=on creates a file that is not there",
        "qemu-system-x86_64 -M none -object "
        "memory-backend-file,id=b0,mem-path=missing,size=4M,readonly=on",
        "file_ram_open (softmmu/physmem.c)",
        ("qemu-7.2",),
        "Only the first open() is for reading. When it says ENOENT, the file is created for "
        "writing and made as large as the backend: a misspelt path of a read-only image gives "
        "the guest zeros instead of an error.",
        _creates_though_readonly,
    ),
    Finding(
        "memfd-left-open",
        "A memfd that cannot be mapped stays open",
        'QMP: {"execute": "object-add", "arguments": {"qom-type": "memory-backend-memfd", '
        '"id": "b0", "hugetlb": true, "size": 1073741824}} with fewer free huge pages',
        "memfd_backend_memory_alloc (backends/hostmem-memfd.c)",
        EVERY,
        "After qemu_memfd_create() the descriptor is not closed when the region cannot be made. "
        "Each failed object-add leaves one more, and the memory it stands for.",
        _leaves_descriptor,
    ),
    Finding(
        "file-left-behind",
        "A backend that fails after its memory was mapped leaves its file",
        "qemu-system-x86_64 -M none -object "
        "memory-backend-file,id=b0,mem-path=f,size=4M,policy=bind,host-nodes=127",
        "host_memory_backend_memory_complete (backends/hostmem.c)",
        EVERY,
        "qemu_ram_alloc_from_file() removes a file that it created; binding and "
        "preallocation come later, and nothing removes it then. The next try finds a file.",
        _leaves_file,
    ),
    Finding(
        "memfd-size",
        "A memfd backend refuses a size that the others take, and blames a file",
        "qemu-system-x86_64 -M none -object memory-backend-memfd,id=b0,size=4097",
        "qemu_ram_alloc_from_fd (exec.c; 7.2: softmmu/physmem.c)",
        EVERY,
        "The memory file is made as large as the backend, not rounded up; the check that a file "
        "is as large as the rounded size then finds it too small. Memory and files of that size "
        "are fine.",
        _blames_a_file_nobody_named,
    ),
    Finding(
        "parameter-null",
        "A host node beyond 65535 is called 'null'",
        "qemu-system-x86_64 -M none -object "
        "memory-backend-ram,id=b0,size=4M,policy=bind,host-nodes=65536",
        "visit_type_uintN (qapi/qapi-visit-core.c)",
        EVERY,
        "Elements of a list are read without a name, and the error prints that: Parameter 'null' "
        "expects uint16_t.",
        _says_null,
    ),
    Finding(
        "backing-store-null",
        "The error about a file's size prints (null)",
        "truncate -s 1M f; qemu-system-x86_64 -M none -object "
        "memory-backend-file,id=b0,mem-path=f,size=4M",
        "qemu_ram_alloc_from_fd (exec.c)",
        BEFORE,
        "The message names the global -mem-path, which a backend does not use, and not the path "
        "that was opened. 7.2 names no path at all.",
        _names_no_path,
    ),
    Finding(
        "host-nodes-empty",
        "Reading host-nodes while it is empty aborts QEMU",
        'QMP: {"execute": "qom-get", "arguments": {"path": "/objects/b0", '
        '"property": "host-nodes"}}',
        "host_memory_backend_get_host_nodes (backends/hostmem.c)",
        BEFORE,
        "The getter returns before it puts anything out, and the output visitor asserts that "
        "something was. 7.2 puts out an empty list.",
        _crashes_on_reading,
    ),
)


def seen_in(evidence: Evidence) -> tuple[Finding, ...]:
    """Return the findings that a run showed."""
    return tuple(finding for finding in FINDINGS if finding.seen(evidence))


def not_seen(revision: str, seen: Sequence[str]) -> tuple[Finding, ...]:
    """Return the findings of ``revision`` whose names are not among ``seen``."""
    return tuple(
        finding for finding in FINDINGS if revision in finding.versions and finding.name not in seen
    )
