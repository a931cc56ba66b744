"""The same random QMP commands into a running QEMU and into the model, reply against reply.

    from qemu_model.testing.machine import compare_replies

    def test_my_qemu() -> None:
        compare_replies("build/qemu-system-x86_64", commands=2000)

A failure prints the commands, shrunk, as a program to paste into a shell, and as the
steps of Hypothesis.
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Final

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ..conform.conformance import detect
from ..conform.differences import replies, without_letters
from ..conform.driver import Qemu
from ..conform.driver_running import RunningQemu
from ..host.live import LiveHost
from ..process import Process
from ..revision import Revision

MIB: Final = 1 << 20
ARGS: Final = ("-M", "none")
#: The names of the two directories are as long as each other, as paths in messages must be.
REAL: Final = "real"
MODEL: Final = "copy"
#: How many commands one QEMU is asked before the next one starts.
COMMANDS_EACH: Final = 40

IDS: Final = st.sampled_from(["b0", "b1", "b2", "0b", "", "none"])
SIZES: Final = st.sampled_from(
    [4 * MIB, 4096, 2 * MIB, 5000, 1, 0, 8 * MIB, 1 << 45, "4M", None, -4096, True, 4096.0]
)
BOOLEANS: Final = st.sampled_from([True, False, "on", 1, None])
NODES: Final = st.sampled_from([[0], [], [1], [0, 5], [127], [128], [-1], [65536], ["0"], 0, None])
POLICIES: Final = st.sampled_from(["default", "bind", "preferred", "interleave", "local", 2, None])
COUNTS: Final = st.sampled_from([1, 2, 0, -1, 4294967296, "2", None])
ALIGNS: Final = st.sampled_from([0, 4096, 2 * MIB, 3, 12288, "2M"])

COMMON: Final = MappingProxyType(
    {
        "share": BOOLEANS,
        "merge": BOOLEANS,
        "dump": BOOLEANS,
        "prealloc": BOOLEANS,
        "host-nodes": NODES,
        "policy": POLICIES,
    }
)
LATER: Final = MappingProxyType(
    {
        "reserve": BOOLEANS,
        "prealloc-threads": COUNTS,
        "prealloc-context": st.sampled_from(["", "none", "b0", 5]),
        "x-use-canonical-path-for-ramblock-id": BOOLEANS,
    }
)
OF_FILES: Final = MappingProxyType({"pmem": BOOLEANS, "discard-data": BOOLEANS, "align": ALIGNS})
OF_FILES_LATER: Final = MappingProxyType({"readonly": BOOLEANS})
OF_MEMFDS: Final = MappingProxyType(
    {
        "seal": BOOLEANS,
        "hugetlbsize": st.sampled_from([2 * MIB, 0, 3, 3 * MIB, "2M"]),
    }
)

#: Requests without a known command, without an argument that they need, or with an unknown one.
NONSENSE: Final[Sequence[dict[str, Any]]] = (
    {"execute": "no-such-command"},
    {"execute": "query-memdev", "arguments": {"foo": 1, "bar": 2}},
    {"execute": "qom-get", "arguments": {"path": "/objects/b0"}},
    {"execute": "qom-set", "arguments": {"path": 5, "property": "size", "value": 1}},
    {"execute": "object-del"},
    {"execute": "object-del", "arguments": {"id": 5}},
    {"execute": "object-add", "arguments": {}},
    {"execute": "qmp_capabilities"},
)


class ReplyComparison(RuleBasedStateMachine):
    """One QEMU and one model, which get the same commands; :func:`machine_for` says which QEMU.

    A command that ends QEMU must end the model in the same way.
    """

    qemu: ClassVar[Qemu]
    revision: ClassVar[Revision]
    #: How many commands were compared so far, by all instances.
    compared: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self._begin()

    def _begin(self) -> None:
        self._scratch = Path(tempfile.mkdtemp(prefix="qemu-model-replies-"))
        for name in (REAL, MODEL):
            (self._scratch / name).mkdir()
        self._real = RunningQemu(self.qemu, ARGS, self._scratch / REAL)
        self._model = Process(ARGS, LiveHost(), self.revision)
        self._sent: list[Mapping[str, Any]] = []
        self._model.start()
        self.send({"execute": "qmp_capabilities"})

    @property
    def _flat(self) -> bool:
        """Whether properties stand beside the type: before 7.2 they were in ``props``."""
        return self.revision.vl.reads_options_with_qapi

    def teardown(self) -> None:
        """End both and remove their files."""
        self._real.close()
        if self._model.running:
            self._model.finish()
        else:
            self._model.undo()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def send(self, request: Mapping[str, Any]) -> None:
        """Send a command to both, and compare what they say."""
        self._sent.append(request)
        type(self).compared += 1
        real = self._real.command(self._at(request, REAL))
        before = len(self._model.replies)
        self._model.command(self._at(request, MODEL))
        modelled = self._model.replies[before:]
        for what in ("reply", "event"):
            expected = [self._without_place(text, REAL) for text in replies(real, what)]
            actual = [self._without_place(text, MODEL) for text in replies(modelled, what)]
            # pytest would indent the program in the message of an assert statement.
            if expected != actual:
                raise AssertionError(self._told(what, expected, actual))
        exits = (self._real.exit if not real else None, self._model.exit)
        if exits[0] != exits[1]:
            raise AssertionError(self._told("end", [str(exits[0])], [str(exits[1])]))

    def _at(self, request: Mapping[str, Any], name: str) -> dict[str, Any]:
        placed = json.loads(json.dumps(request).replace("$files", str(self._scratch / name)))
        assert isinstance(placed, dict)
        return placed

    def _without_place(self, text: str, name: str) -> str:
        return without_letters(text.replace(str(self._scratch / name), "$files"))

    def _told(self, what: str, expected: list[str], actual: list[str]) -> str:
        commands = "\n".join(json.dumps(request) for request in self._sent)
        return (
            f"\n{what}: QEMU   {expected}\n{what}: the model {actual}\n"
            f"To see it, paste this into a shell:\n\nfiles=$(mktemp -d)\n"
            f"{self.qemu.binary} {' '.join(ARGS)} -nodefaults -display none -qmp stdio <<EOF\n"
            f"{commands}\nEOF\n"
        )

    def _add(self, qom_type: object, id: object, properties: Mapping[str, object]) -> None:
        arguments: dict[str, object] = {"qom-type": qom_type, "id": id}
        arguments.update(properties if self._flat else {"props": dict(properties)})
        self.send({"execute": "object-add", "arguments": arguments})

    def _lives(self) -> bool:
        return self._model.running

    def _is_dead(self) -> bool:
        return not self._model.running

    @precondition(_is_dead)
    @rule()
    def start_again(self) -> None:
        """Start both again, after a command that ended both."""
        self.teardown()
        self._begin()

    @precondition(_lives)
    @rule(id=IDS, size=SIZES, more=st.fixed_dictionaries({}, optional={**COMMON, **LATER}))
    def add_ram(self, id: object, size: object, more: dict[str, object]) -> None:
        """Add anonymous memory."""
        self._add("memory-backend-ram", id, {"size": size, **self._known(more)})

    @precondition(_lives)
    @rule(
        id=IDS,
        size=SIZES,
        path=st.sampled_from(
            ["$files/a", "$files/b", "$files", "$files/none/x", "", "/dev/null", 5]
        ),
        more=st.fixed_dictionaries({}, optional={**COMMON, **LATER, **OF_FILES, **OF_FILES_LATER}),
    )
    def add_file(self, id: object, size: object, path: object, more: dict[str, object]) -> None:
        """Add a file's memory."""
        properties = {"size": size, "mem-path": path, **self._known(more)}
        self._add("memory-backend-file", id, properties)

    @precondition(_lives)
    @rule(
        id=IDS,
        size=SIZES,
        more=st.fixed_dictionaries({}, optional={**COMMON, **LATER, **OF_MEMFDS}),
    )
    def add_memfd(self, id: object, size: object, more: dict[str, object]) -> None:
        """Add memory of a file without a name."""
        self._add("memory-backend-memfd", id, {"size": size, **self._known(more)})

    def _known(self, properties: Mapping[str, object]) -> dict[str, object]:
        """Return the properties, without those that only 7.2 has where it is older."""
        later = {*LATER, *OF_FILES_LATER}
        return {
            name: value for name, value in properties.items() if self._flat or name not in later
        }

    @precondition(_lives)
    @rule(
        qom_type=st.sampled_from(["memory-backend", "memory-backend-none", "", 5, None]),
        id=IDS,
        more=st.dictionaries(st.sampled_from(["size", "foo", "bar", "x"]), st.integers(0, 9)),
    )
    def add_nonsense(self, qom_type: object, id: object, more: dict[str, int]) -> None:
        """Add what cannot be."""
        self._add(qom_type, id, more)

    @precondition(_lives)
    @rule(id=IDS)
    def delete(self, id: object) -> None:
        """Delete an object."""
        self.send({"execute": "object-del", "arguments": {"id": id}})

    @precondition(_lives)
    @rule(
        path=st.sampled_from(["/objects/b0", "/objects/b1", "b0", "/objects/none", "/b0", ""]),
        name=st.sampled_from(
            sorted({"size", "mem-path", "none", "type", *COMMON, *LATER, *OF_FILES, *OF_MEMFDS})
        ),
    )
    def get(self, path: str, name: str) -> None:
        """Read a property."""
        if name == "host-nodes" and not self._flat:
            # Reading it while it is empty ends an older QEMU, and with it the comparison.
            name = "policy"
        arguments = {"path": path, "property": name}
        self.send({"execute": "qom-get", "arguments": arguments})

    @precondition(_lives)
    @rule(
        path=st.sampled_from(["/objects/b0", "/objects/b1", "b2", "/objects/none"]),
        setting=st.one_of(
            *(
                st.tuples(st.just(name), values)
                for name, values in sorted(
                    {
                        **COMMON,
                        **LATER,
                        **OF_FILES,
                        **OF_MEMFDS,
                        "size": SIZES,
                        "none": SIZES,
                    }.items()
                )
            )
        ),
    )
    def set(self, path: str, setting: tuple[str, object]) -> None:
        """Set a property."""
        name, value = setting
        arguments = {"path": path, "property": name, "value": value}
        self.send({"execute": "qom-set", "arguments": arguments})

    @precondition(_lives)
    @rule()
    def list_backends(self) -> None:
        """List the backends."""
        self.send({"execute": "query-memdev"})

    @precondition(_lives)
    @rule(request=st.sampled_from(NONSENSE))
    def say_nonsense(self, request: dict[str, Any]) -> None:
        """Send what is not a command, or lacks an argument, or has one too many."""
        self.send(request)


def machine_for(binary: str, revision: Revision | None = None) -> type[ReplyComparison]:
    """Return the comparison of the QEMU at ``binary`` with the model.

    ``revision`` is found by QEMU's version if it is not given.  Raises
    :class:`~qemu_model.conform.driver.DriverError` where there is no QEMU.
    """
    qemu = Qemu.at(binary)
    found = revision or detect(qemu)[0]
    return type("ReplyComparison", (ReplyComparison,), {"qemu": qemu, "revision": found})


def compare_replies(binary: str, commands: int = 2000, revision: Revision | None = None) -> int:
    """Compare the replies to at least ``commands`` commands and return to how many.

    Raises AssertionError, with a program to paste, for the first that differs.
    """
    machine = machine_for(binary, revision)
    while machine.compared < commands:
        examples = max(1, (commands - machine.compared) // COMMANDS_EACH + 1)
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=examples,
                stateful_step_count=COMMANDS_EACH,
                deadline=None,
                database=None,
                phases=(Phase.generate, Phase.shrink),
                suppress_health_check=list(HealthCheck),
                print_blob=False,
            ),
        )
    return machine.compared
