"""Text as people have it: which options are found in it, and what is said where none are."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qemu_model.input import NothingFound, QemuLine, find_line, find_lines, from_words
from qemu_model.input.reader import CONTAINER_NOTE
from qemu_model.input.shell_words import Unreadable, shell_commands

MEMFD = '{"qom-type":"memory-backend-memfd","id":"m0","share":true,"size":1073741824}'
LOG = """\
2026-03-01 09:14:07.512+0000: starting up libvirt version: 11.3.0, qemu version: 9.2.0, kernel: 6
LC_ALL=C \\
/usr/bin/qemu-system-x86_64 \\
-m size=1048576k \\
-S
2026-03-01T09:14:08.1Z qemu-system-x86_64: can't open it
2026-03-02 10:00:00.000+0000: starting up libvirt version: 11.3.0, qemu version: 10.0.2Debian \
1:10.0.2, kernel: 6
LC_ALL=C \\
/usr/bin/qemu-system-x86_64 \\
-accel kvm \\
-object 'OBJECT' \\
-S
2026-03-02 10:00:00.000+0000: Domain id=3 is tainted: host-cpu
""".replace("OBJECT", MEMFD)


def options(text: str) -> tuple[str, ...]:
    return find_line(text).options


def test_the_last_start_of_a_libvirt_log_is_taken_with_its_version() -> None:
    assert find_line(LOG) == QemuLine(
        ("-accel", "kvm", "-object", MEMFD, "-S"),
        "libvirt log",
        "/usr/bin/qemu-system-x86_64",
        "10.0.2Debian 1:10.0.2",
        "2026-03-02 10:00:00.000+0000",
        9,
        ("the last of 2 starts in the text; --start N takes another",),
    )
    assert find_line(LOG).release == (10, 0)


def test_another_start_of_a_log_is_taken_by_its_number() -> None:
    first = find_line(LOG, 1)
    assert (first.options, first.release) == (("-m", "size=1048576k", "-S"), (9, 2))
    with pytest.raises(NothingFound, match="start 3 was requested; the text shows 2 starts"):
        find_line(LOG, 3)


def test_a_line_of_ps_keeps_json_whole_and_values_with_their_blanks() -> None:
    text = (
        "libvirt+ 4711 0.5 3.2 4812345 812345 ? Sl 09:14 0:41 /usr/libexec/qemu-kvm -name guest=a b"
        f" -object {MEMFD} -append root=/dev/sda ro -S"
    )
    assert options(text) == (
        *("-name", "guest=a b", "-object", MEMFD, "-append", "root=/dev/sda ro", "-S"),
    )
    assert find_line(text).kind == "ps"


@pytest.mark.parametrize(
    "broken",
    [
        "{qom-type:memory-backend-memfd,id:m0,share:true,size:1073741824}",
        MEMFD.replace('"', '\\"'),
        MEMFD.replace('"', "&quot;"),
        MEMFD.replace('{"', "{\u201c").replace('"', "\u201d"),
    ],
)
def test_json_whose_quotes_were_lost_or_altered_is_repaired(broken: str) -> None:
    assert options(f"qemu-system-x86_64 -object {broken} -S") == ("-object", MEMFD, "-S")


def test_words_of_a_process_end_in_zero_bytes() -> None:
    text = "/usr/bin/kvm\0-m\0001G\0-append\0a b\0"
    assert options(text) == ("-m", "1G", "-append", "a b")


def test_a_script_fills_in_the_variables_and_arrays_that_it_sets_and_runs_nothing() -> None:
    text = """#!/bin/bash
# don't: kvm -m 1
MEM=4G
QEMU=/opt/qemu-9.2.1/bin/qemu-system-x86_64
args=(-machine q35  # a comment
  -m $MEM)
args+=(-object "memory-backend-memfd,id=m0,size=${MEM},share=on")
exec sudo taskset -c 0-3 $QEMU "${args[@]}" \\
   -netdev tap,ifname=tap$(touch /nowhere) -append "a b$X" >log 2>&1 &
"""
    found = find_line(text)
    assert found.options == (
        *("-machine", "q35", "-m", "4G", "-object"),
        "memory-backend-memfd,id=m0,size=4G,share=on",
        *("-netdev", "tap,ifname=tap$(touch /nowhere)", "-append", "a b$X"),
    )
    assert found.release == (9, 2)
    assert found.notes == (
        "$(touch /nowhere) was not run: its output is unknown",
        "$X is set outside the text: its value is unknown",
    )


@pytest.mark.parametrize("blank", ["\t", "\v", "\f", "\x1d", "\x85", "\xa0", "\u2003"])
def test_a_blank_of_any_kind_parts_words(blank: str) -> None:
    assert find_line(blank.join(("kvm", "-m", "2G", "-S"))).options == ("-m", "2G", "-S")


def test_an_array_with_a_redirection_is_no_shell_command() -> None:
    with pytest.raises(Unreadable):
        shell_commands("kvm -m 2G\na=(<")


def test_a_variable_that_doubles_itself_without_end_is_not_followed() -> None:
    text = "A=xx\n" + "A=$A$A\n" * 60 + "qemu-system-x86_64 -m $A"
    assert find_lines(text)


def test_proxmoxs_own_option_is_left_out_and_noted() -> None:
    found = find_line("/usr/bin/kvm -id 100 -m 8192 -machine 'type=pc-q35-9.2+pve1'")
    assert found.options == ("-m", "8192", "-machine", "type=pc-q35-9.2+pve1")
    assert found.notes == ("-id is Proxmox's own option; it is left out",)


@pytest.mark.parametrize(
    "text",
    [
        "[Service]\nExecStart=/usr/bin/qemu-system-x86_64 -m 2G \\\n  -S\nRestart=always\n",
        "Mar 02 09:14:07 h systemd[1]: /usr/bin/qemu-system-x86_64 -m 2G -S",
        "LC_ALL=C sudo qemu-system-x86_64 -m 2G -S; echo done",
        "docker run --device /dev/kvm --shm-size 1G image qemu-system-x86_64 -m 2G -S | tee log",
        "Popen(['qemu-system-x86_64', '-m', '2G', '-S'])",
        '[{"Path":"qemu-system-x86_64","Args":["-m","2G","-S"]}]',
        'spec:\n  command:\n  - kvm\n  args:\n  - -m\n  - "2G"\n  - -S\n  tty: true\n',
        'level=info msg="launching /usr/bin/qemu-system-x86_64 with: [-m 2G -S]"',
        "  -m 2G\n  -S\n",
        "qemu-system-x86_64^@-m^@2G^@-S^@",
        "/usr/bin/qemu-system-x86_64\n-m\n2G\n-S\n",
        "  Command:\n    /usr/bin/kvm\n  Args:\n    -m\n    2G\n    -S\n  State:    Running\n",
        "root@host:~# kvm \\\n>   -m 2G \\\n>   -S\nkvm: cannot do it\n",
        "q 12 5.0 2.0 5 4 ? Sl 10:00 1:00 /usr/bin/kvm -m\n2G -S\n",
        "Try `x`, isn't it:\n```\nqemu-system-x86_64 -m 2G -S\n```\n",
        "kvm -m 2G \\ \n -S",
        "'/usr/bin/kvm' '-m' '2G' '-S'",
    ],
)
def test_options_are_found_in(text: str) -> None:
    assert options(text) == ("-m", "2G", "-S")


def test_a_configuration_file_of_qemus_becomes_options() -> None:
    text = (
        '[object "m0"]\n  qom-type = "memory-backend-memfd"\n  size = "1G"\n[memory]\n size = "1G"'
    )
    assert options(text) == ("-object", "memory-backend-memfd,id=m0,size=1G", "-m", "size=1G")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "<domain type='kvm'><name>web-1</name></domain>",
            "virsh domxml-to-native qemu-argv --domain web-1",
        ),
        ("7f0000000000-7f0000200000 rw-s 00000000 00:01 123 /memfd:x", "check --smaps FILE"),
        ("memory: 8192\ncores: 4\nnuma: 1\n", "qm showcmd VMID"),
        ("kind: VirtualMachineInstance\n", "kubectl exec POD -c compute"),
        ("virt-install --memory 4096 --import --disk a.img", "virt-install command"),
        ("[hypervisor.qemu]\npath = '/usr/bin/qemu'\n", "enable_debug = true"),
        (
            "qemu-kvm: -object x: unable to map backing store for guest RAM: Permission denied",
            'qemu-model why "unable to map backing store for guest RAM: Permission denied"',
        ),
        (
            'libvirtd[1]: error: qemu unexpectedly closed the monitor: qemu-kvm: -device {"a":1}: '
            "mem-path property not set",
            'qemu-model why "mem-path property not set"',
        ),
        ("hello\n", "no QEMU options were found (looked for: a QEMU program"),
        (" \n", "the text is empty"),
    ],
)
def test_a_text_without_options_says_what_to_give_instead(text: str, says: str) -> None:
    with pytest.raises(NothingFound) as error:
        find_lines(text)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_the_program_before_the_options_is_no_option() -> None:
    words = ["LC_ALL=C", "sudo", "/usr/bin/qemu-system-x86_64", "-m", "2G"]
    assert from_words(words).options == ("-m", "2G")
    assert from_words(["kvm -m 2G"]).options == ("-m", "2G")
    assert from_words(["-m", "2G", "disk.img"]).options == ("-m", "2G", "disk.img")
    with pytest.raises(NothingFound, match=r"'disk\.img' is neither an option nor a file"):
        from_words(["disk.img"])


def test_an_array_with_a_redirection_in_it_has_an_end() -> None:
    assert find_line("made=(<list)\nkvm -m 2G $made").options[:2] == ("-m", "2G")


@pytest.mark.parametrize(
    ("run", "notes"),
    [("docker run x ", (CONTAINER_NOTE,)), ("docker run --ipc=host x ", ()), ("", ())],
)
def test_a_container_with_a_small_dev_shm_is_noted(run: str, notes: tuple[str, ...]) -> None:
    assert find_line(f"{run}kvm -m 2G -mem-path /dev/shm").notes == notes


@given(
    st.text(alphabet=st.sampled_from("-{}[]()$\"'`\\#=;|&<> \n\0\x1d\xa0:,kvmq@*ao"), max_size=80)
)
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    try:
        found = find_lines(f"kvm -m {text}")
    except NothingFound as error:
        said = str(error)
    else:
        said = " ".join(line.kind for line in found)
    assert "\n" not in said
