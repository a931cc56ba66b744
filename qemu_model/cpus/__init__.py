"""The CPU models of each program, by release: rows as in the modules here."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from ..revisions.release import Release, is_between

_Span = tuple[Release, Release | None]


def _release(text: str) -> Release:
    return tuple(int(part) for part in text.split(".")) if text else ()


def _rows(text: str) -> Iterator[tuple[str, _Span]]:
    """Yield the rows of a table: a name, since and until when."""
    for row in text.split():
        name, _, span = row.partition(":")
        since, _, until = span.partition("-")
        yield name, (_release(since), _release(until) or None)


def _x86() -> Iterator[tuple[str, _Span]]:
    from .x86 import X86_MODELS, X86_VERSIONS

    models = dict(_rows(X86_MODELS))
    yield from models.items()
    for row in X86_VERSIONS.strip().split(";"):
        releases, _, names = row.partition("=")
        for name in names.split():
            for number, release in enumerate(releases.split(), 1):
                yield f"{name}-v{number}", (_release(release), models[name][1])


@functools.cache
def _models(processor: str) -> Mapping[str, _Span] | None:
    """Return the models of a program, None for one whose models are not known."""
    rows: dict[str, _Span]
    match processor:
        case "x86_64":
            rows = dict(_x86())
        case "arm" | "aarch64":
            from .arm import AARCH64_MODELS, ARM_MODELS

            more = AARCH64_MODELS if processor == "aarch64" else ""
            rows = dict(_rows(ARM_MODELS + more))
        case "ppc64":
            from .ppc64 import PPC64_MODELS

            rows = dict(_rows(PPC64_MODELS))
        case "s390x":
            from .s390x import S390X_MODELS

            rows = dict(_rows(S390X_MODELS))
            rows |= {
                f"{name}-base": span for name, span in rows.items() if name not in ("max", "qemu")
            }
        case _:
            return None
    return MappingProxyType(rows)


@functools.lru_cache(maxsize=256)
def knows_model(processor: str, name: str, release: Release) -> bool:
    """Return whether -cpu of a program finds a model; ``host`` is one on any KVM.

    pseries' programs take capitals for small letters, and the number of a version in
    hexadecimal.
    """
    models = _models(processor)
    if models is None or name == "host":
        return True
    if processor == "ppc64":
        name = name.lower()
        if re.fullmatch(r"[0-9a-f]{8}", name):
            return True
    span = models.get(name)
    return span is not None and is_between(release, *span)
