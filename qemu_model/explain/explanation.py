"""``explain``: what a line leads to, whether MAP_SYNC holds, and what a host crash takes."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs

from ..calls.clauses import explained
from ..calls.inferences import relied_on
from ..calls.map_sync import Outcome
from ..host.protocol import Host
from ..process import Process, Run
from ..ram_addr import RAM_PMEM, RAM_SHARED, RAM_SYNC
from ..records import Value
from ..revision import V8, Revision
from ..revisions.default import AS_ASKED
from .advice import advise, crash, depends_on_host
from .backend import Backend, Block
from .given import GivenObject, added_objects, given_objects, given_options
from .map_sync_sentence import because, said_of
from .parts import parts_of
from .place import MAP_SYNC_SINCE, Place, live_kernel, live_place, simulated_place, unknown_place
from .run_words import effects_as_they_ran
from .words import FILE, Effect, object_effects, option_effect

if TYPE_CHECKING:
    from ..findings.case import Case
    from ..findings.case import Place as PlaceOfRun
    from ..findings.finding import Finding
    from ..host.simulated import SimulatedHost

#: Devices that the guest takes for persistent memory.
PERSISTENT_DEVICES: Final = ("nvdimm", "virtio-pmem-pci", "virtio-pmem")


@attrs.frozen(eq=False, repr=False)
class Explanation(Value):
    """All that is said about a line.

    ``host`` is empty where none was given: then what depends on it is None, and
    ``depends_on_host`` says what that is.
    """

    args: tuple[str, ...]
    revision: Revision
    host: str
    run: Run
    requested: bool
    in_force: bool | None
    outcome: Outcome | None
    blocked_by: Block | None
    because: str
    survives_host_crash: bool | None
    crash: str
    backends: tuple[Backend, ...]
    effects: tuple[Effect, ...]
    advice: tuple[str, ...]
    depends_on_host: tuple[str, ...]
    notes: tuple[str, ...]
    case: Case
    findings: tuple[Finding, ...]
    about_persistence: bool
    chosen_because: str = ""

    def __str__(self) -> str:
        """Return the first screen of ``qemu-model explain``, at 80 columns."""
        from ..revisions.default import Choice
        from .screen import first_screen

        tree = Choice(self.revision, self.chosen_because).sentence
        return "\n".join(line.text for line in first_screen(self, tree, "", 80))

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, as the schema ``explain`` describes it."""
        return {
            "revision": self.revision.name,
            "revision_meaning": self.revision.meaning,
            "revision_evidence": self.revision.evidence,
            "revision_because": self.chosen_because,
            "host": self.host or None,
            "machine": self.run.machine,
            "ignored": list(self.run.line.ignored),
            "assumed": list(self.run.line.assumed),
            "inferred": list(relied_on(self.run)),
            "exit": self.run.exit,
            "livelock": self.run.livelock,
            "starts": self.case.starts,
            "map_sync": {
                "requested": self.requested,
                "in_force": self.in_force,
                "blocked_by": self.blocked_by,
                "outcome": self.outcome,
                "because": self.because,
            },
            "guest_memory": [memory.to_json() for memory in self.case.memory],
            "findings": [finding.to_json() for finding in self.findings],
            "survives_host_crash": self.survives_host_crash,
            "crash": self.crash,
            "calls": explained(self.run.events),
            "messages": said_of(self.run),
            "backends": [backend.to_json() for backend in self.backends],
            "options": [effect.to_json() for effect in self.effects],
            "advice": list(self.advice),
            "depends_on_host": list(self.depends_on_host),
            "paths": [
                backend.place.judgement
                for backend in self.backends
                if backend.place is not None and backend.place.judgement is not None
            ],
            "notes": list(self.notes),
        }


def explain(
    args: Sequence[str],
    revision: Revision = V8,
    host: str = "",
    *,
    qmp: Sequence[Any] = (),
    persistence: bool = False,
    chosen_because: str = AS_ASKED,
    told: str = "",
) -> Explanation:
    """Explain a line of QEMU's options, and the QMP commands after it.

    ``host`` is ``live``, ``sim:`` and a profile's name, or empty for none.  On a live
    host nothing is created or changed.  ``persistence`` makes it a topic of any line,
    ``chosen_because`` says why this tree answers, ``told`` is the text that stood behind the line.
    Raises :class:`~.dry.CannotAsk` where the kernel cannot be asked without that, and
    :class:`~qemu_model.host.profiles.ProfileError` for a profile that is not there.
    """
    from ..findings.case import case_of, place_called
    from ..findings.registry import findings_of

    parts = parts_of(args)
    place = place_called(host, parts)
    asked = place.make()
    case = case_of(args, revision, place, qmp, parts=parts, host=asked, told=told)
    kernel = _kernel_of(place)
    done = _explain(case, asked, kernel, findings_of(case), persistence=persistence)
    return attrs.evolve(done, chosen_because=chosen_because)


def _kernel_of(place: PlaceOfRun) -> tuple[int, int] | None:
    """Return the kernel's version, None where no host was given."""
    if not place.name:
        return None
    return place.profile.kernel.version if place.profile is not None else live_kernel()


def _given(args: Sequence[str], qmp: Sequence[Any]) -> list[GivenObject]:
    """Return the objects of the line and of the commands, as they were given."""
    return [*given_objects(args), *added_objects(qmp)]


def is_about_persistence(case: Case, given: Sequence[GivenObject]) -> bool:
    """Return whether a line is about data that outlives QEMU: pmem, an NVDIMM, DAX, sync."""
    if any(part.kind in PERSISTENT_DEVICES for part in case.parts_called("device")):
        return True
    for one in given:
        if one.on("pmem") or dict(one.params).get("sync", "off") not in ("off", "no", "n"):
            return True
        on = case.host.file_system(one.path) if one.path else ""
        if one.path.startswith("/dev/dax") or on == "device-dax" or on.endswith("-dax"):
            return True
    return False


def _explain(
    case: Case,
    host: Host,
    kernel: tuple[int, int] | None,
    findings: tuple[Finding, ...],
    *,
    persistence: bool,
) -> Explanation:
    args, qmp, revision, run = case.args, case.qmp, case.revision, case.run
    name, made = case.place.name, case.look.made
    failed = run.exit != 0
    objects = _given(args, qmp)
    backends = tuple(
        _backend(
            given, made.get(given.id), case.look.addresses.get(given.id), run, host, name, kernel
        )
        for given in objects
        if given.type.startswith("memory-backend-")
    )
    requested = run.map_sync.requested
    granted = requested and all(backend.granted for backend in backends if backend.asked)
    in_force: bool | None = granted and not failed
    blocked = _blocked(backends, requested=requested, granted=granted, failed=failed)
    if not name and requested and not failed:
        in_force, blocked = None, None
        backends = tuple(
            attrs.evolve(backend, granted=None, blocked_by=None) if backend.asked else backend
            for backend in backends
        )
    survives, lost = crash(backends, failed=failed, host=name, in_force=in_force)
    topic = persistence or is_about_persistence(case, objects)
    advice = [finding.fix for finding in findings if finding.fix and finding.level == "error"]
    if topic:
        advice += advise(args, revision, backends, run, blocked, given=objects, in_force=in_force)
    advice += [finding.fix for finding in findings if finding.fix]
    return Explanation(
        args,
        revision,
        name,
        run,
        requested,
        in_force,
        None if in_force is None else run.map_sync.outcome,
        blocked,
        because(revision, backends, blocked, requested=requested, host=name, run=run),
        survives,
        lost,
        backends,
        tuple(
            effects_as_they_ran(
                _effects(args, objects, case.look.process),
                case.look.memory,
                locked=any(part.on_mem_lock for part in case.parts_called("overcommit")),
            )
        ),
        tuple(dict.fromkeys(advice)),
        tuple(depends_on_host(backends, run)) if not name else (),
        tuple(getattr(host, "notes", ())),
        case,
        findings,
        topic,
    )


def _backend(
    given: GivenObject,
    obj: Any,
    address: int | None,
    run: Run,
    host: Host,
    name: str,
    kernel: tuple[int, int] | None,
) -> Backend:
    share = _value(obj, "share", given.on("share", default=given.type == "memory-backend-memfd"))
    pmem = _value(obj, "is_pmem", given.on("pmem"))
    wanted = getattr(obj, "sync", None)
    sync = given.on("sync") if wanted is None else wanted != "off"
    place = _place(given.path, host, name) if given.type == FILE and given.path else None
    asked = run.map_sync.at(address) if address else None
    backend = Backend(
        given.id,
        given.type,
        given.path,
        share,
        pmem,
        sync,
        getattr(obj, "align", 0) or 0,
        asked is not None,
        asked is not None and asked.answer == "granted",
        None,
        place,
    )
    return attrs.evolve(backend, blocked_by=_first_block(run.revision, backend, host, kernel))


def _value(obj: Any, name: str, given: bool) -> bool:
    return bool(getattr(obj, name, given))


def _place(path: str, host: Host, name: str) -> Place:
    if name == "live":
        return live_place(path)
    if not name:
        return unknown_place(path)
    simulated: SimulatedHost = host  # type: ignore[assignment] # a name with sim: is one
    return simulated_place(simulated.profile, path)


def _first_block(
    revision: Revision, backend: Backend, host: Host, kernel: tuple[int, int] | None
) -> Block | None:
    """Return the first condition that is not met: sync, share, pmem, platform, kernel, file."""
    needs = revision.policy.needs
    if not revision.mmap_alloc.passes_map_sync:
        return "sync"
    if needs & RAM_SYNC and not (revision.hostmem_file.has_sync and backend.sync):
        return "sync"
    if needs & RAM_SHARED and not backend.share:
        return "share"
    if needs & RAM_PMEM and not backend.pmem:
        return "pmem"
    if not host.platform.map_sync:
        return "platform"
    if not backend.asked or backend.granted:
        return None
    return "kernel" if kernel is not None and kernel < MAP_SYNC_SINCE else "file"


def _blocked(
    backends: Sequence[Backend], *, requested: bool, granted: bool, failed: bool
) -> Block | None:
    if failed:
        return "error"
    if granted:
        return None
    told = [backend for backend in backends if backend.asked or not requested]
    told.sort(key=lambda backend: backend.type != FILE)
    return next((backend.blocked_by for backend in told if backend.blocked_by), "sync")


def _effects(args: Sequence[str], objects: Sequence[GivenObject], process: Process) -> list[Effect]:
    effects = []
    tree = process.qemu.tree
    policy = tree.policy if tree.mmap_alloc.passes_map_sync else None
    for given in objects:
        info = process.qemu.types.get(given.type)
        known = [
            name
            for name, prop in (info.properties.items() if info is not None else ())
            if prop.is_in(process.qemu)
        ]
        effects += object_effects(given.type, given.id, given.params, known, policy)
    for name, text in given_options(args):
        effect = option_effect(name, text)
        if effect is not None:
            effects.append(effect)
    return effects
