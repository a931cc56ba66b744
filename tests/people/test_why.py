"""``why`` knows every message of the catalogue, wherever it was copied from."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import importlib
import json
import pkgutil
import string
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recordings import SETS, recordings
from run_with_faults import patience

import qemu_model
from qemu_model.cli import main
from qemu_model.error import Message
from qemu_model.explain.causes import causes_of, own_causes
from qemu_model.explain.known import Known, known_messages
from qemu_model.explain.why import why
from qemu_model.host import linux

#: Names begin and end in a letter: "a." before a message's own full stop is anyone's guess.
WORD = st.from_regex(r"[a-zQR]([a-z0-9._-]{0,10}[a-z0-9])?", fullmatch=True)
PATH = st.lists(WORD, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts))
ERRNO = st.sampled_from(["EINVAL", "ENOMEM", "EPERM", "EACCES", "ENOENT", "ENOSPC", "EOPNOTSUPP"])

#: What terminals and logs put before a message of QEMU's.
PREFIXES = (
    "",
    "qemu-system-x86_64: ",
    "qemu: -object memory-backend-file,id=m0,size=4M,mem-path=/mnt/pmem0/nv.img: ",
    "2019-01-02T05:25:21.123456Z qemu-system-x86_64: -object memory-backend-ram,id=m0,size=4M: ",
    "2019-01-02 05:25:21.123+0000: 4711: error : qemuProcessReportLogError:1928 : internal error: "
    "qemu unexpectedly closed the monitor: 2019-01-02T05:25:21.000000Z qemu-system-x86_64: ",
    "Jan 02 05:25:21 node7 libvirtd[991]: internal error: process exited while connecting to "
    "monitor: ",
    "2019-01-02T05:25:21.123456789Z stderr F ",
    'E0102 05:25:21.123456    1 manager.go:42] "reason"="virError(Code=1, Domain=10, Message=',
    '{"component":"virt-launcher","level":"error","msg":"server error. command SyncVMI failed: ',
    '{"error": {"class": "GenericError", "desc": "',
    "\x1b[31mqemu-kvm:\x1b[0m ",
    "> ",
)
SUFFIXES = ("", "\n", '"', "')", '"}}', "\r\n", "  ", "\x1b[0m")


#: Fields that hold one of a few words.
ONLY_WORDS = {
    ("{name} is not supported", "name"): ("die-id", "cluster-id"),
    ("{what} not supported by this machine's CPU topology", "what"): ("dies", "clusters"),
}


def filled(known: Known, draw: Callable[[st.SearchStrategy[Any]], Any]) -> str:
    """Return the message as a QEMU says it, with fields that Hypothesis chose."""
    fields: dict[str, object] = {}
    for _, name, spec, _ in string.Formatter().parse(known.template):
        if name is None:
            continue
        if spec or name in ("line", "size", "node", "found", "wanted"):
            fields[name] = draw(st.integers(0, 2**64 - 1))
        elif name == "path":
            fields[name] = draw(PATH)
        elif (known.template, name) in ONLY_WORDS:
            fields[name] = draw(st.sampled_from(ONLY_WORDS[known.template, name]))
        else:
            fields[name] = draw(WORD)
    text = known.template.format(**fields)
    if known.message.errno:
        text += ": " + linux.strerror(linux.ERRNO_NUMBERS[draw(ERRNO)])
    return text


def all_messages() -> list[Message]:
    """Return every message that any module of the package holds."""
    found = []
    for info in pkgutil.walk_packages(qemu_model.__path__, "qemu_model."):
        if info.name.endswith("__main__") or ".inside." in info.name:
            continue
        module = importlib.import_module(info.name)
        found += [value for value in vars(module).values() if isinstance(value, Message)]
    return found


def test_every_message_of_the_package_is_known():
    known = {id(said) for known in known_messages() for said in known.messages}
    missing = [message.template for message in all_messages() if id(message) not in known]
    assert missing == []


@pytest.mark.sampled(120)
@pytest.mark.parametrize("known", known_messages(), ids=lambda known: known.template[:40])
@settings(max_examples=12)
@given(data=st.data())
def test_every_message_is_found_in_a_log(known: Known, data: st.DataObject) -> None:
    text = filled(known, data.draw)
    prefix = data.draw(st.sampled_from(PREFIXES))
    suffix = data.draw(st.sampled_from(SUFFIXES))
    noise = data.draw(st.sampled_from(["", "Jan 02 node7 kernel: nothing to see here\n"]))
    assert why(noise + prefix + text + suffix).to_json()["message"] == known.template


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_message_that_begins_with_its_field_is_found_behind(prefix: str) -> None:
    found = why(f"{prefix}die-id is not supported").found
    assert found is not None
    assert (found.known.template, found.fields) == (
        "{name} is not supported",
        (("name", "die-id"),),
    )


@pytest.mark.parametrize("name", ["Q._0", "Q..a", "Q.-a", "Q.a"])
@pytest.mark.parametrize("end", ["", "."])
def test_a_full_stop_within_a_name_ends_no_message(name: str, end: str) -> None:
    """The two messages differ in their full stop: ``hostmem-file.c`` and ``hostmem.c``."""
    found = why(f"cannot change property 'pmem' of {name}{end}").found
    assert found is not None
    template = found.known.template
    assert (template.endswith("."), dict(found.fields).get("type", "").rstrip(".")) == (
        end == ".",
        name,
    )


@pytest.mark.parametrize("known", known_messages(), ids=lambda known: known.template[:40])
def test_every_message_has_conditions_a_place_and_a_command(known: Known) -> None:
    assert known.conditions
    assert known.revisions
    c_file, _, function = known.function.partition(":")
    assert (c_file.endswith((".c", ".h", ".rs")), bool(function)) == (True, True)
    for errno in (None, "EINVAL", "EPERM"):
        assert all(cause.check and cause.text for cause in causes_of(known, errno))
        assert causes_of(known, errno)


def recorded_messages() -> list[str]:
    """Return every line that a recorded QEMU printed on stderr or answered over QMP."""
    said = {
        text
        for name in SETS
        for run in recordings(name)
        for text in (
            *run.stderr,
            *(reply["error"]["desc"] for reply in run.replies if "error" in reply),
        )
    }
    return sorted(said)


def test_every_message_of_a_recorded_qemu_is_known() -> None:
    said = recorded_messages()
    assert len(said) > 150
    assert [text for text in said if not why(text).known] == []


#: Pasted texts, and the errno and a word of the commands that a user needs to see.
PASTED = (
    (
        "qemu-system-x86_64: -object memory-backend-file,id=mem1,share,mem-path=/dev/dax0.0,"
        "size=4G: unable to map backing store for guest RAM: Invalid argument",
        "unable to map backing store for guest RAM",
        "EINVAL",
        "/sys/bus/dax/devices/dax*/align",
    ),
    (
        "Warning  Failed  kubelet  Error: qemu-kvm: -object memory-backend-ram,id=ram-node0: "
        'cannot bind memory to host NUMA nodes: Operation not permitted"',
        "cannot bind memory to host NUMA nodes",
        "EPERM",
        "CapEff",
    ),
    (
        "os_mem_prealloc: Insufficient free host memory pages available to allocate guest RAM",
        "os_mem_prealloc: Insufficient free host memory pages available to allocate guest RAM",
        None,
        "hugetlb.*.max",
    ),
    (
        "qemu_prealloc_mem: preallocating memory failed: Bad address",
        "qemu_prealloc_mem: preallocating memory failed",
        "EFAULT",
        "hugetlb.*.max",
    ),
    (
        "can\u2019t open backing store /dev/hugepages/libvirt/qemu/1-vm for guest RAM: "
        "Permission denied",
        "can't open backing store {path} for guest RAM",
        "EACCES",
        "namei -l /dev/hugepages/libvirt/qemu/1-vm",
    ),
    (
        "Lack of libpmem support while setting the 'pmem=on' of memory-backend-file. "
        "We can't ensure data persistence.",
        "Lack of libpmem support while setting the 'pmem=on' of {type}. We can't ensure data "
        "persistence.",
        None,
        "libpmem",
    ),
    (
        "backing store (null) size 0x3b9aca00 does not match 'size' option 0x40000000",
        "backing store {path} size 0x{found:x} does not match 'size' option 0x{wanted:x}",
        None,
        "stat -L",
    ),
)


@pytest.mark.parametrize(("text", "template", "errno", "command"), PASTED)
def test_pasted_texts_lead_to_the_right_command(
    text: str, template: str, errno: str | None, command: str
) -> None:
    answer = why(text).to_json()
    assert (True, template, errno) == (answer["known"], answer["message"], answer["errno"])
    assert any(command in check for check in answer["checks"]), answer["checks"]


def test_lines_that_a_terminal_broke_are_joined() -> None:
    template = "host-nodes must be set for policy {policy}"
    for text in (
        "qemu: host-nodes must be\nset for policy bind",
        "qemu: host-nodes must be\n set for policy bind",
        "qemu: host-no\ndes must be set for policy bind",
    ):
        assert why(text).to_json()["message"] == template, text


def test_lost_quotes_and_case_do_no_harm() -> None:
    for text in ("property .sync not found", 'Property \\".sync\\" Not Found'):
        assert why(text).to_json()["message"] == "Property '.{property}' not found", text


def test_the_error_comes_before_what_was_only_mentioned() -> None:
    answer = why(
        "ftruncate: Invalid argument\n"
        "qemu: unable to map backing store for guest RAM: No such device\n"
    ).to_json()
    assert (answer["message"], answer["errno"], answer["also"]) == (
        "unable to map backing store for guest RAM",
        "ENODEV",
        ["ftruncate"],
    )


def test_what_ended_qemu_comes_before_a_longer_warning() -> None:
    answer = why(
        "qemu: Warning: requesting persistence across crashes for backend file /a failed. "
        "Proceeding without persistence, data might become corrupted in case of host crash.\n"
        "qemu: mem-path property not set\n"
    ).to_json()
    assert answer["message"] == "mem-path property not set"
    assert len(answer["also"]) == 1


def test_a_path_cannot_break_out_of_a_command() -> None:
    text = "can't open backing store /a b;$(reboot) for guest RAM: Permission denied"
    checks = why(text).to_json()["checks"]
    with_path = [check for check in checks if "reboot" in check]
    assert with_path
    assert all("'/a b;$(reboot)'" in check for check in with_path)


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("cannot bnd memory to host nods", "cannot bind memory to host NUMA nodes"),
        ("unable to mmap backing stor", "unable to map backing store for guest RAM"),
        ("EPERM in container from mbind", "cannot bind memory to host NUMA nodes"),
    ],
)
def test_an_unknown_text_gets_the_nearest_messages(text: str, nearest: str) -> None:
    answer = why(text).to_json()
    assert answer["known"] is False
    assert nearest in answer["nearest"]


def test_each_message_of_each_release_has_a_cause_of_its_own() -> None:
    without = [known.template for known in known_messages() if not own_causes(known.template)]
    assert without == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        # The end of "alignment 0x... must be a power of two", behind other words.
        ("qemu: PCI BAR size must be a power of two", None),
        (
            "backing store size 0x3f0000000 does not mat",
            "backing store size 0x3f0000000 does not mat",
        ),
        ("0x3f0000000 does not match 'size' op", "0x3f0000000 does not match size op"),
        ("...g store /dev/shm/x for guest RA", "g store /dev/shm/x for guest ra"),
        ("invalid object type: memory-backend-epc", "invalid object type: memory-backend-epc"),
        ('"desc": "invalid object type: m-b-x"}}', "invalid object type: m-b-x"),
        (
            'qemu: Unknown ramblock "mem0", cannot accept migration\n'
            "qemu: load of migration failed: Invalid argument",
            'Unknown ramblock "mem0", cannot accept migration',
        ),
        (
            "qemu: warning: '-realtime mlock=...' is deprecated, please use '-overcommit mem-lock"
            "=...' instead\nqemu: unable to map backing store for guest RAM: Cannot allocate "
            "memory",
            "unable to map backing store for guest RAM: Cannot allocate memory",
        ),
    ],
)
def test_the_message_that_is_shown_is(text: str, said: str | None) -> None:
    answer = why(text)
    assert (answer.said or None) == said


@pytest.mark.parametrize(
    "text",
    [
        "unable to map backing store for gu",
        "...ing store for guest RAM: Permission denied",
        'monitor: {\\"desc\\": \\"unable to map backing store for guest RAM: Permission denied\\"}',
        "qemu: unable to map backing store for guest RAM&#58; Permission denied",
    ],
)
def test_a_message_that_is_cut_off_or_escaped_is_known(text: str) -> None:
    assert why(text).to_json()["message"] == "unable to map backing store for guest RAM"


def test_a_field_holds_one_word() -> None:
    assert why("KVM is not supported").known is False
    assert why("die-id is not supported").to_json()["fields"] == {"name": "die-id"}


LINE = "qemu-system-x86_64: -object memory-backend-file,id=r,"


@pytest.mark.parametrize(
    ("text", "cause", "fix"),
    [
        (
            f"{LINE}size=8193M,mem-path=/dev/hugepages,policy=bind,host-nodes=0: "
            "cannot bind memory to host NUMA nodes: Invalid argument",
            "The size 8193 MiB is not a multiple of the huge page, 2 MiB: mbind would "
            "split the last page.",
            "use size=8194M",
        ),
        (
            f"{LINE}size=1G,mem-path=/dev/dax0.0,share=on: "
            "unable to map backing store for guest RAM: Invalid argument",
            "A device DAX maps only at multiples of its alignment, mostly 2 MiB; QEMU uses the "
            "page size unless align= says more.",
            "use align=2M",
        ),
        (
            f"{LINE}size=1G,mem-path=/dev/hugepages: "
            "unable to map backing store for guest RAM: Cannot allocate memory",
            '"r" needs 512 huge pages of 2 MiB; the pool has fewer free. A mapping of huge pages '
            "reserves all of them at once; overcommit and swap do not help.",
            "echo 512 > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages",
        ),
    ],
)
def test_the_condition_that_failed_is_named_from_the_line_in_the_text(
    text: str, cause: str, fix: str
) -> None:
    here = why(text).to_json()["here"]
    assert [(one["cause"], one["fix"]) for one in here] == [(cause, fix)]


@pytest.mark.parametrize(
    ("text", "having"),
    [
        ("Property 'memory-backend-file.offset' not found", "QEMU 8.1 and later have offset."),
        ("Invalid parameter 'rom'", "QEMU 8.2 and later have rom."),
        (
            "Parameter 'qom-type' does not accept value 'memory-backend-shm'",
            "QEMU 9.1 and later have memory-backend-shm.",
        ),
        ("Invalid parameter 'sync'", "Only V8 of the series, which was never merged, has sync."),
        ("Property 'pc-q35-5.0-machine.hmat' not found", "QEMU 5.0 and later have hmat."),
    ],
)
def test_the_releases_that_have_a_property_are_named(text: str, having: str) -> None:
    assert [one["cause"] for one in why(text).to_json()["here"]] == [having]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "unable to map backing store for guest RAM: Permission denied",
            ["SELinux", "'map'", "AppArmor", "noexec"],
        ),
        ("property 'size' of memory-backend-memfd doesn't take value '0'", ["node without memory"]),
        (
            "Failed initializing vhost-user memory map, consider using -object memory-backend-file "
            "share=on",
            ["memory-backend-memfd", "share=on", "memory-backend=mem"],
        ),
        ("error: kvm run failed Bad address", ["huge page pool", "prealloc=on"]),
        ("locking memory failed", ["limit on locked memory", "LimitMEMLOCK"]),
        ("phys-bits too low (40)", ["maxmem=", "host-phys-bits=on"]),
        ("Memory merging is not supported on this host", ["MADV_MERGEABLE"]),
    ],
)
def test_a_cause_and_a_fix_are_those_of_the_message(text: str, words: list[str]) -> None:
    answer = why(text).to_json()
    said = json.dumps(answer["causes"])
    assert [word for word in words if word not in said] == []


@pytest.mark.parametrize(
    ("text", "first"),
    [
        (
            "backend 'memory-backend-file' memory size must be multiple of 4 KiB",
            [
                "backend 'memory-backend-file' memory size must be multiple of 4 KiB",
                "Fix: round size= up",
                "Usual causes, the likeliest first",
                "  from 9.1 on a backend is made of whole pages: 4 KiB, or huge pages",
            ],
        ),
        (
            "virError(Code=1, Domain=10, Message='internal error: qemu unexpectedly closed the "
            "monitor: 2025-06-04T01:42:29Z qemu-kvm: unable to map backing store for guest RAM: "
            "Cannot allocate memory')",
            [
                "unable to map backing store for guest RAM: Cannot allocate memory",
                "Fix: echo N > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages",
                "Usual causes, the likeliest first",
                "  the pool has too few free huge pages: a mapping reserves all of them at once,",
                "    shared or private (for a path on hugetlbfs)",
            ],
        ),
        (
            '{"id":"l-4","error":{"class":"GenericError","desc":"a used vhost backend has no free '
            'memory slots left"}}',
            [
                "a used vhost backend has no free memory slots left",
                "Fix: options vhost max_mem_regions=509 in /etc/modprobe.d; fewer and larger",
                "DIMMs, or virtio-mem, which is one region",
            ],
        ),
        (
            "kernel: Memory cgroup out of memory: Killed process 4321 (qemu-kvm) total-vm:9kB",
            [
                "Memory cgroup out of memory: Killed process",
                "Fix: raise the limit above -m by some 10 %, or give the guest less",
            ],
        ),
    ],
)
def test_the_answer_to_a_message_begins_with(
    capsys: pytest.CaptureFixture[str], text: str, first: list[str]
) -> None:
    assert main(["why", text]) == 0
    shown = [line for line in capsys.readouterr().out.splitlines() if line]
    assert shown[: len(first)] == first


@given(st.text(max_size=300))
def test_any_text_gets_an_answer(text: str) -> None:
    answer = why(text).to_json()
    assert json.loads(json.dumps(answer)) == answer


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    "piece",
    ["ftruncate: ", "backing store ", "' size 0x", "Parameter '", "a", " ", "\n", "\x1b[1", "'"],
)
def test_long_text_is_read_to_its_end(piece: str) -> None:
    """Where time grew with the square of the length it would take hours."""
    with patience(60):
        why(piece * (800_000 // len(piece)))


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    status = main(args)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_exit_status_tells_known_from_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "why", "mem-path property not set")[0] == 0
    assert run(capsys, "why", "no such thing")[0] == 1
    assert run(capsys, "why")[0] == 2


UNABLE_TO_MAP = "qemu: -object x: unable to map backing store for guest RAM: Invalid argument"


def test_words_need_no_quotes_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "why", "--json", *UNABLE_TO_MAP.split())
    assert (status, json.loads(out)["function"]) == (0, "exec.c:file_ram_alloc")


def test_nothing_in_a_text_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(
        capsys,
        "why",
        "can't open backing store /x\x1b]0;owned\x07 for guest RAM: Permission denied",
    )
    assert "\x1b" not in out
    assert "\x07" not in out


def test_the_list_names_every_message(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "why", "--list", "--json")
    assert [known.template for known in known_messages()] == [
        row["message"] for row in json.loads(out)
    ]
