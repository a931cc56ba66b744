"""Profiles: the machines a simulated host can be, as data.

Shipped profiles have names (:func:`names`); users may write more as JSON files in
the same form, ``profile_data/profile.schema.json``.  A profile says only what differs
from the one it is ``based_on`` (without that: from ``default``).
"""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import attrs

from . import linux
from .profile import COLUMNS, FilePlan, FileRules, Kernel, MountPlan, Profile
from .protocol import Platform, StatFs
from .vm_flags import BITS, VM_SYNC

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

_DATA: Final = os.path.join(os.path.dirname(__file__), "profile_data")
_MIB: Final = 1024 * 1024
#: The first kernel with MAP_SHARED_VALIDATE and MAP_SYNC.
_MAP_SYNC_SINCE: Final = (4, 15)


class ProfileError(Exception):
    """A profile that is not there, cannot be read, or does not say what it must.

    Its text is one line for people: a line end in a name stands there as ``\\n``.
    """

    def __init__(self, text: str) -> None:
        super().__init__("\\n".join(text.split("\n")))


def vmalloc_align(system: str, machine: str, page_size: int) -> int:
    """Return ``QEMU_VMALLOC_ALIGN`` in bytes (``include/qemu/osdep.h``).

    ``page_size`` in bytes.  SHMLBA of sparc, which counts there, is 8 KiB as on sparc64.
    """
    if system == "linux":
        if machine in ("x86_64", "arm", "aarch64", "ppc64", "ppc64le"):
            return 2 * _MIB
        if machine == "s390x":
            return _MIB
        if machine in ("sparc", "sparc64"):
            return max(page_size, 8192)
    return page_size


@cache
def names() -> tuple[str, ...]:
    """Return the names of the profiles that ship with the package, ``default`` first."""
    found = sorted(
        name.removesuffix(".json") for name in os.listdir(os.path.join(_DATA, "profiles"))
    )
    found.remove("default")
    return ("default", *found)


def titles() -> dict[str, str]:
    """Return each shipped profile's name with its one-line description."""
    return {name: str(_shipped_document(name)["title"]) for name in names()}


def default() -> Profile:
    """Return the profile that a simulated host has when none is named."""
    return load("default")


def load(name_or_path: str) -> Profile:
    """Return the profile called ``name_or_path``, or the one in that JSON file.

    What has a slash in it or ends in ``.json`` is a file.  Behind the name small changes
    may stand (``server,huge-pages=512``: see :mod:`.profile_changes`).  Raise :class:`ProfileError`
    with the nearest names if there is no such profile, or with what is wrong and where
    if the file is not one.
    """
    name, comma, changes = name_or_path.partition(",")
    if comma and "=" in changes and not os.path.exists(name_or_path):
        return _changed(load(name), changes)
    if "/" in name_or_path or name_or_path.endswith(".json"):
        return build(_document_of_file(name_or_path), source=name_or_path)
    return _shipped(name_or_path)


def _changed(profile: Profile, changes: str) -> Profile:
    from .profile_changes import ChangeError, changed

    try:
        document = changed(profile.document, changes)
    except ChangeError as error:
        raise ProfileError(f"profile {profile.name}: {error}") from None
    return attrs.evolve(trusted(document), name=f"{profile.name},{changes}")


def build(document: Mapping[str, Any], *, source: str = "profile") -> Profile:
    """Return the profile that ``document``, JSON data in the profiles' form, describes.

    ``source`` is what errors call it.  Raise :class:`ProfileError` as :func:`load` does.
    """
    _validate(document, source)
    return _profile(_complete(document, source), source)


def trusted(document: Mapping[str, Any]) -> Profile:
    """Return the profile that ``document`` describes, which the program itself has made.

    It is not checked against the schema.
    """
    return _profile(_complete(document, "profile"), "profile")


@cache
def schema() -> Mapping[str, Any]:
    """Return the JSON schema of a profile."""
    with open(os.path.join(_DATA, "profile.schema.json"), encoding="utf-8") as file:
        return MappingProxyType(json.load(file))


@cache
def _shipped(name: str) -> Profile:
    return _profile(_complete(_shipped_document(name), name), name)


@cache
def _shipped_document(name: str) -> Mapping[str, Any]:
    try:
        with open(os.path.join(_DATA, "profiles", f"{name}.json"), encoding="utf-8") as file:
            return MappingProxyType(json.load(file))
    except OSError:
        raise ProfileError(_unknown("profile", name, names())) from None


def _document_of_file(path: str) -> Mapping[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
    except OSError as error:
        raise ProfileError(f"profile {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ProfileError(f"profile {path}: not a text file") from None
    except RecursionError:
        raise ProfileError(f"profile {path}: nested too deeply") from None
    except ValueError as error:
        raise ProfileError(f"profile {path}: not JSON: {error}") from None
    if not isinstance(document, dict):
        raise ProfileError(f"profile {path}: expected a JSON object")
    return document


def _unknown(what: str, name: str, known: tuple[str, ...]) -> str:
    import difflib

    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if near:
        return f"there is no {what} '{name}'; did you mean {' or '.join(near)}?"
    return f"there is no {what} '{name}'; there are: {', '.join(known)}"


@cache
def _validator() -> Draft202012Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(dict(schema()))


def _validate(document: Mapping[str, Any], source: str) -> None:
    try:
        from jsonschema.exceptions import best_match
    except ImportError:
        # The explorer's page has only profiles that were checked as it was made.
        return
    worst = best_match(_validator().iter_errors(dict(document)))
    if worst is not None:
        place = worst.json_path.removeprefix("$").removeprefix(".")
        where = f"{place}: " if place else ""
        raise ProfileError(f"profile {source}: {where}{worst.message}")


def _complete(document: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Fill in what ``document`` leaves to the profile that it is based on."""
    if document is _shipped_document("default"):
        return dict(document)
    base = str(document.get("based_on", "default"))
    if base not in names():
        raise ProfileError(f"profile {source}: based_on: {_unknown('profile', base, names())}")
    complete = _complete(_shipped_document(base), base)
    for key, value in document.items():
        if key in ("platform", "kernel", "evidence", "file_systems"):
            complete[key] = {**complete.get(key, {}), **value}
        elif key in ("mounts", "files"):
            here = {entry["path"] for entry in value}
            kept = [entry for entry in complete.get(key, []) if entry["path"] not in here]
            complete[key] = kept + list(value)
        elif key not in ("based_on", "$schema"):
            complete[key] = value
    complete.pop("$schema", None)
    return complete


@cache
def _shipped_file_systems() -> Mapping[str, Any]:
    with open(os.path.join(_DATA, "file_systems.json"), encoding="utf-8") as file:
        return MappingProxyType(json.load(file))


def _version(text: str) -> tuple[int, int]:
    major, minor = text.split(".")[:2]
    return int(major), int(minor)


def _answer_bits(text: str) -> int:
    if text == "ok":
        return 0
    if text == "sf":
        return VM_SYNC
    return -linux.ERRNO_NUMBERS[text]


class _Reader:
    """Builds the parts of one profile from its complete document."""

    def __init__(self, document: dict[str, Any], source: str) -> None:
        self.document = document
        self.source = source
        self.platform = self._platform()
        self.kernel = self._kernel()
        self.huge_pages = {int(pool["size"]): int(pool["pages"]) for pool in document["huge_pages"]}
        self.node_huge_pages = {
            int(pool["size"]): MappingProxyType(
                {int(node): int(pages) for node, pages in pool["nodes"].items()}
            )
            for pool in document["huge_pages"]
            if "nodes" in pool
        }
        self.default_huge_page = next(iter(self.huge_pages), 0)
        self.file_systems = {**_shipped_file_systems(), **document.get("file_systems", {})}

    def _platform(self) -> Platform:
        told = self.document["platform"]
        system, machine, page_size = told["system"], told["machine"], told["page_size"]
        is_linux = system == "linux"
        return Platform(
            system=system,
            machine=machine,
            page_size=page_size,
            vmalloc_align=told.get("vmalloc_align") or vmalloc_align(system, machine, page_size),
            map_sync=linux.MAP_SYNC if is_linux else 0,
            map_shared_validate=linux.MAP_SHARED_VALIDATE if is_linux else 0,
            libpmem=told["libpmem"],
            libnuma=told["libnuma"],
            online_cpus=told["online_cpus"],
            accelerator=told["accelerator"],
        )

    def _kernel(self) -> Kernel:
        told = self.document["kernel"]

        def number(key: str) -> int:
            return linux.ERRNO_NUMBERS[told[key]] if told[key] else 0

        return Kernel(
            version=_version(told["version"]),
            memory=told["memory"],
            swap=told["swap"],
            overcommit=told["overcommit"],
            address_bits=told["address_bits"],
            transparent_huge_page=told["transparent_huge_page"],
            same_page_merging=told["same_page_merging"],
            open_files=told["open_files"],
            mbind_error=number("mbind_error"),
            memfd_error=number("memfd_error"),
        )

    def _answers(self, told: Mapping[str, Any]) -> Mapping[int, int]:
        answers = {COLUMNS[name]: _answer_bits(row["answer"]) for name, row in told["mmap"].items()}
        version = self.kernel.version
        validate, sync = linux.MAP_SHARED_VALIDATE, linux.MAP_SYNC
        if self.platform.system != "linux" or version < _MAP_SYNC_SINCE:
            del answers[validate], answers[validate | sync]
            for kind in (linux.MAP_SHARED, linux.MAP_PRIVATE):
                answers[kind | sync] = answers[kind]
        elif version < _version(told.get("accepts_sync_since", "4.15")):
            answers[validate | sync] = -linux.ERRNO_NUMBERS["EOPNOTSUPP"]
        return MappingProxyType(answers)

    def rules(self, name: str, where: str, page_size: int | None = None) -> FileRules:
        """Return the rules of the file system or device ``name``, named at ``where``."""
        told = self.file_systems.get(name)
        if told is None:
            known = tuple(sorted(self.file_systems))
            raise ProfileError(
                f"profile {self.source}: {where}: {_unknown('file system', name, known)}"
            )
        base_page = self.platform.page_size
        huge = told.get("huge", False)
        if huge:
            unit = page_size or self.default_huge_page
            if unit not in self.huge_pages:
                raise ProfileError(
                    f"profile {self.source}: {where}: {name} needs huge pages of {unit} bytes, "
                    f"and huge_pages has no such size"
                )
        else:
            unit = base_page
        bits = 0
        for letters in told.get("vm_flags", []):
            bits |= BITS[letters]
        return FileRules(
            name=name,
            statfs=StatFs(
                told.get("f_type", 0), unit if huge else told.get("block_size", base_page)
            ),
            answers=self._with_bits(self._answers(told), bits),
            page_size=unit,
            alignment=unit if huge else told.get("alignment", base_page),
            largest_file=told.get("largest_file", 0),
            accepts_sync=told.get("accepts_sync", False)
            and self.kernel.version >= _version(told.get("accepts_sync_since", "4.15")),
            dax=told.get("dax", False),
            huge=huge,
            in_memory=told.get("in_memory", False),
            filled_by_reading=told.get("filled_by_reading", False),
            punch_hole=told.get("punch_hole", True),
        )

    @staticmethod
    def _with_bits(answers: Mapping[int, int], bits: int) -> Mapping[int, int]:
        return MappingProxyType(
            {flags: answer if answer < 0 else answer | bits for flags, answer in answers.items()}
        )

    def can_mount(self, told: Mapping[str, Any]) -> bool:
        """Return whether the kernel has what ``told`` mounts: without pools no hugetlbfs."""
        huge = self.file_systems.get(told["file_system"], {}).get("huge", False)
        return bool(self.huge_pages) or not huge

    def mount(self, told: Mapping[str, Any]) -> MountPlan:
        """Return the mount point that ``told`` describes."""
        path = told["path"]
        return MountPlan(
            path=path,
            rules=self.rules(told["file_system"], f"mount {path}", told.get("page_size")),
            size=told.get("size"),
            read_only=told.get("read_only", False),
        )

    def file(self, told: Mapping[str, Any]) -> FilePlan:
        """Return the file that ``told`` describes."""
        path, kind = told["path"], told["kind"]
        rules = self.rules("null", path) if kind == "fifo" else None
        if "device" in told:
            # An unknown name is refused, also for a kind of file that does not use it.
            named = self.rules(told["device"], f"file {path}")
            rules = named if kind == "device" else rules
        error = told.get("open_error")
        return FilePlan(
            path=path,
            kind=kind,
            size=told.get("size", 0),
            target=told.get("target", ""),
            rules=rules,
            open_error=linux.ERRNO_NUMBERS[error] if error else 0,
        )


def _profile(document: dict[str, Any], source: str) -> Profile:
    read = _Reader(document, source)
    root_name = document["file_system"]
    unknown_file = None
    if read.file_systems.get(root_name, {}).get("device"):
        unknown_file = read.rules(root_name, "file_system")
        root_name = "ext4"
    root = MountPlan("/", read.rules(root_name, "file_system"), document.get("size"))
    mounts = [read.mount(told) for told in document["mounts"] if read.can_mount(told)]
    files = [read.file(told) for told in document["files"]]
    evidence = document["evidence"]
    return Profile(
        name=document["name"],
        title=document["title"],
        evidence=evidence["profile"],
        mem_path=document["mem_path"],
        platform=read.platform,
        kernel=read.kernel,
        nodes=frozenset(document["nodes"]),
        huge_pages=MappingProxyType(read.huge_pages),
        node_huge_pages=MappingProxyType(read.node_huge_pages),
        default_huge_page=read.default_huge_page,
        root=root,
        mounts=MappingProxyType({mount.path: mount for mount in mounts}),
        files=MappingProxyType({file.path: file for file in files}),
        planned_directories=_directories_above([*mounts, *files]),
        unknown_file=unknown_file,
        anonymous=read.rules("anonymous", "anonymous memory"),
        memfd=read.rules("tmpfs", "memfd"),
        huge_memfd=MappingProxyType(
            {size: read.rules("hugetlbfs", "memfd", size) for size in read.huge_pages}
        ),
        implied_directories=_implied(document["implied_directories"]),
        document=MappingProxyType(_with_rows(document, read)),
    )


def _implied(told: bool | Sequence[str]) -> bool | tuple[str, ...]:
    return told if isinstance(told, bool) else tuple(told)


def _directories_above(plans: Iterable[MountPlan | FilePlan]) -> frozenset[str]:
    above = set()
    for plan in plans:
        if isinstance(plan, FilePlan) and plan.kind == "absent":
            continue
        parent = plan.path.rpartition("/")[0]
        while parent:
            above.add(parent)
            parent = parent.rpartition("/")[0]
    return frozenset(above)


def _with_rows(document: dict[str, Any], read: _Reader) -> dict[str, Any]:
    """Return ``document`` with the rows of the file systems that occur in it."""
    occurring = {document["file_system"], "anonymous"}
    occurring |= {mount["file_system"] for mount in document["mounts"]}
    occurring |= {file["device"] for file in document["files"] if "device" in file}
    rows = {name: read.file_systems[name] for name in sorted(occurring)}
    platform = {**document["platform"], "vmalloc_align": read.platform.vmalloc_align}
    return {**document, "platform": platform, "file_systems": rows}
