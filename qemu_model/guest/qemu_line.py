"""The command line of the guest's own QEMU."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from .errors import GuestError
from .kernel import BootFiles, find_program

#: What runs the machine, and the Debian packages that have it.
NEEDED: Final = (("qemu-system-x86_64", "qemu-system-x86"), ("setpriv", "util-linux"))
#: Where the first persistent memory begins, and how much other memory there is, in MiB.
PMEM_START: Final = 512
ORDINARY_MEMORY: Final = 704
#: What q35 puts below its hole at most; persistent memory must lie there, in MiB.
LOW_MEMORY: Final = 2048


def check_that_it_fits(pmem: Sequence[int]) -> None:
    """Raise :class:`GuestError` where so much persistent memory (MiB) does not lie below 2 GiB."""
    most = LOW_MEMORY - 192 - PMEM_START
    if sum(pmem) > most:
        raise GuestError(
            f"{sum(pmem)} MiB of persistent memory is more than fits: at most {most} MiB"
        )


def qemu_line(
    files: BootFiles,
    work: Path,
    pmem: Sequence[int],
    virtio_pmem: int,
    *,
    commands: int,
    shell: int,
) -> list[str]:
    """Return the line that starts the machine, with QEMU before its options.

    ``pmem`` and ``virtio_pmem`` are sizes in MiB, ``commands`` and ``shell`` the descriptors
    of the two serial lines.
    """
    share = "local,security_model=none,multidevs=remap"
    line = [
        # The machine ends with its parent, also where that was killed.
        *[find_program("setpriv", "util-linux"), "--pdeathsig", "KILL"],
        find_program("qemu-system-x86_64", "qemu-system-x86"),
        *["-nodefaults", "-no-user-config", "-display", "none"],
        *["-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2"],
        *["-kernel", str(files.kernel), "-initrd", str(files.initramfs)],
        *["-serial", f"file:{work / 'console'}"],
        *["-chardev", f"socket,id=commands,fd={commands}", "-serial", "chardev:commands"],
        *["-chardev", f"socket,id=shell,fd={shell}", "-serial", "chardev:shell"],
        *["-virtfs", f"{share},path=/,mount_tag=host,readonly=on"],
        *["-virtfs", f"{share},path={work},mount_tag=work"],
    ]
    memory = ORDINARY_MEMORY + sum(pmem)
    if virtio_pmem:
        line += ["-m", f"{memory}M,slots=2,maxmem={memory + virtio_pmem}M"]
        image = f"mem-path={work / 'virtio-pmem'},share=on,size={virtio_pmem}M"
        line += ["-object", f"memory-backend-file,id=pmem,{image}"]
        line += ["-device", "virtio-pmem-pci,memdev=pmem"]
    else:
        line += ["-m", f"{memory}M"]
    # nokaslr: the kernel looks at only four memmap= as it chooses its own place, so that it may
    # choose one inside the fifth.
    words = ["console=ttyS0", "loglevel=5", "panic=0", "mitigations=off", "nokaslr"]
    start = PMEM_START
    for size in pmem:
        words.append(f"memmap={size}M!{start}M")
        start += size
    words.append(f"qemu_model.work={work}")
    return [*line, "-append", " ".join(words)]
