"""Text of the fonts that were used before Unicode, TCVN3 (ABC) and VNI, to Unicode.

Such fonts drew Vietnamese letters in the places of Western ones, so what is stored looks like
Windows-1252: "Hå s¬" is TCVN3 for "Hồ sơ", "Hoà sô" is VNI for it. The capitals of the TCVN3 fonts
``.VnTimeH`` have the codes of the small letters and come out as these.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from chiso766.readers.syllable import Likeness, likeness

# Code -> letter, without the codes that are no letters.
_TCVN3_LETTERS = {
    0xA1: "ĂÂÊÔƠƯĐăâêôơưđ",
    0xB5: "àảãáạ",
    0xBB: "ằẳẵắ",
    0xC6: "ặầẩẫấậè",
    0xCE: "ẻẽéẹềểễếệìỉ",
    0xDC: "ĩíịò",
    0xE1: "ỏõóọồổỗốộờởỡớợù",
    0xF1: "ủũúụừửữứựỳỷỹýỵ",
}
_TCVN3 = {
    first + place: letter
    for first, letters in _TCVN3_LETTERS.items()
    for place, letter in enumerate(letters)
}

# Letter -> the signs behind it (the hat or breve and the tone) and what they make of it.
_VNI_SIGNS = {
    "a": ("ùøûõïêéèúüëâáàåãä", "áàảãạăắằẳẵặâấầẩẫậ"),
    "e": ("ùøûõïâáàåãä", "éèẻẽẹêếềểễệ"),
    "o": ("ùøûõïâáàåãä", "óòỏõọôốồổỗộ"),
    "ô": ("ùøûõï", "ớờởỡợ"),
    "u": ("ùøûõï", "úùủũụ"),
    "ö": ("ùøûõï", "ứừửữự"),
    "y": ("ùøûõ", "ýỳỷỹ"),
    "": ("íìæóòîñôö", "íìỉĩịỵđơư"),
}
_VNI_SMALL = {
    letter + sign: made
    for letter, (signs, letters) in _VNI_SIGNS.items()
    for sign, made in zip(signs, letters, strict=True)
}
# A sign may be small behind a capital, as in "Aán".
_VNI = (
    _VNI_SMALL
    | {pair.upper(): made.upper() for pair, made in _VNI_SMALL.items()}
    | {pair.capitalize(): made.upper() for pair, made in _VNI_SMALL.items()}
)
_VNI_LETTER = re.compile("|".join(sorted(_VNI, key=len, reverse=True)))

# What neither kind of font can hold: a text with one of these is Unicode already.
_UNICODE = re.compile("[ĂăĐđĨĩŨũƠơƯư\u0300-\u0323\u1ea0-\u1ef9]")

_TEXT = re.compile("[^\n\t;,]+")
_LEAST_GAIN = 0.25  # in the share of words that are Vietnamese

Convert = Callable[[str], str]


def _is_unicode(text: str) -> bool:
    return text.isascii() or bool(_UNICODE.search(text))


def _from_tcvn3(text: str) -> str:
    """TCVN3 to NFC; a text that is Unicode already stays."""
    return text if _is_unicode(text) else text.translate(_TCVN3)


def _from_vni(text: str) -> str:
    """VNI to NFC; a text that is Unicode already stays."""
    return text if _is_unicode(text) else _VNI_LETTER.sub(_vni_letter, text)


def _vni_letter(match: re.Match[str]) -> str:
    return _VNI[match[0]]


FONTS: dict[str, Convert] = {"TCVN3": _from_tcvn3, "VNI": _from_vni}


def converter(sample: str) -> Convert | None:
    """What turns each text of a table into Unicode (NFC), judged by a sample of its texts.

    ``sample``: one text on a line, or the lines of a CSV. None where it is ASCII, Unicode already
    or in another language: converting must make it clearly more Vietnamese than it is.
    """
    name = font(sample)
    return FONTS[name] if name else None


def font(sample: str) -> str | None:
    """The kind of font, one of ``FONTS``, for which ``converter`` has a conversion."""
    found = {name: likeness_in(name, sample) for name in FONTS}
    best = max(found, key=lambda name: found[name].syllables)
    gain = found[best].share - likeness(sample).share
    return best if found[best].is_vietnamese and gain >= _LEAST_GAIN else None


def likeness_in(name: str, sample: str) -> Likeness:
    """How Vietnamese a sample looks when its texts are taken for ones of this kind of font."""
    return likeness(_TEXT.sub(lambda text: FONTS[name](text[0]), sample))
