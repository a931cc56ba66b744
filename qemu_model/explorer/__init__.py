"""The explorer: one page in which every choice shows its calls, its mapping and its outcome.

Nothing on the page is computed a second time: :mod:`.matrix` runs the model over all
choices of :mod:`.controls`, :mod:`.picture` reads the mapping off the calls, and
:mod:`.page` puts the answers into one HTML file.
"""

# SPDX-License-Identifier: GPL-2.0-or-later
