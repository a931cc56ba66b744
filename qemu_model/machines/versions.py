"""The versions of machine types, and how long QEMU keeps each."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import Final

from ..revisions.release import Release

#: All versions.  That of the next release is in the development tree already.
VERSIONS: Final[tuple[Release, ...]] = (
    (11, 1), (11, 0), (10, 2), (10, 1), (10, 0), (9, 2), (9, 1), (9, 0), (8, 2), (8, 1), (8, 0),
    (7, 2), (7, 1), (7, 0), (6, 2), (6, 1), (6, 0), (5, 2), (5, 1), (5, 0), (4, 2), (4, 1),
    (4, 0), (3, 1), (3, 0), (2, 12), (2, 11), (2, 10), (2, 9), (2, 8), (2, 7), (2, 6), (2, 5),
    (2, 4), (2, 3), (2, 2), (2, 1), (2, 0), (1, 7), (1, 6), (1, 5), (1, 4), (1, 3), (1, 2),
    (1, 1), (1, 0), (0, 15), (0, 14), (0, 13), (0, 12), (0, 11), (0, 10),
)  # fmt: skip
#: A version of its own that only q35 has, from 4.1 on.
_Q35_BUGFIX: Final[Release] = (4, 0, 1)
_OLDEST_Q35: Final[Release] = (2, 4)
Q35_VERSIONS: Final = (*(v for v in VERSIONS if v >= _OLDEST_Q35), _Q35_BUGFIX)
#: Up to 1.3 the name has no chipset.
_LAST_PLAIN_PC: Final[Release] = (1, 3)
#: The development tree from which the 4.0 types are.
DEVELOPMENT: Final[Release] = (3, 1, 50)
EXPIRED: Final = "machines more than 3 years old are subject to deletion after 6 years"
#: From 9.1 on a type is deprecated after three major releases, from 10.1 on deleted after six.
_RULE_OF_DEPRECATION: Final[Release] = (9, 1)
_RULE_OF_DELETION: Final[Release] = (10, 1)


def version_text(version: Release) -> str:
    """Return ``9.1`` for ``(9, 1)``."""
    return ".".join(map(str, version))


def pc_name(chipset: str, version: Release) -> str:
    """Return what a PC is called in one of its versions."""
    name = "pc" if version <= _LAST_PLAIN_PC else f"pc-{chipset}"
    return f"{name}-{version_text(version)}"


#: The names of all machine types of qemu-system-x86_64.
X86_NAMES: Final = (
    "microvm",
    *(pc_name("i440fx", version) for version in VERSIONS),
    *(pc_name("q35", version) for version in Q35_VERSIONS),
    "isapc",
    "none",
    "x-remote",
)


def since_release(version: Release) -> Release:
    """Return the release that has the types of a version first."""
    return {(4, 0): DEVELOPMENT, _Q35_BUGFIX: (4, 1)}.get(version, version)


def deleted_in(version: Release) -> Release:
    """Return the release that deletes the types of a version as too old."""
    return max(_RULE_OF_DELETION, (version[0] + 6, version[1]))


def expired_since(version: Release) -> tuple[Release, str]:
    """Return the release that first calls the types of a version too old, and its words."""
    return max(_RULE_OF_DEPRECATION, (version[0] + 3, version[1])), EXPIRED
