"""What usually lies behind a message on real hosts, and a command that tells.

A cause belongs to a message of the catalogue, and where the message ends in an
errno's text, to some of those.  What has no causes of its own has those of the C
file that says it: nothing is without a command to run.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

import attrs

from .. import messages
from ..error import Message
from .known import Known


@attrs.frozen
class Cause:
    """One usual cause, and a command for a shell that tells whether it is this one.

    ``check`` has ``{path}`` where the path in question goes.  ``errnos`` are those
    it goes with; none means any.  ``fix`` says what to do, empty where the text does.
    """

    text: str
    check: str
    errnos: tuple[str, ...] = ()
    fix: str = ""


_HUGE_POOL: Final = "grep . /sys/kernel/mm/hugepages/hugepages-*/{nr,free,resv}_hugepages"
_NODE_POOLS: Final = "grep . /sys/devices/system/node/node*/hugepages/hugepages-*/free_hugepages"
_CGROUP_HUGE: Final = (
    "grep -r . /sys/fs/cgroup --include='hugetlb.*.max' --include='hugetlb.*.current'"
)
_NODES: Final = "numactl --hardware; grep Mems_allowed_list /proc/self/status"
_MOUNT: Final = "findmnt -o TARGET,FSTYPE,OPTIONS -T {path}"
_LABELS: Final = "namei -l {path}; ls -lZ {path}; id"
_QMP: Final = (
    """echo '{"execute":"qmp_capabilities"}{"execute":"COMMAND"}' | socat - UNIX:QMP-SOCKET"""
)
_MAPPINGS_LIMIT: Final = "ulimit -v; cat /proc/sys/vm/max_map_count"
_PROPERTIES: Final = "qemu-system-x86_64 -object memory-backend-file,help"


_CANT_OPEN: Final = (
    Cause(
        "a directory of the path does not exist, or not for QEMU: containers and libvirt give "
        "it a mount namespace of its own",
        "namei -l {path}",
        ("ENOENT", "ENOTDIR"),
    ),
    Cause(
        "the user that QEMU runs as may not open the file, or not write into the directory",
        _LABELS,
        ("EACCES", "EPERM"),
    ),
    Cause(
        "SELinux or AppArmor forbids it: under libvirt only paths that it labels are allowed",
        "ausearch -m avc -ts recent; dmesg | grep -i apparmor",
        ("EACCES", "EPERM"),
    ),
    Cause(
        "a cgroup does not allow the device: containers see /dev/dax0.0 only if it is given to "
        "them (docker --device, a device plugin in Kubernetes)",
        "ls -l {path}; cat /sys/fs/cgroup/devices.list 2>/dev/null",
        ("EPERM", "EACCES", "ENOENT"),
    ),
    Cause("the file system is mounted read-only", _MOUNT, ("EROFS",)),
    Cause(
        "the file system is full, or out of inodes",
        "df -h {path}; df -i {path}",
        ("ENOSPC", "EDQUOT"),
    ),
    Cause(
        "QEMU has too many files open", "ulimit -n; ls /proc/PID/fd | wc -l", ("EMFILE", "ENFILE")
    ),
    Cause(
        "a device DAX that is in use otherwise, for instance as system memory (dax/kmem), or gone",
        "daxctl list -D",
        ("EBUSY", "ENXIO", "ENODEV"),
    ),
    Cause("the file is a program that runs", "fuser -v {path}", ("ETXTBSY",)),
    Cause("the path goes in a circle of symbolic links", "namei -l {path}", ("ELOOP",)),
)

_UNABLE_TO_MAP: Final = (
    Cause(
        "a device DAX maps only multiples of its alignment, mostly 2 MiB: say align=2M, and a "
        "size that is a multiple of it",
        "cat /sys/bus/dax/devices/dax*/align; daxctl list",
        ("EINVAL",),
    ),
    Cause(
        "a device DAX refuses private mappings: say share=on",
        "ls -l {path}; daxctl list",
        ("EINVAL",),
    ),
    Cause(
        "the file system cannot do shared mappings at all (9p with cache=none): use share=off, or "
        "another place",
        _MOUNT,
        ("EINVAL",),
    ),
    Cause(
        "the pool has too few free huge pages: shared and private mappings reserve them at once",
        _HUGE_POOL,
        ("ENOMEM",),
    ),
    Cause(
        "a cgroup limits reserved huge pages",
        "grep -r . /sys/fs/cgroup --include='hugetlb.*.rsvd.max'",
        ("ENOMEM",),
    ),
    Cause(
        "a private mapping counts as memory, and the kernel does not promise that much: "
        "share=on does not count",
        "grep -i commit /proc/meminfo; cat /proc/sys/vm/overcommit_memory",
        ("ENOMEM",),
    ),
    Cause(
        "a limit on address space, or on the number of mappings",
        "ulimit -v; cat /proc/sys/vm/max_map_count",
        ("ENOMEM",),
    ),
    Cause(
        "what the path names cannot be mapped: /dev/null, a FIFO, a file in /proc or /sys",
        "stat -L -c '%F' {path}; " + _MOUNT,
        ("ENODEV",),
    ),
    Cause("the file was opened, but may not be mapped so", _LABELS, ("EACCES", "EPERM")),
    Cause("locked memory (-overcommit mem-lock=on) is beyond the limit", "ulimit -l", ("EAGAIN",)),
    Cause(
        "MAP_SYNC was demanded, and the file cannot do it (sync=on of V2 to V7, which V8 does "
        "not demand)",
        "qemu-model check --path {path}",
        ("EOPNOTSUPP", "EINVAL"),
    ),
)

_TOO_FEW_PAGES: Final = (
    Cause(
        "a cgroup limits huge pages below what is free: Kubernetes' limit hugepages-2Mi, "
        "systemd's or libvirt's cgroup",
        _CGROUP_HUGE,
    ),
    Cause(
        "policy=bind takes pages from the nodes in host-nodes only, and theirs are used up",
        _NODE_POOLS,
    ),
    Cause("the free pages are reserved for others: free minus reserved counts", _HUGE_POOL),
    Cause(
        "the file system has no room: /dev/shm has 64 MiB in a container (docker --shm-size; "
        "emptyDir with medium: Memory), hugetlbfs may be mounted with size=",
        "df -h {path}; " + _MOUNT,
    ),
    Cause(
        "the file is shorter than the backend: what lies behind its end cannot be touched",
        "stat -L -c '%s' {path}",
    ),
    Cause(
        "a cgroup limits memory",
        "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory.current",
    ),
)

_BIND: Final = (
    Cause(
        "a container without the right to mbind: Docker's and Kubernetes' seccomp profiles allow "
        "it with CAP_SYS_NICE only (--cap-add SYS_NICE; securityContext.capabilities.add)",
        "grep -E 'CapEff|Seccomp' /proc/self/status; capsh --print",
        ("EPERM",),
    ),
    Cause("none of the nodes exists, or has memory", _NODES, ("EINVAL",)),
    Cause(
        "the cpuset does not allow the nodes",
        "cat /sys/fs/cgroup/cpuset.mems.effective; grep Mems_allowed_list /proc/self/status",
        ("EINVAL",),
    ),
    Cause(
        "pages of the file are on another node already, in use by another process, and cannot be "
        "moved",
        "numastat -p qemu; fuser -v {path}",
        ("EIO",),
    ),
    Cause("the nodes have no memory left", "numastat -m", ("ENOMEM",)),
    Cause("the kernel was built without NUMA", "ls /sys/devices/system/node", ("ENOSYS",)),
)

_MEMFD: Final = (
    Cause(
        "hugetlbsize is no size of huge pages that this machine has",
        "ls /sys/kernel/mm/hugepages",
        ("ENODEV", "EINVAL"),
    ),
    Cause("the pool has too few free huge pages", _HUGE_POOL, ("ENOMEM", "ENOSPC")),
    Cause("the size is beyond what a file can have", "getconf LONG_BIT", ("EINVAL", "EFBIG")),
    Cause("the kernel is older than 3.17, which brought memfd_create", "uname -r", ("ENOSYS",)),
    Cause(
        "the kernel is older than 4.14 (huge pages) or 4.16 (huge pages and sealing)",
        "uname -r",
        ("EINVAL",),
    ),
    Cause("a seccomp filter forbids it", "grep Seccomp /proc/self/status", ("EPERM",)),
    Cause("QEMU has too many files open", "ulimit -n", ("EMFILE", "ENFILE")),
)

_WRONG_SIZE: Final = (
    Cause(
        "the file is there from an earlier run with another size; QEMU resizes only an empty file: "
        "say its size, or remove it if its content is not needed",
        "stat -L -c '%s' {path}",
    ),
    Cause(
        "size=1G is 1073741824 bytes, but a tool made 1000000000",
        "stat -L -c '%s' {path}; numfmt --from=iec 1G",
    ),
    Cause(
        "'(null)' or another path in the message: QEMU of 2018 prints -mem-path there, not the "
        "mem-path of the object",
        "ps -o args= -C qemu-system-x86_64",
    ),
)

_ALIGNMENT: Final = (
    Cause("the file is on hugetlbfs, whose pages are larger", "stat -f -c '%T, %S bytes' {path}"),
    Cause("a device DAX has an alignment of its own", "cat /sys/bus/dax/devices/dax*/align"),
    Cause("the host's pages are 64 KiB (ppc64, some arm64)", "getconf PAGE_SIZE"),
)

_FTRUNCATE: Final = (
    Cause(
        "a device has no size to set: QEMU goes on, nothing is wrong",
        "stat -L -c '%F' {path}",
        ("EINVAL",),
    ),
    Cause(
        "hugetlbfs takes only multiples of its page size",
        "stat -f -c '%T, %S bytes' {path}",
        ("EINVAL",),
    ),
    Cause("larger than the file system allows a file to be", _MOUNT, ("EFBIG",)),
    Cause("the file system is full", "df -h {path}", ("ENOSPC", "EDQUOT")),
)

_ANONYMOUS: Final = (
    Cause(
        "more than the kernel promises: overcommit, or too little memory and swap",
        "free -h; grep -i commit /proc/meminfo; cat /proc/sys/vm/overcommit_memory",
        ("ENOMEM",),
    ),
    Cause(
        "a limit on address space, or on the number of mappings",
        "ulimit -v; cat /proc/sys/vm/max_map_count",
        ("ENOMEM",),
    ),
    Cause("locked memory is beyond the limit", "ulimit -l", ("EAGAIN",)),
    Cause("the size is no size: so large that it wraps around", _PROPERTIES, ("EINVAL",)),
)

_NO_LIBPMEM: Final = (
    Cause(
        "this QEMU was built without libpmem: with pmem=off it runs, but then QEMU's own writes "
        "(migration, labels) are not made persistent",
        "ldd $(command -v qemu-system-x86_64) | grep libpmem",
    ),
    Cause(
        "the distribution ships libpmem apart, or not for this architecture",
        "apt-cache policy libpmem1; rpm -q libpmem",
    ),
)

_NOT_DAX: Final = (
    Cause(
        "the file system is not mounted with -o dax, or not on persistent memory",
        _MOUNT + "; qemu-model check --path {path}",
    ),
    Cause("ext4 with blocks of less than a page has no DAX", "stat -f -c '%S' {path}"),
    Cause(
        "virtio-pmem has DAX, but no MAP_SYNC: inside a guest use an NVDIMM",
        "ls -l /sys/bus/nd/devices; ndctl list -u",
    ),
    Cause("the namespace is raw or sector, not fsdax", "ndctl list -N -u"),
)

_NODES_AND_POLICY: Final = (
    Cause("host-nodes and policy go together: both, or neither", _NODES),
    Cause("a script sets one of them by default", "ps -o args= -C qemu-system-x86_64"),
)

_NO_PROPERTY: Final = (
    Cause(
        "this QEMU does not have the option: sync is V8's, never merged (4.1 and later do it with "
        "share=on,pmem=on); readonly and reserve are later than 2018",
        _PROPERTIES,
    ),
    Cause(
        "the build lacks it: host-nodes and policy need libnuma, hugetlb and seal a kernel with "
        "memfd_create",
        "ldd $(command -v qemu-system-x86_64) | grep -E 'numa|pmem'; uname -r",
    ),
    Cause("it is misspelt", _PROPERTIES),
)

_IN_USE: Final = (
    Cause(
        "a DIMM, an NVDIMM or a NUMA node uses the backend: remove the device first",
        _QMP.replace("COMMAND", "query-memory-devices"),
    ),
)

_FIXED: Final = (
    Cause(
        "a backend that has its memory is fixed, but for merge, dump, prealloc and discard-data: "
        "delete the object and make it anew",
        _QMP.replace("COMMAND", "query-memdev"),
    ),
)

_SIGNALS: Final = (
    Cause(
        "a sandbox filters signal calls",
        "grep Seccomp /proc/self/status; ps -o args= -C qemu-system-x86_64",
    ),
)

_M: Final = messages
_CAUSES: Final[tuple[tuple[tuple[Message, ...], tuple[Cause, ...]], ...]] = (
    ((_M.CANT_OPEN, _M.COULDNT_STATFS), _CANT_OPEN),
    ((_M.UNABLE_TO_MAP,), _UNABLE_TO_MAP),
    ((_M.INSUFFICIENT_PAGES,), _TOO_FEW_PAGES),
    ((_M.CANNOT_BIND,), _BIND),
    ((_M.CREATE_MEMFD, _M.HUGEPAGE_SIZE), _MEMFD),
    ((_M.SIZE_MISMATCH,), _WRONG_SIZE),
    ((_M.ALIGN_PAGE_SIZE, _M.ALIGN_POWER_OF_TWO, _M.SIZE_BELOW_PAGE), _ALIGNMENT),
    ((_M.FTRUNCATE,), _FTRUNCATE),
    ((_M.CANNOT_SET_UP,), _ANONYMOUS),
    ((_M.NO_LIBPMEM,), _NO_LIBPMEM),
    ((_M.NODES_WITHOUT_POLICY, _M.POLICY_WITHOUT_NODES, _M.INVALID_NODE), _NODES_AND_POLICY),
    ((_M.PROPERTY_NOT_FOUND, _M.INVALID_OBJECT_TYPE), _NO_PROPERTY),
    ((_M.OBJECT_IN_USE,), _IN_USE),
    (
        (
            _M.CANNOT_CHANGE_VALUE,
            _M.CANNOT_CHANGE_SIZE,
            _M.CANNOT_CHANGE_QUOTED,
            _M.CANNOT_CHANGE_PMEM,
        ),
        _FIXED,
    ),
    ((_M.SIGNAL_HANDLER,), _SIGNALS),
)

#: Later trees say some of it in other words: what those begin with.
_LATER: Final[Mapping[str, tuple[Cause, ...]]] = MappingProxyType(
    {
        "qemu_prealloc_mem: preallocating": _TOO_FEW_PAGES,
        "qemu_prealloc_mem: failed": _SIGNALS,
        "failed to create memfd": _MEMFD,
        "failed to resize memfd": _MEMFD,
        "failed to add seals": _MEMFD,
        "backing store size": _WRONG_SIZE,
        "Warning: requesting persistence": _NOT_DAX,
        "warning: Using non DAX": _NOT_DAX,
        "Property '{type}.{property}' not found": _NO_PROPERTY,
        "cannot change property": _FIXED,
    }
)

#: By the C file that speaks, where nothing else is known.
_BY_FILE: Final[Mapping[str, Cause]] = MappingProxyType(
    {
        "numa.c": Cause(
            "what -numa, -smp and -m say does not fit together",
            "ps -o args= -C qemu-system-x86_64; qemu-system-x86_64 -machine help",
        ),
        "exec.c": Cause(
            "the size is beyond what the machine or the tree can do",
            "qemu-model explain QEMU-OPTIONS",
        ),
        "backends": Cause("a property has a value that does not fit", _PROPERTIES),
        "util": Cause("a property or an option is misspelt, or its value is", _PROPERTIES),
        "monitor": Cause(
            "what is sent over QMP is not as QEMU expects it",
            _QMP.replace("COMMAND", "query-commands"),
        ),
    }
)
_GENERIC: Final = Cause(
    "the command line, or what was sent over QMP, is not as this QEMU expects it",
    "qemu-system-x86_64 --version; qemu-system-x86_64 -object memory-backend-file,help",
)


@cache
def _by_template() -> Mapping[str, tuple[Cause, ...]]:
    return MappingProxyType(
        {
            template: causes
            for said, causes in _CAUSES
            for message in said
            for _, template in message.texts
            if template is not None
        }
    )


def causes_of(known: Known, errno: str | None) -> tuple[Cause, ...]:
    """Return the usual causes of a message, those of ``errno`` if it is known."""
    causes = _by_template().get(known.template, ())
    if not causes:
        begins = [words for words in _LATER if known.template.startswith(words)]
        causes = _LATER[max(begins, key=len)] if begins else ()
    if errno is not None:
        fitting = tuple(cause for cause in causes if not cause.errnos or errno in cause.errnos)
        causes = fitting or causes
    if causes:
        return causes
    c_file = known.function.partition(":")[0]
    return (_BY_FILE.get(c_file) or _BY_FILE.get(c_file.partition("/")[0]) or _GENERIC,)
