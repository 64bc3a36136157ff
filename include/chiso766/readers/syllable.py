"""How Vietnamese a text looks: the share of its words that can be syllables of the language.

A syllable is an onset, a rhyme and one of six tones; a rhyme that ends in a stop (``c``, ``ch``,
``p``, ``t``) takes only two of them. This tells in which encoding a text makes sense.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_TONES = "\u0300\u0301\u0303\u0309\u0323"  # grave, acute, tilde, hook above, dot below
_STOPS = ("c", "ch", "p", "t")
_TONES_OF_STOPS = (["\u0301"], ["\u0323"])

_ONSETS = "b ch d đ gi h kh l m n nh p ph qu r s t th tr v x"
_FRONT_ONSETS = "gh k ngh"  # only before e ê i y
_BACK_ONSETS = "c g ng"  # never there, but for g before i

# The vowels of a rhyme and what may follow them; "-": nothing.
_RHYMES = {
    "a": "- i o u y m n ng nh p t c ch",
    "ă": "m n ng p t c",
    "â": "m n ng p t c u y",
    "e": "- m n ng p t c o",
    "ê": "- m n nh p t ch u",
    "i": "- m n nh p t ch u a",
    "iê": "m n ng p t c u",
    "o": "- m n ng p t c i",
    "oa": "- i o y m n ng nh p t c ch",
    "oă": "m n ng t c",
    "oe": "- n o t",
    "oo": "ng c",
    "ô": "- i m n ng p t c",
    "ơ": "- i m n p t",
    "u": "- i m n ng p t c a",
    "uâ": "n ng t y",
    "uê": "- nh ch",
    "uô": "i m n ng t c",
    "uơ": "-",
    "uy": "- a n nh p t ch u",
    "uyê": "n t",
    "ư": "- i m ng t c u a",
    "ươ": "i m n ng p t c u",
    "y": "- n nh p t ch",
    "yê": "m n ng t u",
}
_FEWEST_WORDS = 2
_LOWEST_SHARE = 0.8

_WORD = re.compile(r"[^\W\d_]{2,}")
_ABBREVIATION = re.compile("[B-DF-HJ-NP-TVXĐ]{2,6}")  # QĐ, HĐND, NĐ


def _toneless_syllables() -> frozenset[str]:
    rhymes = [
        vowels + final.strip("-") for vowels, finals in _RHYMES.items() for final in finals.split()
    ]
    front = [rhyme for rhyme in rhymes if rhyme[0] in "eêiy"]
    back = [rhyme for rhyme in rhymes if rhyme[0] not in "eêiy"]
    with_i = [rhyme for rhyme in rhymes if rhyme[0] == "i"]
    combined = [(_ONSETS, rhymes), (_FRONT_ONSETS, front), (_BACK_ONSETS, back), ("g", with_i)]
    return frozenset(rhymes) | {
        onset + rhyme
        for onsets, following in combined
        for onset in onsets.split()
        for rhyme in following
        if onset[-1] != rhyme[0]  # giêng is g and iêng
    }


_SYLLABLES = _toneless_syllables()


@lru_cache(maxsize=10_000)
def is_syllable(word: str) -> bool:
    """Whether a word (NFC) can be a Vietnamese syllable, or an abbreviation such as QĐ.

    The place of the tone mark is free.
    """
    if _ABBREVIATION.fullmatch(word):
        return True
    letters = unicodedata.normalize("NFD", word.lower())
    tones = [mark for mark in letters if mark in _TONES]
    toneless = "".join(letter for letter in letters if letter not in _TONES)
    if len(tones) > 1 or unicodedata.normalize("NFC", toneless) not in _SYLLABLES:
        return False
    return not toneless.endswith(_STOPS) or tones in _TONES_OF_STOPS


@dataclass(frozen=True)
class Likeness:
    """The different words of a text that have a letter beyond ASCII, and how many are syllables."""

    words: int
    syllables: int

    @property
    def share(self) -> float:
        return self.syllables / self.words if self.words else 0.0

    @property
    def is_vietnamese(self) -> bool:
        return self.syllables >= _FEWEST_WORDS and self.share >= _LOWEST_SHARE


def likeness(text: str) -> Likeness:
    """How Vietnamese a text looks."""
    words = set(_WORD.findall(unicodedata.normalize("NFC", text)))
    marked = [word for word in words if not word.isascii()]
    return Likeness(len(marked), sum(map(is_syllable, marked)))
