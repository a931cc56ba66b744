"""Texts to start from: what the page offers under its box, the first one shown as it opens."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs


@attrs.frozen
class Example:
    """A title, one or two sentences on what is to be seen, and the request behind it."""

    title: str
    about: str
    request: Mapping[str, Any]


def _example(title: str, about: str, text: str, **more: Any) -> Example:
    return Example(title, about, MappingProxyType({"text": text, **more}))


def _file(path: str, options: str, size: str = "32M") -> str:
    return f"-object memory-backend-file,id=mem0,mem-path={path},size={size}{options}"


_ALL_ON: Final = ",share=on,pmem=on,sync=on"
_PMEM: Final = "/mnt/pmem0.img"

_LIBVIRT_LOG: Final = "\n".join(
    f"""2026-03-0{day} 09:14:07.512+0000: starting up libvirt version: 11.3.0, qemu version: 10.0.2
LC_ALL=C \\
/usr/bin/qemu-system-x86_64 \\
-name guest=web,debug-threads=on \\
-machine pc-q35-10.0,usb=off,memory-backend=pc.ram \\
-m size=2097152k \\
-object '{{"qom-type":"memory-backend-ram","id":"pc.ram","size":2147483648}}'{more}
2026-03-0{day} 18:00:00.000+0000: shutting down, reason=shutdown
"""
    for day, more in (
        (1, ""),
        (
            2,
            " \\\n-chardev socket,id=fs0,path=/run/fs.sock \\\n"
            '-device \'{"driver":"vhost-user-fs-pci","chardev":"fs0","tag":"share"}\'',
        ),
    )
)
_SMAPS: Final = f"""-m 1G {_file("/mnt/pmem0/a", ",share=on,pmem=on")}

7f5a00000000-7f5a02000000 rw-s 00000000 103:02 131074                    /mnt/pmem0/a
Size:              32768 kB
KernelPageSize:        4 kB
Rss:                4096 kB
VmFlags: rd wr sh mr mw me ms sf dc hg
7f5ac0000000-7f5b00000000 rw-p 00000000 00:00 0
Size:            1048576 kB
KernelPageSize:        4 kB
Rss:              204800 kB
VmFlags: rd wr mr mw me ac dc hg mg
"""

EXAMPLES: Final = (
    _example(
        "MAP_SYNC holds",
        "MAP_SYNC is a flag of mmap for files on persistent memory (DAX): while it holds, what "
        "the guest has flushed survives a crash of the host, because the file system has written "
        "down where the data is before the guest may write it. The option sync=on, which asks "
        "for it here, was proposed in January 2019 and never merged; since QEMU 4.1 share=on and "
        "pmem=on together ask for it.",
        _file(_PMEM, _ALL_ON),
        revision="v8",
        host="sim:ext4-dax",
    ),
    _example(
        "No DAX: refused",
        "An ordinary disk cannot do it. The kernel refuses MAP_SYNC, and V8 maps without it "
        "and says nothing.",
        _file("/mnt/disk.img", _ALL_ON),
        revision="v8",
        host="sim:ext4",
    ),
    _example(
        "share=off drops it silently",
        "A private mapping never writes to the file, so there is nothing to keep in step with "
        "it: QEMU does not request MAP_SYNC, whatever sync says.",
        _file(_PMEM, ",share=off,pmem=on,sync=on"),
        revision="v8",
        host="sim:ext4-dax",
    ),
    _example(
        "What patch 5 adds",
        "The same line before and after the last patch of the series: without the option, "
        "QEMU refuses the line.",
        _file(_PMEM, _ALL_ON),
        revision="v8",
        host="sim:ext4-dax",
        against={"revision": "v8/4"},
    ),
    _example(
        "QEMU 7.2 warns",
        "A released QEMU requests MAP_SYNC for share=on,pmem=on. Where the file cannot do it, "
        "QEMU prints a warning and continues.",
        _file("/mnt/disk.img", ",share=on,pmem=on"),
        revision="qemu-7.2",
        host="sim:ext4",
    ),
    _example(
        "Guest RAM for virtiofs",
        "A device that runs in another process needs guest RAM that is shared with it: "
        "a memfd with share=on.",
        "-M q35,memory-backend=mem -m 1G -object memory-backend-memfd,id=mem,size=1G,share=on "
        "-chardev socket,id=fs,path=/run/fs.sock -device vhost-user-fs-pci,chardev=fs,tag=host",
        revision="qemu-7.2",
        host="sim:default",
    ),
    _example(
        "Device DAX needs align=2M",
        "Device DAX maps whole 2 MiB pages only. Without align=2M the mapping fails.",
        _file("/dev/dax0.0", ",share=on,pmem=on"),
        revision="qemu-7.2",
        host="sim:device-dax",
        against={"text": _file("/dev/dax0.0", ",share=on,pmem=on,align=2M")},
    ),
    _example(
        "An error message",
        "Paste what QEMU printed: the C function that prints it, when, and what to check.",
        "qemu-system-x86_64: cannot bind memory to host NUMA nodes: Operation not permitted",
    ),
    _example(
        "A trace of a real QEMU",
        "A log of strace is judged against the model: each call on a backend must be one that "
        "QEMU makes.",
        'execve("/usr/bin/qemu-system-x86_64", ["qemu-system-x86_64", "-M", "none", "-object", '
        '"memory-backend-ram,id=ram0,size=4M", "-nographic"], 0x7ffe /* 9 vars */) = 0\n'
        "mmap(NULL, 6291456, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000100000\n"
        "mmap(0x7f0000200000, 4194304, PROT_READ|PROT_WRITE, "
        "MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0) = 0x7f0000200000\n"
        "munmap(0x7f0000100000, 1048576) = 0\n"
        "munmap(0x7f0000601000, 1044480) = 0\n"
        "madvise(0x7f0000200000, 4194304, MADV_MERGEABLE) = 0\n"
        "madvise(0x7f0000200000, 4194304, MADV_HUGEPAGE) = 0\n"
        "madvise(0x7f0000200000, 4194304, MADV_DONTFORK) = 0\n"
        "madvise(0x7f0000200000, 4194304, MADV_MERGEABLE) = 0\n"
        "mbind(0x7f0000200000, 4194304, MPOL_DEFAULT, NULL, 1, "
        "MPOL_MF_STRICT|MPOL_MF_MOVE) = 0\n"
        "exit_group(0) = ?\n",
    ),
    _example(
        "A libvirt log: virtiofs fails",
        "The log names its QEMU and two starts. The last one adds a shared folder, which needs "
        "guest RAM that another process can map.",
        _LIBVIRT_LOG,
    ),
    _example(
        "smaps of a running QEMU",
        "A copy of /proc/PID/smaps, with QEMU's line above it: which mapping is which backend, "
        "and whether sf in VmFlags means something.",
        _SMAPS,
    ),
)
