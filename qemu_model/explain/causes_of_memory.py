"""Causes of what memory backends say: opening, mapping, binding and taking memory."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from .cause import (
    CGROUP_HUGE,
    COMMIT,
    DENIALS,
    EXPLAIN,
    HUGE_POOL,
    LABELS,
    LINE,
    LOCKED,
    MAPPINGS_LIMIT,
    MOUNT,
    NODE_POOLS,
    NODES,
    Cause,
    qmp,
)

CANT_OPEN: Final = (
    Cause(
        "a directory of the path does not exist, or QEMU does not see it: containers and libvirt "
        "give it a mount namespace of its own",
        "namei -l {path}",
        ("ENOENT", "ENOTDIR"),
        "mkdir -p the directory, or mount what belongs there",
    ),
    Cause(
        "the user that QEMU runs as may not open the file, or not write into the directory",
        LABELS,
        ("EACCES", "EPERM"),
        "chown or chmod the file for that user; with readonly=on QEMU needs no right to write",
    ),
    Cause(
        "SELinux or AppArmor forbids it: under libvirt only paths that it labels are allowed",
        DENIALS,
        ("EACCES", "EPERM"),
        "put the file where libvirt expects it (memoryBacking in the domain), or add a rule",
    ),
    Cause(
        "a cgroup does not allow the device: containers see /dev/dax0.0 only if it is given to "
        "them (docker --device, a device plugin in Kubernetes)",
        "ls -l {path}; cat /sys/fs/cgroup/devices.list 2>/dev/null",
        ("EPERM", "EACCES", "ENOENT"),
    ),
    Cause(
        "the file system is mounted read-only",
        MOUNT,
        ("EROFS",),
        "use readonly=on, or remount it for writing",
    ),
    Cause(
        "the path is a directory, and readonly=on opens files only",
        "stat -L -c '%F' {path}",
        ("EISDIR",),
        "name a file",
    ),
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
    Cause("the path is longer than the system allows", "getconf PATH_MAX /", ("ENAMETOOLONG",)),
)

UNABLE_TO_MAP: Final = (
    Cause(
        "the pool has too few free huge pages: a mapping reserves all of them at once, shared or "
        "private (for a path on hugetlbfs)",
        HUGE_POOL,
        ("ENOMEM",),
        "echo N > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages",
    ),
    Cause(
        "a cgroup limits huge pages: hugetlb.2MB.rsvd.max, or hugepages-2Mi of a Kubernetes pod",
        "grep -r . /sys/fs/cgroup --include='hugetlb.*.max'",
        ("ENOMEM",),
        "raise the limit",
    ),
    Cause(
        "the pages of the node that policy=bind names are used up",
        NODE_POOLS,
        ("ENOMEM",),
        "set nr_hugepages of that node, in /sys/devices/system/node/node*/hugepages",
    ),
    Cause(
        "a private mapping of ordinary pages counts as memory, and the kernel does not promise "
        "that much (huge pages have no part in overcommit)",
        COMMIT,
        ("ENOMEM",),
        "use share=on, use less memory, or sysctl vm.overcommit_memory=0",
    ),
    Cause("a limit on address space, or on the number of mappings", MAPPINGS_LIMIT, ("ENOMEM",)),
    Cause(
        "a device DAX maps only multiples of its alignment, mostly 2 MiB",
        "cat /sys/bus/dax/devices/dax*/align; daxctl list",
        ("EINVAL",),
        "use align=2M, and a size that is a multiple of it",
    ),
    Cause(
        "a device DAX cannot be mapped privately",
        "ls -l {path}; daxctl list",
        ("EINVAL",),
        "use share=on",
    ),
    Cause(
        "offset= is not a multiple of the page size",
        "stat -f -c '%S' {path}",
        ("EINVAL",),
        "round offset= to whole pages, huge ones on hugetlbfs",
    ),
    Cause(
        "the file system cannot do shared mappings at all (9p with cache=none)",
        MOUNT,
        ("EINVAL",),
        "use share=off, or use another place",
    ),
    Cause(
        "what the path names cannot be mapped: /dev/null, a FIFO, a file in /proc or /sys",
        "stat -L -c '%F' {path}; " + MOUNT,
        ("ENODEV",),
        "name a file, a directory or a device DAX",
    ),
    Cause(
        "SELinux allows to open the file and not to map it: the permission is called 'map'",
        "ausearch -m avc -ts recent | grep -w map; ls -lZ {path}",
        ("EACCES", "EPERM"),
        "label the file as libvirt does (svirt_image_t), or allow map with a policy module",
    ),
    Cause(
        "AppArmor's profile of the guest does not have the path, or not with the m or rw it needs",
        "dmesg | grep -i 'apparmor.*denied'; aa-status",
        ("EACCES", "EPERM"),
        "add the path to /etc/apparmor.d/local/abstractions/libvirt-qemu",
    ),
    Cause(
        "the file was opened for reading only, and a shared mapping is to be written; or it is "
        "sealed against writing",
        "ls -l {path}; ls -l /proc/PID/fd",
        ("EACCES", "EPERM"),
        "use share=off or rom=on with readonly=on, or open it for writing",
    ),
    Cause(
        "the file system is mounted noexec, which forbids mappings that may be executed",
        MOUNT,
        ("EPERM", "EACCES"),
        "remount it without noexec",
    ),
    Cause(
        "locked memory (-overcommit mem-lock=on) is beyond the limit",
        LOCKED,
        ("EAGAIN",),
        "raise ulimit -l, LimitMEMLOCK= or <hard_limit>",
    ),
    Cause(
        "MAP_SYNC was demanded, and the file cannot do it (sync=on of V2 to V7; V10)",
        "qemu-model check --path {path}",
        ("EOPNOTSUPP", "EINVAL"),
        "put the file on DAX, or use pmem=off",
    ),
)

TOO_FEW_PAGES: Final = (
    Cause(
        "the free pages are reserved for others: free minus reserved counts",
        HUGE_POOL,
        fix="echo N > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages",
    ),
    Cause(
        "policy=bind takes pages from the nodes in host-nodes only, and theirs are used up",
        NODE_POOLS,
        fix="set nr_hugepages of that node",
    ),
    Cause(
        "a cgroup limits huge pages below what is free: Kubernetes' limit hugepages-2Mi, "
        "systemd's or libvirt's cgroup",
        CGROUP_HUGE,
        fix="raise the limit",
    ),
    Cause(
        "the file system has no room: /dev/shm has 64 MiB in a container (docker --shm-size; "
        "emptyDir with medium: Memory), hugetlbfs may be mounted with size=",
        "df -h {path}; " + MOUNT,
        fix="mount -o remount,size=... , or docker run --shm-size=...",
    ),
    Cause(
        "the file is shorter than offset + size: memory beyond its end cannot be touched",
        "stat -L -c '%s' {path}",
        fix="truncate -s SIZE the file, or use a smaller offset or size",
    ),
    Cause(
        "a cgroup limits memory",
        "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory.current",
        fix="raise memory.max, or give the guest less",
    ),
)

BIND: Final = (
    Cause(
        "a container without the right to mbind: Docker's and Kubernetes' seccomp profiles allow "
        "it with CAP_SYS_NICE only",
        "grep -E 'CapEff|Seccomp' /proc/self/status; capsh --print",
        ("EPERM",),
        "docker run --cap-add SYS_NICE; securityContext.capabilities.add: [SYS_NICE]",
    ),
    Cause(
        "the size is not a multiple of the huge page: mbind would split the last page"
        " (for huge pages)",
        "stat -f -c '%S' {path}",
        ("EINVAL",),
        "round size= up to whole huge pages",
    ),
    Cause(
        "none of the nodes in host-nodes exists, or has memory",
        NODES,
        ("EINVAL",),
        "name nodes that numactl --hardware lists",
    ),
    Cause(
        "the cpuset does not allow the nodes",
        "cat /sys/fs/cgroup/cpuset.mems.effective; grep Mems_allowed_list /proc/self/status",
        ("EINVAL",),
        "name allowed nodes, or widen cpuset.mems",
    ),
    Cause(
        "pages of the file are on another node already, in use by another process, and cannot be "
        "moved",
        "numastat -p qemu; fuser -v {path}",
        ("EIO",),
        "use a new file, or end the other process",
    ),
    Cause("the nodes have no memory left", "numastat -m", ("ENOMEM",), "name more nodes"),
    Cause(
        "the kernel was built without NUMA",
        "ls /sys/devices/system/node",
        ("ENOSYS",),
        "remove host-nodes and policy",
    ),
)

MEMFD: Final = (
    Cause(
        "hugetlbsize is not a size of huge pages that this machine has",
        "ls /sys/kernel/mm/hugepages",
        ("ENODEV", "EINVAL"),
        "use a size that is listed, 1G needs hugepagesz=1G on the kernel's command line",
    ),
    Cause("the pool has too few free huge pages", HUGE_POOL, ("ENOMEM", "ENOSPC")),
    Cause(
        "the size is beyond what a file can have",
        "getconf LONG_BIT",
        ("EINVAL", "EFBIG"),
        "use a smaller size",
    ),
    Cause("the kernel is older than 3.17, which brought memfd_create", "uname -r", ("ENOSYS",)),
    Cause(
        "the kernel is older than 4.14 (huge pages) or 4.16 (huge pages and sealing)",
        "uname -r",
        ("EINVAL",),
        "use seal=off",
    ),
    Cause("a seccomp filter forbids it", "grep Seccomp /proc/self/status", ("EPERM",)),
    Cause("QEMU has too many files open", "ulimit -n", ("EMFILE", "ENFILE"), "raise ulimit -n"),
)

WRONG_SIZE: Final = (
    Cause(
        "the file is there from an earlier run with another size; QEMU resizes only an empty file",
        "stat -L -c '%s' {path}",
        fix="give the file's size, or remove it if its content is not needed",
    ),
    Cause(
        "size=1G is 1073741824 bytes, but a tool made 1000000000",
        "stat -L -c '%s' {path}; numfmt --from=iec 1G",
        fix="truncate -s 1G the file",
    ),
    Cause(
        "'(null)' or another path in the message: QEMU of 2018 prints -mem-path there, not the "
        "mem-path of the object",
        LINE,
    ),
)

ALIGNMENT: Final = (
    Cause(
        "the file is on hugetlbfs, whose pages are larger",
        "stat -f -c '%T, %S bytes' {path}",
        fix="use a multiple of the page size, or remove align=",
    ),
    Cause("a device DAX has an alignment of its own", "cat /sys/bus/dax/devices/dax*/align"),
    Cause("the host's pages are 64 KiB (ppc64, some arm64)", "getconf PAGE_SIZE"),
)

FTRUNCATE: Final = (
    Cause(
        "a device has no size to set: QEMU continues, nothing is wrong",
        "stat -L -c '%F' {path}",
        ("EINVAL",),
    ),
    Cause(
        "hugetlbfs takes only multiples of its page size",
        "stat -f -c '%T, %S bytes' {path}",
        ("EINVAL",),
        "round size= up to whole huge pages",
    ),
    Cause("larger than the file system allows a file to be", MOUNT, ("EFBIG",)),
    Cause("the file system is full", "df -h {path}", ("ENOSPC", "EDQUOT")),
)

ANONYMOUS: Final = (
    Cause(
        "more than the kernel promises: the guest's RAM is larger than RAM and swap together, or "
        "overcommit_memory is 2",
        COMMIT,
        ("ENOMEM",),
        "give the guest less (-m), or sysctl vm.overcommit_memory=0",
    ),
    Cause("a limit on address space, or on the number of mappings", MAPPINGS_LIMIT, ("ENOMEM",)),
    Cause("locked memory is beyond the limit", LOCKED, ("EAGAIN",), "raise ulimit -l"),
    Cause("the size is so large that it wraps around", LINE, ("EINVAL",), "use a smaller size"),
)

NOT_DAX: Final = (
    Cause(
        "the file system is not mounted with -o dax, or not on persistent memory",
        MOUNT + "; qemu-model check --path {path}",
        fix="mount it with -o dax, or remove pmem=on",
    ),
    Cause("ext4 with blocks of less than a page has no DAX", "stat -f -c '%S' {path}"),
    Cause(
        "virtio-pmem has DAX, but no MAP_SYNC: inside a guest use an NVDIMM",
        "ls -l /sys/bus/nd/devices; ndctl list -u",
    ),
    Cause("the namespace is raw or sector, not fsdax", "ndctl list -N -u"),
)

_FIXED: Final = (
    Cause(
        "a backend that has its memory is fixed, but for merge, dump, prealloc and discard-data",
        qmp("query-memdev"),
        fix="delete the object and create another",
    ),
)
_SIGNALS: Final = (
    Cause("a sandbox filters signal calls", "grep Seccomp /proc/self/status", fix="-sandbox off"),
)
_HUGE_SIZE: Final = (
    Cause(
        "hugetlbsize= is not a power of two",
        "ls /sys/kernel/mm/hugepages",
        fix="use 2M or 1G",
    ),
)

#: What a message begins with, and its causes.
MEMORY_CAUSES: Final[tuple[tuple[str, tuple[Cause, ...]], ...]] = (
    ("can't open backing store", CANT_OPEN),
    ("Couldn't statfs() memory path", CANT_OPEN),
    ("unable to map backing store", UNABLE_TO_MAP),
    (
        "GLib: ../../../glib/gmem.c",
        (
            Cause(
                "prealloc-threads= does not fit into an int",
                "lscpu",
                fix="use as many threads as there are CPUs",
            ),
        ),
    ),
    ("os_mem_prealloc: Insufficient", TOO_FEW_PAGES),
    ("qemu_prealloc_mem: preallocating", TOO_FEW_PAGES),
    ("os_mem_prealloc: failed", _SIGNALS),
    ("qemu_prealloc_mem: failed", _SIGNALS),
    ("cannot bind memory", BIND),
    ("failed to create memfd", MEMFD),
    ("failed to resize memfd", MEMFD),
    ("failed to add seals", MEMFD),
    ("Hugepage size must be a power of 2", _HUGE_SIZE),
    ("backing store", WRONG_SIZE),
    ("{id} backing store size", WRONG_SIZE),
    (
        "backing store align",
        (
            Cause(
                "a device DAX has an alignment larger than align=",
                "cat /sys/bus/dax/devices/dax*/align",
                fix="use align=2M, or what the message says",
            ),
        ),
    ),
    ("alignment 0x", ALIGNMENT),
    ("memory size 0x", ALIGNMENT),
    (
        "backend '{id}' memory size must be multiple of",
        (
            Cause(
                "from 9.1 on a backend is made of whole pages: 4 KiB, or huge pages",
                LINE,
                fix="round size= up",
            ),
        ),
    ),
    (
        "backend '",
        (
            Cause(
                "from 9.1 on a backend is made of whole pages: 4 KiB, or huge pages",
                LINE,
                fix="round size= up",
            ),
        ),
    ),
    ("ftruncate", FTRUNCATE),
    ("cannot set up guest memory", ANONYMOUS),
    (
        "Lack of libpmem support",
        (
            Cause(
                "this QEMU was built without libpmem",
                "ldd $(command -v qemu-system-x86_64) | grep libpmem",
                fix="remove pmem=on: QEMU then does not make its own writes (migration, "
                "labels) persistent; or install a QEMU with libpmem",
            ),
        ),
    ),
    ("Warning: requesting persistence", NOT_DAX),
    ("warning: Using non DAX", NOT_DAX),
    ("Using non DAX backing file", NOT_DAX),
    (
        "host-nodes must be empty",
        (Cause("host-nodes= without policy=", NODES, fix="add policy=bind"),),
    ),
    (
        "host-nodes must be set",
        (Cause("policy= without host-nodes=", NODES, fix="add host-nodes=0"),),
    ),
    ("Invalid host-nodes value", (Cause("a node is 128 or more", NODES, fix="name a real one"),)),
    (
        "object '{id}' is in use",
        (
            Cause(
                "a module, an NVDIMM or a NUMA node uses the backend",
                qmp("query-memory-devices"),
                fix="device_del the device first",
            ),
        ),
    ),
    (
        "Cannot delete host memory backend",
        (
            Cause(
                "the guest has the backend's memory",
                qmp("query-memory-devices"),
                fix="device_del the device first",
            ),
        ),
    ),
    ("cannot change property", _FIXED),
    (
        "property '{property}' of {type} doesn't take value '0'",
        (
            Cause(
                "size is 0: often a guest NUMA node without memory",
                LINE,
                fix="remove memdev= of that node (from 5.2 on a node may be without memory)",
            ),
            Cause("hugetlbsize or prealloc-threads is 0", LINE, fix="remove it"),
        ),
    ),
    (
        "Property '{type}.{property}' doesn't take value '0'",
        (
            Cause(
                "size is 0: often a guest NUMA node without memory",
                LINE,
                fix="remove memdev= of that node (from 5.2 on a node may be without memory)",
            ),
            Cause("hugetlbsize is 0", LINE, fix="remove it"),
        ),
    ),
    (
        "remove -mem-prealloc",
        (
            Cause(
                "-mem-prealloc preallocates every backend already",
                LINE,
                fix="remove -mem-prealloc, and use prealloc=on in the backends that want it",
            ),
        ),
    ),
    ("can't create backend with size 0", (Cause("size= is not given", LINE, fix="use size="),)),
    ("mem-path property not set", (Cause("mem-path= is not given", LINE, fix="use mem-path="),)),
    (
        "-mem-path not supported on this host",
        (Cause("files as memory need a POSIX system", "uname", fix="use memory-backend-ram"),),
    ),
    (
        "-mem-path not supported with Xen",
        (Cause("Xen allocates the guest's RAM itself", LINE, fix="remove -mem-path"),),
    ),
    (
        "host lacks kvm mmu notifiers",
        (Cause("the kernel's KVM is very old", "uname -r", fix="use a newer kernel"),),
    ),
    (
        "-mem-path not supported with this accelerator",
        (Cause("the accelerator allocates RAM itself", LINE, fix="remove -mem-path"),),
    ),
    (
        "Failed to find gap of requested size",
        (Cause("the blocks together are near 2^64 bytes", EXPLAIN, fix="give smaller sizes"),),
    ),
    (
        "qemu_madvise",
        (
            Cause(
                "the kernel has no MADV_DONTDUMP",
                "uname -r",
                fix="remove dump-guest-core=off: QEMU continues",
            ),
        ),
    ),
    (
        "madvise doesn't support MADV_DONTDUMP",
        (
            Cause(
                "the kernel has no MADV_DONTDUMP",
                "uname -r",
                fix="remove dump-guest-core=off: QEMU continues",
            ),
        ),
    ),
    (
        "Memory merging is not supported",
        (
            Cause(
                "merge=on or mem-merge=on is said, and QEMU was built where madvise has no "
                "MADV_MERGEABLE (not Linux)",
                LINE,
                fix="remove merge=on",
            ),
        ),
    ),
    (
        "Dumping guest memory cannot be disabled",
        (
            Cause(
                "dump=off is said, and QEMU was built where madvise has no MADV_DONTDUMP",
                LINE,
                fix="remove dump=off",
            ),
        ),
    ),
    (
        'Skipping reservation of swap space is not supported:  "/proc/sys',
        (
            Cause(
                "overcommit_memory is 2: the kernel reserves memory whatever is requested",
                "cat /proc/sys/vm/overcommit_memory",
                fix="remove reserve=off, or sysctl vm.overcommit_memory=0",
            ),
        ),
    ),
    (
        "Skipping reservation of swap space is not supported:  Could not read",
        (
            Cause(
                "QEMU cannot read /proc/sys/vm/overcommit_memory (no /proc in a chroot)",
                "cat /proc/sys/vm/overcommit_memory",
                fix="mount /proc there, or remove reserve=off",
            ),
        ),
    ),
    (
        "'prealloc=on' and 'reserve=off' are incompatible",
        (
            Cause(
                "taking all memory and reserving none exclude each other",
                LINE,
                fix="keep one of them",
            ),
        ),
    ),
)
