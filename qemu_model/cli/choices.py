"""The revision and the host that a command line names."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

from typing import TYPE_CHECKING

from ..host.protocol import Host
from ..revision import RELEASES, REVISIONS, Revision, UnknownRevision, find
from .options import UsageError, nearest

if TYPE_CHECKING:
    from ..front_end import NotModelled


def choose_revision(name: str) -> Revision:
    """Return the revision called ``name``.  Raises :class:`UsageError` with what there is."""
    try:
        return find(name)
    except UnknownRevision as error:
        raise UsageError(str(error)) from error


def choose_revisions(text: str) -> list[Revision]:
    """Return the revisions with these names, commas between them; ``all``, or ``releases``.

    Raises :class:`UsageError` with what there is.
    """
    if text == "all":
        return list(REVISIONS.values())
    if text == "releases":
        return list(RELEASES)
    return [choose_revision(name) for name in text.split(",")]


def choose_host(name: str, *, force: bool = False, allow_discard: bool = False) -> Host:
    """Return the host called ``name``: ``live``, or ``sim:`` and a profile or its file.

    ``force`` and ``allow_discard`` are for the live host.  Raises :class:`UsageError`.
    """
    if name == "live":
        from ..host.live import LiveHost
        from ..host.protocol import HostRefuses

        try:
            return LiveHost(force=force, allow_discard=allow_discard)
        except HostRefuses as error:
            raise UsageError(str(error)) from error
    if name.startswith("sim:"):
        from ..host import profiles
        from ..host.simulated import SimulatedHost

        try:
            return SimulatedHost(profiles.load(name.removeprefix("sim:")))
        except profiles.ProfileError as error:
            raise UsageError(str(error)) from error
    raise UsageError(
        f"no host is called '{name}'{_nearest_host(name)}; there are live and sim:PROFILE"
    )


def _nearest_host(name: str) -> str:
    from ..host import profiles

    near = nearest(name, ["live", *(f"sim:{known}" for known in profiles.names())])
    return f", did you mean{near.removeprefix('; did you mean')}" if near else ""


def not_modelled(error: NotModelled) -> UsageError:
    """Return the error for a QMP command that QEMU has and the model has not."""
    return UsageError(
        f"QEMU has the QMP command '{error}', the model has not: it knows object-add, "
        "object-del, qom-get, qom-set, query-memdev, qmp_capabilities and quit"
    )
