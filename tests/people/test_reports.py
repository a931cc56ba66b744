"""What people bring, and the whole first screen that answers it (``data/screens.txt``)."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qemu_model.cli import main
from qemu_model.explain.explanation import explain
from qemu_model.explain.screen import MOST_LINES, first_screen
from qemu_model.findings.case import Case, case_of, place_called
from qemu_model.findings.finding import SEVERITIES
from qemu_model.findings.registry import RULES, findings_of, found_in
from qemu_model.findings.tree_choice import tree_for
from qemu_model.host import linux
from qemu_model.input import find_line
from qemu_model.revision import find

SCREENS = Path(__file__).parents[1] / "data" / "screens.txt"
PROXMOX = (
    "/usr/bin/kvm -id 100 -name vm-c -smp '4,sockets=1,cores=4,maxcpus=4' -nodefaults -m 8192 "
    "-object 'memory-backend-file,id=ram-node0,size=8192M,mem-path=/run/hugepages/kvm/1048576kB,"
    "share=on,prealloc=yes' -numa 'node,nodeid=0,cpus=0-3,memdev=ram-node0' "
    "-machine 'type=pc-q35-9.2+pve1'"
)


def screen(text: str, host: str = "", tree: str = "") -> list[str]:
    """Return the lines below the first, which says the tree."""
    line = find_line(text)
    revision = find(tree) if tree else tree_for(line).revision
    told = explain(line.options, revision, host, told=line.behind)
    return [shown.text for shown in first_screen(told, revision.name, "", 80)][1:]


def screens() -> list[Any]:
    """Return texts with host and tree, where one is chosen, and the screens that answer them."""
    found = []
    for part in SCREENS.read_text().split("=== ")[1:]:
        head, _, rest = part.partition("\n")
        name, *chosen = head.split(" | ")
        text, _, lines = rest.partition("\n---\n")
        host = "".join(word for word in chosen if word.startswith("sim:"))
        tree = "".join(word for word in chosen if word.startswith("qemu-"))
        found.append(pytest.param(text, host, tree, lines.split("\n"), id=name))
    return found


@pytest.mark.parametrize(("text", "host", "tree", "lines"), screens())
def test_the_answer_is(text: str, host: str, tree: str, lines: list[str]) -> None:
    assert screen(text, host, tree) == [line for line in lines if line]


SHORT_FILE = {
    "name": "short",
    "title": "a file of 64 MiB",
    "based_on": "default",
    "mem_path": "/data/x",
    "evidence": {"profile": "documentation"},
    "files": [{"path": "/data/x", "kind": "file", "size": 64 << 20}],
}
OFFSET = (
    "-m 128M -M pc,memory-backend=r -object memory-backend-file,id=r,mem-path=/data/x,offset=128M,"
    "size=128M,share=on,prealloc="
)
BECAUSE = [
    "  because: /data/x has 64 MiB, and offset + size is 256 MiB: beyond the end of a",
    "  file there are no pages.",
    "  fix: truncate -s 268435456 /data/x, or use a smaller offset or size",
]
TOO_SMALL = [
    "Does not start: r backing store size 0x4000000 is too small for 'size' option",
    "0x8000000 plus 'offset' option 0x8000000",
    *BECAUSE,
]


@pytest.mark.parametrize(
    ("tree", "prealloc", "first"),
    [
        (
            "qemu-9.1",
            "on",
            [
                "Does not start: qemu_prealloc_mem: preallocating memory failed: Bad address",
                *BECAUSE,
            ],
        ),
        (
            "qemu-9.1",
            "off",
            [
                'Starts. Guest RAM: 128 MiB "r", a shared mapping of /data/x.',
                "error QM311: /data/x has 64 MiB; 256 MiB are mapped.",
                "  fix: truncate -s 268435456 /data/x",
            ],
        ),
        ("qemu-10.0", "on", TOO_SMALL),
        ("qemu-11.1", "off", TOO_SMALL),
    ],
)
def test_a_file_shorter_than_offset_and_size_is_told_by_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tree: str, prealloc: str, first: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("short.json").write_text(json.dumps(SHORT_FILE))
    shown = screen(OFFSET + prealloc, "sim:short.json", tree)
    assert shown[: len(first)] == first


def test_proxmoxs_command_needs_eight_huge_pages_of_a_gigabyte() -> None:
    shown = "\n".join(screen(PROXMOX))
    assert "8 huge pages of 1 GiB are needed" in shown
    assert tree_for(find_line(PROXMOX)).revision.name == "qemu-9.2"


@pytest.mark.parametrize(
    "text",
    [
        "-machine pc,hmat=on -smp 2 -m 2G -object memory-backend-ram,id=a,size=1G "
        "-object memory-backend-ram,id=b,size=1G -numa node,nodeid=0,memdev=a,cpus=0-1 "
        "-numa node,nodeid=1,memdev=b,initiator=0",
        "-machine q35,sgx-epc.0.memdev=e0,sgx-epc.0.node=0 -m 2G "
        "-object memory-backend-epc,id=e0,size=64M,prealloc=on",
        "-machine q35 -m 1G,maxmem=8G -object memory-backend-ram,id=v,size=4G "
        "-device virtio-mem-pci,memdev=v,requested-size=1G,id=vm0",
        "-m 2G -object memory-backend-memfd,id=r,size=2G,share=on -machine memory-backend=r",
        "-m 2G -object memory-backend-ram,id=r,size=2G -numa node,memdev=r",
        "-M q35,nvdimm=on -m 1G,slots=2,maxmem=8G -object memory-backend-file,id=n,size=4G,"
        "share=on,mem-path=/dev/dax0.0,align=2M,pmem=on -device nvdimm,id=nv,memdev=n",
        "-m 4G -M pc,memory-backend=t -object memory-backend-file,id=t,size=4G,mem-path=/vm/t,"
        "readonly=on,rom=off -incoming defer",
        "-m 4G -M q35,memory-backend=m -object memory-backend-file,id=m,size=4G,share=on,"
        "mem-path=/dev/shm -device vhost-user-blk-pci,chardev=c0 -overcommit mem-lock=off",
        "-m 4G -device ivshmem-plain,memdev=l -object memory-backend-file,id=l,size=32M,share=on,"
        "mem-path=/dev/shm/looking-glass",
        "-m 4G -object memory-backend-ram,id=a,size=2G,policy=bind,host-nodes=0,prealloc=on "
        "-object memory-backend-ram,id=b,size=2G,policy=bind,host-nodes=1,prealloc=on -smp 2 "
        "-numa node,nodeid=0,memdev=a,cpus=0 -numa node,nodeid=1,memdev=b,cpus=1",
        "-m 1G,slots=1,maxmem=4G -object memory-backend-ram,id=d,size=1G -device pc-dimm,memdev=d",
        "-M pc -m 1G -mem-path /vm/ram",
        "-m 1G -M q35,memory-backend=s -object memory-backend-ram,id=s,size=1G,merge=on,dump=off",
    ],
)
def test_a_good_line_has_no_findings(text: str) -> None:
    assert screen(text, tree="qemu-8.2")[-1] == "No findings."


VIRTIO_MEM = (
    "-M q35 -m 1G,maxmem=2G -object memory-backend-ram,id=a,size=1G -device virtio-mem-pci,memdev=a"
)


def test_a_device_of_a_later_release_is_refused_and_one_of_none_is_assumed() -> None:
    assert screen(VIRTIO_MEM, tree="qemu-4.2") == [
        "Does not start: -device virtio-mem-pci,memdev=a: 'virtio-mem-pci' is not a valid",
        "device model name",
        "  because: QEMU 5.1 and later have virtio-mem-pci.",
        "  fix: remove virtio-mem-pci, or use a release that has it",
    ]
    assert screen("-m 1G -device vhost-usr-fs-pci,id=a -device intel-iommu") == [
        'Starts. Guest RAM: 1 GiB "pc.ram", private anonymous memory.',
        "Assumed: QEMU has a device 'vhost-usr-fs-pci', which the model does not know",
        "No findings.",
    ]


def test_the_path_of_a_block_device_is_no_file_in_memory() -> None:
    line = (
        "-m 1G,slots=2,maxmem=8G -M q35,nvdimm=on -device nvdimm,memdev=m,id=nv -object "
        "memory-backend-file,id=m,size=4G,mem-path=/dev/pmem0,share=on,pmem="
    )
    assert screen(f"{line}off")[-1] == "No findings."
    assert "is a device without DAX, which is not persistent memory." in " ".join(
        screen(f"{line}on")
    )


BACKEND = "-object memory-backend-ram,id=a,size=1G"


@pytest.mark.parametrize(
    ("line", "fix"),
    [
        ("-M q35,nvdimm,usb -m 1G", "-M q35,nvdimm=on,usb=on"),
        ("-machine nvdimm -m 1G", "-machine nvdimm=on"),
        (f"-M q35 -m 1G,slots=1,maxmem=4G {BACKEND} -device nvdimm,memdev=a", "-M q35,nvdimm=on"),
        (f"-M q35 -m 1G {BACKEND} -device pc-dimm,memdev=a", "-m 1G,slots=1,maxmem=3G"),
        (f"-m 2G -M q35,memory-backend=a {BACKEND}", "-m 1G"),
        (f"-m 1G -M q35,memory-backend=mem {BACKEND}", "-M q35,memory-backend=a"),
        (f"-m 2G -numa node,memdev=a {BACKEND}", "-m 1G"),
        (f"-M pc,acpi=off -m 1G,slots=1,maxmem=4G {BACKEND} -device pc-dimm,memdev=a", "-M pc"),
        (
            "-m 512M -M pc,memory-backend=r -object "
            "memory-backend-file,id=r,size=512M,mem-path=/dev/hugepages1G/r",
            "-m 1G -object memory-backend-file,id=r,size=1G,mem-path=/dev/hugepages1G/r",
        ),
        ("-m 1G,maxmem=10T", "-m 1G,maxmem=960G"),
        (f"{BACKEND},host-nodes=0", f"{BACKEND},host-nodes=0,policy=bind"),
        (f"{BACKEND},prealloc=on,reserve=off", f"{BACKEND},prealloc=on"),
        (
            "-M q35,nvdimm=on -m 1G,slots=1,maxmem=4G -device nvdimm,memdev=r -object "
            "memory-backend-file,id=r,size=1G,mem-path=/x/y,readonly=on,share=on",
            "-device nvdimm,memdev=r,unarmed=on",
        ),
    ],
)
def test_a_refused_line_leads_to_one_that_starts(line: str, fix: str) -> None:
    refused = case(tuple(line.split()), "qemu-10.0", "")
    assert refused.run.exit == 1
    first = findings_of(refused)[0]
    assert first.fix == f"use {fix}"
    assert first.args is not None
    assert case(first.args, "qemu-10.0", "").run.exit == 0


KINDS = ("memory-backend-ram", "memory-backend-memfd", "memory-backend-file")
PATHS = ("/dev/shm/x", "/dev/hugepages/x", "/mnt/pmem0/x", "/srv/x", "/dev/dax1.0", "/data/x")


@st.composite
def lines(draw: st.DrawFn) -> tuple[str, ...]:
    """Draw a line with a backend, used in some way or not at all."""
    kind = draw(st.sampled_from(KINDS))
    size = draw(st.sampled_from(["64M", "1G", "1025M", "3M", "100G"]))
    parts = [kind, "id=b", f"size={size}"]
    parts += [f"mem-path={draw(st.sampled_from(PATHS))}"] if kind == KINDS[2] else []
    options = ["share=on", "prealloc=on", "merge=on", "policy=bind,host-nodes=0-5"]
    if kind == KINDS[2]:
        options += ["pmem=on", "discard-data=on", "align=2M"]
    if kind == KINDS[1]:
        options += ["hugetlb=on", "hugetlb=on,hugetlbsize=1G"]
    parts += draw(st.lists(st.sampled_from(options), max_size=3, unique=True))
    use = draw(
        st.sampled_from(
            [
                ("-m", size),
                ("-m", size, "-machine", "memory-backend=b"),
                ("-m", size, "-numa", "node,memdev=b"),
                ("-m", "1G,slots=2,maxmem=200G", "-machine", "q35,nvdimm=on", "-device",
                 "nvdimm,memdev=b,id=nv0"),
                ("-m", "1G", "-device", "vhost-user-fs-pci,id=fs0,chardev=c0"),
            ]
        )
    )  # fmt: skip
    return (*use, "-object", ",".join(parts))


HOSTS = st.sampled_from(["", "sim:server", "sim:pod", "sim:default", "sim:two-nodes"])
TREES = st.sampled_from(["qemu-4.2", "qemu-6.2", "qemu-7.2", "qemu-9.1", "qemu-11.1"])


def case(args: tuple[str, ...], tree: str, host: str) -> Case:
    from qemu_model.explain.parts import parts_of

    return case_of(args, find(tree), place_called(host, parts_of(args)))


@settings(max_examples=60, deadline=None)
@given(lines(), TREES, HOSTS)
def test_a_fix_on_the_line_is_accepted_and_its_finding_gone(
    args: tuple[str, ...], tree: str, host: str
) -> None:
    before = case(args, tree, host)
    for finding in findings_of(before):
        if finding.args is None:
            continue
        after = case(finding.args, tree, host)
        # A line that has two faults is refused for the other one still.
        refusal = finding.rule.code in ("QM001", "QM002", "QM110")
        assert after.run.exit == 0 or before.run.exit != 0
        assert after.run.stderr != before.run.stderr or not refusal
        if after.run.exit == 0 or not refusal:
            assert finding.same_as not in {other.same_as for other in found_in(after)}


@settings(max_examples=60, deadline=None)
@given(lines(), TREES, HOSTS)
def test_the_memory_that_is_told_is_the_memory_that_was_mapped(
    args: tuple[str, ...], tree: str, host: str
) -> None:
    told = case(args, tree, host)
    mapped = {
        event.result: event
        for event in told.run.events
        if event.call == "mmap" and not event.failed and event.args[3] & linux.MAP_FIXED
    }
    for memory in told.look.memory:
        if not memory.mapped or memory.id not in told.look.addresses:
            continue
        event = mapped[told.look.addresses[memory.id]]
        assert memory.shared == bool(event.args[3] & linux.MAP_SHARED)
        assert (memory.source == "anonymous") == bool(event.args[3] & linux.MAP_ANONYMOUS)
        assert memory.readonly == (not event.args[2] & linux.PROT_WRITE)


@settings(max_examples=60, deadline=None)
@given(lines(), TREES, st.sampled_from(["sim:server", "sim:pod", "sim:default"]))
@example(
    (
        *("-m", "1G", "-machine", "memory-backend=b"),
        *("-object", "memory-backend-memfd,id=b,size=1G,hugetlb=on,hugetlbsize=1G"),
    ),
    "qemu-9.1",
    "sim:default",
)
def test_a_finding_about_the_host_is_gone_on_the_host_that_its_fix_makes(
    args: tuple[str, ...], tree: str, host: str
) -> None:
    for finding in findings_of(case(args, tree, host)):
        if finding.host_change:
            changes = ",".join(f"{name}={value}" for name, value in finding.host_change)
            after = findings_of(case(args, tree, f"{host},{changes}"))
            assert finding.same_as not in {other.same_as for other in after}


def claims(text: str) -> list[str]:
    """Return what sentences of ``explain --all`` say of a block that a run can contradict."""
    return [claim for words, claim in CLAIMS.items() if words in text]


#: A sentence's words, and the fact that they say.
CLAIMS = {
    "what the guest writes goes to the file": "shared",
    "what the guest writes never reaches the file": "private",
    "a memfd of QEMU's own": "memfd",
    "is taken at once": "taken",
    "takes all of it at start": "taken",
    "as the guest touches it": "touched",
    "mapped readable only": "readonly",
    "is discarded when": "shared",
    "KSM may merge": "private",
    "are set aside for all": "set aside",
}


@settings(max_examples=100, deadline=None)
@given(
    lines(),
    st.sampled_from(["", ",reserve=off", ",reserve=on", ",prealloc=off", ",dump=on,merge=off"]),
    st.sampled_from([(), ("-mem-prealloc",), ("-overcommit", "mem-lock=on")]),
    TREES,
    st.sampled_from(["sim:server", "sim:default"]),
)
def test_no_sentence_about_an_option_contradicts_the_run(
    args: tuple[str, ...], more: str, options: tuple[str, ...], tree: str, host: str
) -> None:
    whole = (*args[:-1], args[-1] + more, *options)
    told = explain(whole, find(tree), host)
    maps = {
        event.result: event
        for event in told.run.events
        if event.call == "mmap" and not event.failed and event.args[3] & linux.MAP_FIXED
    }
    memfds = {event.result for event in told.run.events if event.call == "memfd_create"}
    for memory in told.case.look.memory:
        event = maps.get(told.case.look.addresses.get(memory.id, 0))
        if event is None or not memory.mapped:
            continue
        shared = bool(event.args[3] & linux.MAP_SHARED)
        taken = memory.prealloc or bool(options[1:])
        facts = {"shared" if shared else "private", "taken" if taken else "touched"}
        facts |= {"readonly"} if not event.args[2] & linux.PROT_WRITE else set()
        facts |= {"memfd"} if event.args[4] in memfds else set()
        if memory.huge or event.args[4] < 0 or not shared or memory.source == "memfd":
            facts |= {"set aside"}
        said = [
            claim
            for effect in told.effects
            if effect.backend == memory.id
            for claim in claims(f"{effect.data} {effect.memory} {effect.sharing}")
        ]
        assert set(said) <= facts


@settings(max_examples=60, deadline=None)
@given(lines(), TREES, HOSTS)
def test_the_first_screen_has_fifteen_lines_at_most(
    args: tuple[str, ...], tree: str, host: str
) -> None:
    told = explain(args, find(tree), host)
    shown = [line.text for line in first_screen(told, tree, "", 80)]
    assert len(shown) <= MOST_LINES
    assert all(len(line) <= 80 or len(line.split()) <= 2 for line in shown)
    assert told.case.starts == any(line.startswith("Starts.") for line in shown)


def test_lint_answers_in_json_and_sarif(capsys: pytest.CaptureFixture[str]) -> None:
    args = ["-m", "2G", "-object", "memory-backend-ram,id=r,size=2G"]
    assert main(["lint", "--json", *args]) == 1
    (told,) = json.loads(capsys.readouterr().out)
    assert [finding["code"] for finding in told["findings"]] == ["QM101"]
    assert told["starts"] is True
    assert main(["lint", "--format", "sarif", "--fail-on", "error", *args]) == 0
    log = json.loads(capsys.readouterr().out)
    (run,) = log["runs"]
    (result,) = run["results"]
    assert (log["version"], result["ruleId"], result["level"]) == ("2.1.0", "QM101", "warning")
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "QM101"


@pytest.mark.parametrize(
    ("tree", "line", "code", "text"),
    [
        (
            "qemu-9.2",
            "-m 1G -object memory-backend-ram,id=a,size=1G,share=on -machine memory-backend=a",
            "QM702",
            'From 10.0 on "a" is a shared memfd, not shared anonymous memory.',
        ),
        (
            "qemu-5.1",
            "-m 1G -smp 2 -numa node -numa node",
            "QM701",
            "From 5.2 on QEMU refuses the line: total memory for NUMA nodes (0x0) should equal RAM "
            "size (0x40000000)",
        ),
    ],
)
def test_what_changes_with_a_later_release_is_named(
    tree: str, line: str, code: str, text: str
) -> None:
    found = findings_of(case(tuple(line.split()), tree, ""))
    assert text in [one.text for one in found if one.rule.code == code]


@pytest.mark.parametrize(
    ("tree", "line", "after"),
    [
        ("qemu-9.2", "-M q35 -no-hpet -m 1G", "-M q35,hpet=off -m 1G"),
        ("qemu-6.2", "-realtime mlock=on -m 1G", "-m 1G -overcommit mem-lock=on"),
        ("qemu-6.2", "-realtime mlock=off -m 1G", "-m 1G"),
        ("qemu-7.2", "-object memory-backend-file,id=a,size=1M,mem-path=/x/y,rom=on",
         "-object memory-backend-file,id=a,size=1M,mem-path=/x/y"),
        ("qemu-8.2", "-m 1G -M pc,memory-backend=a -mem-path /x -object "
         "memory-backend-ram,id=a,size=1G",
         "-m 1G -M pc,memory-backend=a -object memory-backend-ram,id=a,size=1G"),
        ("qemu-8.2", "-m 1M -M pc,memory-backend=a -object memory-backend-ram,id=a,size=1M,share",
         "-m 1M -M pc,memory-backend=a -object memory-backend-ram,id=a,size=1M,share=on"),
        ("qemu-8.2", "-m 1M -object memory-backend-ram,id=a,size=2M", "-m 1M"),
    ],
)  # fmt: skip
def test_a_finding_changes_the_line_to(tree: str, line: str, after: str) -> None:
    found = findings_of(case(tuple(line.split()), tree, ""))
    assert " ".join(found[0].args or ()) == after


def test_each_rule_has_a_code_of_its_own() -> None:
    assert len({rule.code for rule in RULES}) == len(RULES)
    assert all(rule.severity in SEVERITIES for rule in RULES)


@pytest.mark.parametrize(("share", "tree"), [("on", "qemu-5.1"), ("off", "qemu-11.1")])
def test_a_file_that_virtio_mem_empties_is_named(share: str, tree: str) -> None:
    backend = f"memory-backend-file,id=b,size=128M,mem-path=/data/b.raw,share={share}"
    line = ["-M", "q35", "-m", "1G,maxmem=4G", "-object", backend]
    device = ["-device", "virtio-mem-pci,memdev=b,id=vm"]
    found = {
        len(args): [
            one.text
            for one in findings_of(case_of(args, find(tree), place_called("sim:default", ())))
            if one.rule.code == "QM313"
        ]
        for args in (line, [*line, *device])
    }
    text = "vm (virtio-mem-pci): what is in /data/b.raw is discarded when QEMU starts."
    assert found == {len(line): [], len(line) + 2: [text]}
