"""Every tree of QEMU that the model knows: releases, the series, its postings.

A tree is a value, a :class:`~qemu_model.revisions.revision.Revision`; a release and a
patch are functions from one tree to the next.
"""

# SPDX-License-Identifier: GPL-2.0-or-later
