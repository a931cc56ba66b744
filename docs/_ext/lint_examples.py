"""A line for each finding that ``lint`` knows; the documentation runs it when it is built."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import attrs


@attrs.frozen
class Example:
    """The words after ``qemu-model lint``, what else to do, and a file that the line names."""

    line: str
    todo: str = ""
    file: tuple[str, str] = ("", "")


_FILE: Final = "-object memory-backend-file,id=m0,size=64M,share=on"
_RAM: Final = "-m 1G -machine memory-backend=m0 -object memory-backend"
_NVDIMM: Final = "-machine pc,nvdimm=on -m 1G,slots=1,maxmem=2G -device nvdimm,id=nv0,memdev=m0"
#: A log of libvirt, whose QEMU said something that the model's does not.
_LOG: Final = """2026-03-02 09:14:07.512+0000: starting up libvirt version: 11.3.0, \
qemu version: 10.0.2
/usr/bin/qemu-system-x86_64 -m 1G -machine pc,memory-backend=m0 \
-object memory-backend-file,id=m0,size=1G,mem-path=/dev/hugepages,share=on
qemu-system-x86_64: unable to map backing store for guest RAM: Cannot allocate memory
"""

EXAMPLES: Final[Mapping[str, Example]] = MappingProxyType(
    {
        "QM001": Example("-m 1G,slots=2"),
        "QM002": Example("-m 1G -object memory-backend-ram,id=m0,size=18446744073709550000"),
        "QM003": Example("vm.log", file=("vm.log", _LOG)),
        "QM101": Example("-m 1G -object memory-backend-ram,id=m0,size=1G"),
        "QM102": Example("-m 1G -chardev socket,id=c0,path=/run/fs.sock "
                         "-device vhost-user-fs-pci,chardev=c0,tag=shared"),
        "QM110": Example("--revision qemu-7.2 -m 1G "
                         "-object memory-backend-shm,id=m0,size=1G"),
        "QM112": Example("--host sim:ext4 -m 1G "
                         f"{_FILE},mem-path=/mnt/guest.img,pmem=on"),
        "QM201": Example(f"{_RAM}-memfd,id=m0,size=1G,hugetlb=on,share=on"),
        "QM202": Example(f"--host sim:server,huge-pages=64 {_RAM}-memfd,id=m0,size=1G,"
                         "hugetlb=on,share=on"),
        "QM210": Example("--host sim:pod -m 2G -machine memory-backend=m0 "
                         "-object memory-backend-file,id=m0,size=2G,mem-path=/dev/shm,share=on"),
        "QM211": Example("--host sim:pod -m 200G"),
        "QM212": Example("-m 1G -overcommit mem-lock=on",
                         "Start QEMU with a limit of locked memory above all its memory "
                         "(``LimitMEMLOCK=infinity``, libvirt ``<memtune><hard_limit>``), or "
                         "remove ``mem-lock=on``."),
        "QM301": Example("-m 8193M -machine memory-backend=m0 -object memory-backend-file,id=m0,"
                         "size=8193M,mem-path=/dev/hugepages,share=on"),
        "QM310": Example("-m 1G -machine memory-backend=m0 -object memory-backend-file,id=m0,"
                         "size=1G,mem-path=/mnt/guest.img"),
        "QM311": Example("", "Make the file as large as the backend: ``truncate -s SIZE FILE``. "
                         "QEMU refuses a file that is too short when it starts; this finding is "
                         "about one that became shorter."),
        "QM312": Example("-m 64M -machine memory-backend=m0 "
                         f"{_FILE},mem-path=/mnt/guest.img,discard-data=on"),
        "QM313": Example("-m 1G,maxmem=2G -device virtio-mem-pci,id=vm,memdev=m0 "
                         "-object memory-backend-file,id=m0,size=1G,mem-path=/mnt/b.raw,share=on"),
        "QM401": Example("--host sim:ext4 -m 64M -machine memory-backend=m0 "
                         f"{_FILE},mem-path=/mnt/guest.img,pmem=on"),
        "QM402": Example(f"{_NVDIMM} -object memory-backend-ram,id=m0,size=64M"),
        "QM403": Example(f"{_NVDIMM},unarmed=on {_FILE},mem-path=/mnt/guest.img,readonly=on"),
        "QM501": Example("--host sim:ext4 -m 1G -machine memory-backend=m0 "
                         "-object memory-backend-ram,id=m0,size=1G,policy=bind,host-nodes=3"),
        "QM601": Example("-m 1G -machine memory-backend=m0 -object memory-backend-ram,id=m0,"
                         "size=1G,prealloc-threads=4"),
        "QM701": Example("--revision qemu-8.2 -m 1G -no-hpet",
                         "Write what the newer release takes: ``-machine hpet=off``."),
        "QM702": Example("--revision qemu-9.2 -m 1G -machine memory-backend=m0 "
                         "-object memory-backend-ram,id=m0,size=1G,share=on",
                         "Nothing, where this does not matter; else name the memory that you "
                         "want: ``memory-backend-memfd``, or ``-shm`` (since 9.1)."),
    }
)  # fmt: skip
