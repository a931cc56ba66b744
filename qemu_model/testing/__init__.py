"""For tests of what is built on the model: strategies for Hypothesis.

Nothing else of the package imports this one: it needs Hypothesis, which comes with
``pip install qemu-model[testing]``.
"""

# SPDX-License-Identifier: GPL-2.0-or-later
