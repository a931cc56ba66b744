"""One usual cause of a message, and the commands that tell whether it is this one."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

import attrs

from ..records import Value


@attrs.frozen(eq=False, repr=False)
class Cause(Value):
    """One usual cause, and a command for a shell that tells whether it is this one.

    ``check`` has ``{path}`` where the path in question goes.  ``errnos`` are those
    it goes with; none means any.  ``fix`` says what to do, empty where the text does.
    ``of_type`` is what the type in the message begins with, if it is a cause for some only.
    """

    text: str
    check: str
    errnos: tuple[str, ...] = ()
    fix: str = ""
    of_type: str = ""


LINE: Final = (
    "ps -ww -o args= -C qemu-system-x86_64; virsh domxml-to-native qemu-argv --domain NAME"
)
EXPLAIN: Final = "qemu-model explain --all QEMU-OPTIONS"
VERSION: Final = "qemu-system-x86_64 --version"
FILE_HELP: Final = "qemu-system-x86_64 -object memory-backend-file,help"
OBJECTS_HELP: Final = "qemu-system-x86_64 -object help"
MACHINES_HELP: Final = "qemu-system-x86_64 -machine help"
MACHINE_HELP: Final = "qemu-system-x86_64 -machine pc,help"
DEVICE_HELP: Final = "qemu-system-x86_64 -device nvdimm,help"
HUGE_POOL: Final = "grep . /sys/kernel/mm/hugepages/hugepages-*/{nr,free,resv}_hugepages"
NODE_POOLS: Final = "grep . /sys/devices/system/node/node*/hugepages/hugepages-*/free_hugepages"
CGROUP_HUGE: Final = (
    "grep -r . /sys/fs/cgroup --include='hugetlb.*.max' --include='hugetlb.*.current'"
)
NODES: Final = "numactl --hardware; grep Mems_allowed_list /proc/self/status"
MOUNT: Final = "findmnt -o TARGET,FSTYPE,OPTIONS -T {path}"
LABELS: Final = "namei -l {path}; ls -lZ {path}; id"
DENIALS: Final = "ausearch -m avc -ts recent; dmesg | grep -i apparmor"
MAPPINGS_LIMIT: Final = "ulimit -v; cat /proc/sys/vm/max_map_count"
COMMIT: Final = "free -h; grep -i commit /proc/meminfo; cat /proc/sys/vm/overcommit_memory"
LOCKED: Final = "ulimit -l; grep VmLck /proc/PID/status"


def qmp(command: str) -> str:
    """Return a shell command that sends one QMP command to a running QEMU."""
    return (
        f"""echo '{{"execute":"qmp_capabilities"}}{{"execute":"{command}"}}' | """
        "socat - UNIX:QMP-SOCKET"
    )
