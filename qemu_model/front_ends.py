"""The two front ends: before 6.0, and since."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import functools

from .front_end import FrontEnd
from .revision import Revision


def front_end_of(revision: Revision) -> FrontEnd:
    """Return the front end of a tree."""
    return _front_end(revision.vl.reads_options_with_qapi)


@functools.cache
def _front_end(reads_options_with_qapi: bool) -> FrontEnd:
    """Return a front end; the newer one is imported only where it is used."""
    if reads_options_with_qapi:
        from .front_end_since_6_0 import FRONT_END
    else:
        from .front_end_before_6_0 import FRONT_END
    return FRONT_END
