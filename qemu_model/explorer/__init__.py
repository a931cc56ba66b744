"""The explorer: a page that runs this model in a browser.

:mod:`.answers` puts together what the page shows for a text, from the functions that the
commands use; :mod:`.runtime` fetches Python for the browser, :mod:`.bundle` packs this
package for it, and :mod:`.html` makes one HTML file or a web site of all that.
"""

# SPDX-License-Identifier: GPL-2.0-or-later
