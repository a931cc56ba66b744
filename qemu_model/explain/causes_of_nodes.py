"""Causes of what -numa and -smp lead to."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from .cause import LINE, MACHINES_HELP, Cause

_ALL_NODES: Final = "give each node a memdev=, or none of them"

#: What a message begins with, and its causes.
NODE_CAUSES: Final[tuple[tuple[str, tuple[Cause, ...]], ...]] = (
    (
        "Max number of NUMA nodes reached",
        (Cause("nodeid= is 128 or more", LINE, fix="number the nodes from 0 to 127"),),
    ),
    (
        "Duplicate NUMA nodeid",
        (
            Cause(
                "two -numa node have the same nodeid=; one without takes the count of those "
                "before it",
                LINE,
                fix="use nodeid= for every node",
            ),
        ),
    ),
    (
        "NUMA is not supported by this machine-type",
        (
            Cause(
                "the machine (none, microvm, isapc, s390-ccw-virtio) has no nodes",
                LINE,
                fix="remove -numa, or use a machine that has nodes (pc, q35, virt, pseries)",
            ),
        ),
    ),
    (
        "CPU index ({cpu})",
        (Cause("cpus= names a CPU that -smp does not make", LINE, fix="use more CPUs in -smp"),),
    ),
    (
        "cannot specify both mem= and memdev=",
        (Cause("one node has mem= and memdev=", LINE, fix="keep memdev="),),
    ),
    (
        "memdev option must be specified for either all or no nodes",
        (
            Cause(
                "one node has a backend, another has none",
                LINE,
                fix=f"{_ALL_NODES}; a node without memory leaves memdev away from 5.2 on",
            ),
        ),
    ),
    (
        "numa configuration should use either mem= or memdev=",
        (Cause("mem= and memdev= are mixed", LINE, fix="use memdev= for all nodes with memory"),),
    ),
    (
        "memdev={memdev} is ambiguous",
        (
            Cause(
                "no backend has that id, or it stands on the line behind the node and the release "
                "is older than 5.0",
                LINE,
                fix="name the id of an -object memory-backend-...",
            ),
        ),
    ),
    (
        "Parameter '{name}' expects an integer between 0 and",
        (Cause("src= or dst= of a distance is not a node", LINE, fix="name nodes from 0 to 127"),),
    ),
    (
        "Source/Destination NUMA node is missing",
        (Cause("-numa dist stands before -numa node", LINE, fix="put -numa node first"),),
    ),
    (
        "NUMA distance ({val}) is invalid",
        (
            Cause(
                "a distance is at least 10; 10 is a node to itself",
                LINE,
                fix="give 20, for instance",
            ),
        ),
    ),
    (
        "Local distance of node",
        (Cause("a node's distance to itself is 10", LINE, fix="remove that -numa dist"),),
    ),
    (
        "Missing mandatory node-id property",
        (Cause("-numa cpu has no node-id=", LINE, fix="use node-id="),),
    ),
    (
        "Invalid node-id={node}",
        (Cause("-numa cpu stands before its -numa node", LINE, fix="put -numa node first"),),
    ),
    (
        "The distance between node",
        (
            Cause(
                "some distances are given, and not between these two nodes",
                LINE,
                fix="give one for every pair, or none at all",
            ),
        ),
    ),
    (
        "At least one asymmetrical pair of distances",
        (
            Cause(
                "two nodes have different distances there and back",
                LINE,
                fix="give both directions for every pair",
            ),
        ),
    ),
    (
        "numa: Node ID missing",
        (Cause("the nodes are not numbered without gaps", LINE, fix="number them from 0 on"),),
    ),
    (
        "total memory for NUMA nodes",
        (
            Cause(
                "the backends or mem= of all nodes do not sum up to -m",
                LINE,
                fix="make the sum equal to -m",
            ),
        ),
    ),
    (
        "thread-id is not supported",
        (Cause("the machine's CPUs have no threads", LINE, fix="remove thread-id="),),
    ),
    (
        "{name} is not supported",
        (
            Cause(
                "-numa cpu names dies or clusters that the machine's CPUs do not have",
                "qemu-system-x86_64 -machine q35 -smp help",
                fix="remove that id",
            ),
        ),
    ),
    (
        "CPU is already assigned to node-id",
        (Cause("two -numa options take the same CPU", LINE, fix="name each CPU once"),),
    ),
    (
        "no match found",
        (
            Cause(
                "-numa cpu names a socket, core or thread that -smp does not make",
                LINE,
                fix="count the ids from 0, below what -smp says",
            ),
        ),
    ),
    (
        "CPU(s) not present in any NUMA nodes",
        (Cause("some CPUs are in no node: they get node 0", LINE, fix="name all CPUs"),),
    ),
    (
        "All CPU(s) up to maxcpus should be described",
        (Cause("-smp maxcpus= makes CPUs that no node has", LINE, fix="name all up to maxcpus"),),
    ),
    (
        "Parameter -numa node,mem is not supported",
        (
            Cause(
                "machine types of 5.1 and later take no mem=",
                MACHINES_HELP,
                fix="-object memory-backend-ram,id=ram0,size=... and -numa node,memdev=ram0",
            ),
        ),
    ),
    (
        "Parameter -numa node,mem is deprecated",
        (
            Cause(
                "mem= goes with the machine types before 5.1",
                MACHINES_HELP,
                fix="-object memory-backend-ram,id=ram0,size=... and -numa node,memdev=ram0",
            ),
        ),
    ),
    (
        "ACPI Heterogeneous Memory Attribute Table",
        (Cause("initiator= and hmat-lb need HMAT", LINE, fix="use -machine hmat=on"),),
    ),
    (
        "falling back to regular RAM allocation",
        (
            Cause(
                "-mem-path could not be used (the message before says why), and -mem-prealloc, "
                "which forbids to go on, is not given",
                "df -h {path}; " + LINE,
                fix="mend what the line before says; -mem-prealloc makes it an error",
            ),
        ),
    ),
    (
        "Deprecated CPU topology (considered invalid)",
        (Cause("a number of -smp is 0", LINE, fix="remove that parameter"),),
    ),
    (
        "Invalid CPU topology: {what}",
        (
            Cause(
                "sockets, dies, cores and threads do not multiply to the CPUs",
                LINE,
                fix="make the product equal to maxcpus, or remove some of them",
            ),
        ),
    ),
    (
        "Invalid CPU topology deprecated",
        (Cause("the product of -smp is below maxcpus", LINE, fix="make it equal to maxcpus"),),
    ),
    (
        "{what} not supported by this machine's CPU topology",
        (Cause("-smp asks for dies, clusters or modules", LINE, fix="remove them"),),
    ),
    (
        "cpu topology: sockets ({sockets}) * cores ({cores}) * threads ({threads}) <",
        (Cause("-smp makes fewer CPUs than it gives", LINE, fix="raise sockets=, or lower cpus"),),
    ),
    (
        "cpu topology: sockets ({sockets}) * cores ({cores}) * threads ({threads}) >",
        (Cause("-smp makes more CPUs than maxcpus=", LINE, fix="raise maxcpus="),),
    ),
    (
        "maxcpus must be equal to or greater than smp",
        (Cause("maxcpus= is below the number of CPUs", LINE, fix="raise maxcpus="),),
    ),
    (
        "Invalid SMP CPUs {cpus}. The min",
        (Cause("-smp gives no CPU, or more than there can be", LINE, fix="use -smp 1 or more"),),
    ),
    (
        "Invalid SMP CPUs {cpus}. The max",
        (
            Cause(
                "the machine can have fewer: pc 255, q35 288 or more, none and isapc one",
                MACHINES_HELP,
                fix="use q35, or fewer CPUs",
            ),
        ),
    ),
    (
        "TCG only supports phys-bits",
        (
            Cause(
                "until 5.2 an emulated CPU has 40 bits of address, whatever phys-bits says",
                LINE,
                fix="leave out phys-bits of -cpu, or use a newer QEMU",
            ),
        ),
    ),
    (
        "This family of AMD CPU doesn't support hyperthreading",
        (
            Cause(
                "the default CPU is an old AMD one, and -smp asks for threads",
                LINE,
                fix="use -cpu host or a named model, or threads=1",
            ),
        ),
    ),
)
