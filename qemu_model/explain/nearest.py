"""The known messages nearest to a text: those that share its rarest words."""

# SPDX-License-Identifier: GPL-2.0-or-later

from __future__ import annotations

import math
import re
from collections import Counter
from functools import cache
from typing import Final

from .causes import causes_of
from .known import Known, known_messages

_WORD: Final = re.compile(r"[a-z_]{3,24}")
#: How many different words of a text are looked at.
ENOUGH: Final = 5000
#: What a word in the causes weighs beside one in the message itself.
BESIDE: Final = 0.5


def words(text: str) -> set[str]:
    """Return the words of a text, in lower case, the first :data:`ENOUGH` of them."""
    found: set[str] = set()
    for match in _WORD.finditer(text.lower()):
        found.add(match[0])
        if len(found) >= ENOUGH:
            break
    return found


@cache
def _index() -> tuple[tuple[Known, frozenset[str], frozenset[str]], ...]:
    rows = []
    for known in known_messages():
        spoken = frozenset(words(known.template))
        around = [known.function, *known.conditions]
        around += [cause.text for cause in causes_of(known, None)]
        rows.append((known, spoken, frozenset(words(" ".join(around))) - spoken))
    return tuple(rows)


@cache
def _rarity() -> dict[str, float]:
    counted = Counter(word for _, spoken, around in _index() for word in spoken | around)
    return {word: math.log(1 + len(_index()) / count) for word, count in counted.items()}


@cache
def _vocabulary() -> tuple[str, ...]:
    return tuple(sorted({word for _, spoken, _ in _index() for word in spoken}))


def _spelt_right(given: set[str]) -> set[str]:
    """Return the words, with the known word beside each of the few that are not known."""
    import difflib

    unknown = sorted(given - _rarity().keys())[:20]
    near = [difflib.get_close_matches(word, _vocabulary(), n=1, cutoff=0.75) for word in unknown]
    return given | {word for found in near for word in found}


def nearest(text: str, count: int = 3) -> list[Known]:
    """Return at most ``count`` messages that share words with ``text``, the nearest first."""
    given = _spelt_right(words(text))
    rarity = _rarity()
    scored = []
    for known, spoken, around in _index():
        shared = sum(rarity[word] for word in given & spoken)
        shared += BESIDE * sum(rarity[word] for word in given & around)
        whole = sum(rarity[word] for word in spoken) + 1
        if shared > 0:
            scored.append((shared / math.sqrt(whole), known))
    scored.sort(key=lambda item: -item[0])
    return [known for _, known in scored[:count]]
