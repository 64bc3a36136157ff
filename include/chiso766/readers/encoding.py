"""In which encoding a table is written, told by the whole file, not by its beginning.

UTF-8, UTF-16 and ASCII can be seen from the bytes. What is none of these may be Windows-1258, or
text of the fonts before Unicode (TCVN3, VNI), which is told by its words: the encoding must make
them Vietnamese. Text of such fonts also comes packed in UTF-8 and UTF-16.
"""

from __future__ import annotations

import codecs
import io
from dataclasses import dataclass
from functools import partial
from itertools import chain

from chiso766.readers.export import Refused
from chiso766.readers.old_fonts import FONTS, Convert, font, likeness_in
from chiso766.readers.syllable import likeness

_CHUNK = 1 << 18
_START = 4096  # bytes in which UTF-16 without a byte order mark is seen
_SAMPLE = 1 << 16  # characters of lines that are not ASCII


@dataclass(frozen=True)
class Encoding:
    """How the bytes of a table become text.

    ``name``: for people. ``codec``: of Python. ``convert``: makes Unicode of each text that
    ``codec`` gives; None where it is Unicode already, though not always NFC.
    """

    name: str
    codec: str
    convert: Convert | None = None


def recognise(file: io.BufferedReader) -> Encoding:
    """The encoding of a text table, from where ``file`` stands to its end; it stands there again.

    Raises ``Refused`` where no encoding makes sense of it.
    """
    start = file.tell()
    utf_16 = _utf_16(file)
    try:
        encoding = _unicode(utf_16 or "utf-8", _sample(file, utf_16 or "utf-8"))
    except UnicodeDecodeError:
        if utf_16:
            raise Refused("là UTF-16 bị cắt cụt hoặc hỏng: hãy gửi lại trọn tệp.") from None
        encoding = None
    file.seek(start)
    if encoding is None:
        encoding = _before_unicode(_sample(file, "latin-1").encode("latin-1"))
        file.seek(start)
    if encoding is None:
        raise Refused(not_utf_8(file))
    return encoding


def require_utf_8(file: io.BufferedReader) -> None:
    """Raise ``Refused`` or ``UnicodeDecodeError`` where a file begins in another encoding."""
    if _utf_16(file):
        raise Refused("là UTF-16, mà JSON phải là UTF-8: hãy xuất lại bằng UTF-8.")
    codecs.getincrementaldecoder("utf-8")().decode(file.peek(_START)[:_START])


def not_utf_8(file: io.BufferedReader) -> str:
    """What is wrong with a file that is not UTF-8, and where, from where it stands."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    line, byte = 1, 1
    for piece in chain(iter(partial(file.readline, _CHUNK), b""), [b""]):
        try:
            decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            byte += error.start - len(error.object) + len(piece)
            break
        line, byte = (line + 1, 1) if piece.endswith(b"\n") else (line, byte + len(piece))
    return f"không phải UTF-8 (dòng {line}, byte {byte}): hãy xuất lại bằng UTF-8."


def _utf_16(file: io.BufferedReader) -> str | None:
    """The codec of UTF-16: by its byte order mark, or because every other byte of ASCII is NUL."""
    start = file.peek(_START)[:_START]
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    first, second = start[::2].count(0), start[1::2].count(0)
    if max(first, second) * 4 <= len(start) or min(first, second) * 64 > len(start):
        return None
    return "utf-16-be" if first > second else "utf-16-le"


def _sample(file: io.BufferedReader, codec: str) -> str:
    """Of a whole file, which must be of this codec, the first lines that are not ASCII."""
    decoder = codecs.getincrementaldecoder(codec)()
    lines: list[str] = []
    wanted = _SAMPLE
    while chunk := file.read(_CHUNK):
        text = decoder.decode(chunk)
        if wanted > 0 and not text.isascii():
            found = [line for line in text.split("\n") if not line.isascii()]
            lines += found
            wanted -= sum(map(len, found))
    decoder.decode(b"", final=True)
    return "\n".join(lines)


def _unicode(codec: str, sample: str) -> Encoding:
    name = "UTF-8" if codec == "utf-8" else "UTF-16"
    old = font(sample)
    return Encoding(f"{name} với phông {old}", codec, FONTS[old]) if old else Encoding(name, codec)


def _before_unicode(sample: bytes) -> Encoding | None:
    """The encoding in which the words are Vietnamese; None where there is no such, or not one."""
    text = sample.decode("utf-8", "replace")
    beyond_ascii = sum(not letter.isascii() for letter in text)
    if beyond_ascii >= 2 * text.count("\ufffd"):
        return None  # UTF-8 with a wrong byte somewhere
    western = sample.decode("cp1252", "replace")
    found = {Encoding("Windows-1258", "cp1258"): likeness(sample.decode("cp1258", "replace"))} | {
        Encoding(name, "cp1252", convert): likeness_in(name, western)
        for name, convert in FONTS.items()
    }
    best = max(found, key=lambda encoding: found[encoding].syllables)
    is_one = [each.syllables for each in found.values()].count(found[best].syllables) == 1
    return best if is_one and found[best].is_vietnamese else None
