"""Tables in the encodings of old systems become the same Unicode; what is not clear is refused."""

from __future__ import annotations

import gzip
import io
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiso766.readers import reading
from chiso766.readers.encoding import recognise
from chiso766.readers.export import Refused
from chiso766.readers.old_fonts import converter
from chiso766.readers.syllable import is_syllable
from chiso766.rows import text
from chiso766.sample.units import read_data
from chiso766.sources import SOURCES

UNITS = SOURCES["units"]

# By hand, vowel by vowel: without a tone, huyền, hỏi, ngã, sắc, nặng.
TONES = ["", "\u0300", "\u0309", "\u0303", "\u0301", "\u0323"]
TCVN3 = """
    a  a  µ  ¶  ·  ¸  ¹
    ă  ¨  »  ¼  ½  ¾  Æ
    â  ©  Ç  È  É  Ê  Ë
    e  e  Ì  Î  Ï  Ð  Ñ
    ê  ª  Ò  Ó  Ô  Õ  Ö
    i  i  ×  Ø  Ü  Ý  Þ
    o  o  ß  á  â  ã  ä
    ô  «  å  æ  ç  è  é
    ơ  ¬  ê  ë  ì  í  î
    u  u  ï  ñ  ò  ó  ô
    ư  \xad  õ  ö  ÷  ø  ù
    y  y  ú  û  ü  ý  þ
    đ  ®
    Ă  ¡
    Â  ¢
    Ê  £
    Ô  ¤
    Ơ  ¥
    Ư  ¦
    Đ  §
"""
VNI = """
    a  a  aø aû aõ aù aï
    ă  aê aè aú aü aé aë
    â  aâ aà aå aã aá aä
    e  e  eø eû eõ eù eï
    ê  eâ eà eå eã eá eä
    i  i  ì  æ  ó  í  ò
    o  o  oø oû oõ où oï
    ô  oâ oà oå oã oá oä
    ơ  ô  ôø ôû ôõ ôù ôï
    u  u  uø uû uõ uù uï
    ư  ö  öø öû öõ öù öï
    y  y  yø yû yõ yù î
    đ  ñ
"""


def table(written: str) -> dict[str, str]:
    """Letter -> how it is written, for every letter that is not plain ASCII."""
    letters = {}
    for line in written.strip().split("\n"):
        letter, *forms = line.strip(" ").split(" ")
        forms = [form for form in forms if form]
        for tone, form in zip(TONES, forms, strict=False):
            letters[unicodedata.normalize("NFC", letter + tone)] = form
    return {letter: form for letter, form in letters.items() if not letter.isascii()}


TCVN3_LETTERS = table(TCVN3)
VNI_SMALL_LETTERS = table(VNI)
VNI_LETTERS = VNI_SMALL_LETTERS | {
    letter.upper(): form.upper() for letter, form in VNI_SMALL_LETTERS.items()
}
LETTERS = sorted(VNI_LETTERS)


def as_tcvn3(given: str) -> str:
    """Capitals with a tone have the codes of the small letters, as the fonts have them."""
    return "".join(TCVN3_LETTERS.get(c) or TCVN3_LETTERS.get(c.lower(), c) for c in given)


def as_vni(given: str) -> str:
    return "".join(VNI_LETTERS.get(letter, letter) for letter in given)


def in_1258(given: str) -> bytes:
    """Letters with hat, horn or breve, and their tones as signs of their own."""
    decomposed = unicodedata.normalize("NFD", given)
    for base, sign in ("aâ", "eê", "oô", "aă", "oơ", "uư"):
        mark = unicodedata.normalize("NFD", sign)[1]
        for tone in TONES:
            for small, made in ((base, sign), (base.upper(), sign.upper())):
                decomposed = decomposed.replace(small + tone + mark, made + tone)
                decomposed = decomposed.replace(small + mark + tone, made + tone)
    return decomposed.encode("cp1258")


IN_BYTES: dict[str, Callable[[str], bytes]] = {
    "UTF-8": str.encode,
    "UTF-8 NFD": lambda given: unicodedata.normalize("NFD", given).encode(),
    "UTF-8 with a mark": lambda given: given.encode("utf-8-sig"),
    "UTF-16": lambda given: given.encode("utf-16"),
    "UTF-16 BE": lambda given: b"\xfe\xff" + given.encode("utf-16-be"),
    "UTF-16 LE without a mark": lambda given: given.encode("utf-16-le"),
    "UTF-16 BE without a mark": lambda given: given.encode("utf-16-be"),
    "Windows-1258": in_1258,
    "TCVN3": lambda given: as_tcvn3(given).encode("latin-1"),
    "VNI": lambda given: as_vni(given).encode("latin-1"),
    "TCVN3 in UTF-8": lambda given: as_tcvn3(given).encode(),
    "VNI in UTF-8": lambda given: as_vni(given).encode(),
    "TCVN3 in UTF-16": lambda given: as_tcvn3(given).encode("utf-16"),
}
NAMES = [unit["name"] for unit in read_data("communes.csv", ",")]
VIETNAMESE = [*NAMES, *(procedure["name"] for procedure in read_data("procedures.csv"))]
HEADER = "Mã đơn vị;Tên đơn vị;Ghi chú nội bộ\r\n"
TABLE = (
    HEADER
    + 'H24.1;UBND Phường Thành Đông;"dòng một\r\ndòng hai"\r\n'
    + "H24.2;Sở Nông nghiệp và Môi trường;\r\n"
)
ROWS = [
    (2, {"MaDonVi": "H24.1", "TenDonVi": "UBND Phường Thành Đông"}),
    (4, {"MaDonVi": "H24.2", "TenDonVi": "Sở Nông nghiệp và Môi trường"}),
]
NOTES = ["dòng một\r\ndòng hai", None]


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHISO_HOME", str(tmp_path / "home"))


class Read:
    """Writes bytes as a file and reads it; values come as they are stored."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "landed"

    def __call__(self, content: bytes, name: str = "a.csv") -> list[tuple[int, Any]]:
        self._path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        with reading(self._path, name, UNITS) as export:
            return [(line, self._stored(row)) for line, row in export.lines]

    def _stored(self, row: Any) -> Any:
        return {text(name): text(value) for name, value in row.items()}

    def form(self, content: bytes) -> str:
        self(content)
        with reading(self._path, "a.csv", UNITS) as export:
            return export.form

    def refusal(self, content: bytes, name: str = "a.csv") -> str:
        with pytest.raises(Refused) as refused:
            self(content, name)
        return str(refused.value)


@pytest.fixture
def read(tmp_path: Path) -> Read:
    return Read(tmp_path)


# --- letters --------------------------------------------------------------------------------


def test_all_134_letters_are_tested() -> None:
    assert len(set(LETTERS)) == 134
    assert len(set(TCVN3_LETTERS)) == len(set(TCVN3_LETTERS.values())) == 67 + 7
    assert len(set(VNI_LETTERS.values())) == 134


@pytest.mark.parametrize("letter", LETTERS)
def test_every_letter_of_every_encoding_comes_out_as_itself(letter: str) -> None:
    sample = "hồ sơ, thủ tục, đơn vị"
    from_tcvn3, from_vni = converter(as_tcvn3(sample)), converter(as_vni(sample))
    assert from_tcvn3
    assert from_vni

    assert from_vni(as_vni(letter)) == letter
    assert from_tcvn3(as_tcvn3(letter)) == (letter if letter in TCVN3_LETTERS else letter.lower())
    assert text(in_1258(letter).decode("cp1258")) == letter


def test_a_sign_of_vni_may_be_small_behind_a_capital() -> None:
    convert = converter("Hoà sô, thuû tuïc, ñôn vò")
    assert convert

    assert convert("Aán baûn, YÙ kieán, Yù kieán, ÑAÁT") == "Ấn bản, Ý kiến, Ý kiến, ĐẤT"


# --- syllables ------------------------------------------------------------------------------

WORDS = """
    Nguyễn Quỳnh giếng gìn khuỷu nghiêng ngoằn quốc yêu thuở khuya hòa hoà xoèn soóc tuýp QĐ HĐND ưu
    ướt quyết người Ỷ ĐẶNG gì quýt nghĩa kỷ
"""
OTHER_WORDS = """
    cảc hòc tât hôp thìch gẹ ngề cế kô ghă Café Müller Noël đđa Hå bánhs ngễ gií quú fô wê zạ ầă
"""


@pytest.mark.parametrize(
    "word",
    WORDS.split(),
)
def test_words_of_the_language_are_syllables(word: str) -> None:
    assert is_syllable(word)


@pytest.mark.parametrize(
    "word",
    OTHER_WORDS.split(),
)
def test_other_words_are_none_nor_is_a_stop_with_a_tone_it_cannot_have(word: str) -> None:
    assert not is_syllable(word)


def test_names_of_units_and_procedures_are_made_of_syllables() -> None:
    words = {word.strip(",.;()") for name in VIETNAMESE for word in name.replace("/", " ").split()}
    marked = {word for word in words if word.isalpha() and not word.isascii()}

    assert len(marked) > 400
    assert {word for word in marked if not is_syllable(word)} == set()


# --- which encoding -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
@pytest.mark.parametrize("encoding", IN_BYTES)
def test_a_table_in_any_encoding_is_the_same_table(read: Read, encoding: str, name: str) -> None:
    rows = read(IN_BYTES[encoding](TABLE), name)

    notes = [row.pop("Ghi chú nội bộ") for _, row in rows]
    assert rows == ROWS
    assert notes == NOTES


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("UTF-8", "UTF-8"),
        ("UTF-8 with a mark", "UTF-8"),
        ("UTF-16 BE without a mark", "UTF-16"),
        ("Windows-1258", "Windows-1258"),
        ("TCVN3", "TCVN3"),
        ("VNI", "VNI"),
        ("TCVN3 in UTF-8", "UTF-8 với phông TCVN3"),
        ("VNI in UTF-8", "UTF-8 với phông VNI"),
    ],
)
def test_people_are_told_the_encoding(read: Read, encoding: str, name: str) -> None:
    assert read.form(IN_BYTES[encoding](TABLE)) == f"CSV, {name}, ngăn cách bằng dấu chấm phẩy"


@pytest.mark.parametrize("encoding", IN_BYTES)
def test_vietnamese_that_comes_only_far_below_is_seen(read: Read, encoding: str) -> None:
    ascii_rows = "".join(f"H24.{number},\n" for number in range(60_000))
    table = f"MaDonVi,TenDonVi\n{ascii_rows}H25,Phường Thành Đông\nH26,Xã Hà Bắc\n"

    rows = read(IN_BYTES[encoding](table))

    assert [row["TenDonVi"] for _, row in rows[-3:]] == [None, "Phường Thành Đông", "Xã Hà Bắc"]


@pytest.mark.parametrize("encoding", [name for name in IN_BYTES if "TCVN3" not in name])
def test_capitals_stay_capitals(read: Read, encoding: str) -> None:
    table = "MÃ ĐƠN VỊ,TÊN ĐƠN VỊ\nH24,PHƯỜNG NHỊ CHIỂU\n"

    assert read(IN_BYTES[encoding](table)) == [
        (2, {"MaDonVi": "H24", "TenDonVi": "PHƯỜNG NHỊ CHIỂU"})
    ]


def test_capitals_of_tcvn3_that_only_the_font_shows_come_out_small(read: Read) -> None:
    table = "MÃ ĐƠN VỊ,TÊN ĐƠN VỊ\nH24,SỞ NỘI VỤ ĐÔNG\n"

    assert read(IN_BYTES["TCVN3"](table)) == [(2, {"MaDonVi": "H24", "TenDonVi": "Sở NộI Vụ ĐÔNG"})]


def test_unicode_titles_above_values_of_an_old_font_are_both_read(read: Read) -> None:
    table = HEADER + "".join(f"H24.{n};{as_tcvn3(name)};\n" for n, name in enumerate(NAMES))

    names = [row["TenDonVi"].lower() for _, row in read(table.encode())]
    assert names == [name.lower() for name in NAMES]


@pytest.mark.parametrize("font", [as_tcvn3, as_vni])
def test_a_column_of_an_old_font_beside_unicode_is_converted_alone(
    read: Read, font: Callable[[str], str]
) -> None:
    table = HEADER + "".join(f"H24.{n};{font(name)};Có thật\n" for n, name in enumerate(NAMES))

    rows = [row for _, row in read(table.encode())]
    assert [row["TenDonVi"].lower() for row in rows] == [name.lower() for name in NAMES]
    assert {row["Ghi chú nội bộ"] for row in rows} == {"Có thật"}


@given(st.lists(st.sampled_from(VIETNAMESE), min_size=1, max_size=5), st.sampled_from(["\n", ";"]))
def test_unicode_is_never_taken_for_an_old_font(names: list[str], between: str) -> None:
    assert converter(between.join(names)) is None


@given(st.sets(st.sampled_from(VIETNAMESE), min_size=6, max_size=12))
def test_a_few_names_are_enough_to_tell_the_encoding(names: set[str]) -> None:
    sample = "\n".join(names)

    told = {
        encoding: recognise(io.BufferedReader(io.BytesIO(IN_BYTES[encoding](sample)))).name  # type: ignore[arg-type]
        for encoding in ("Windows-1258", "TCVN3", "VNI", "TCVN3 in UTF-8", "VNI in UTF-8")
    }

    assert told == {
        "Windows-1258": "Windows-1258",
        "TCVN3": "TCVN3",
        "VNI": "VNI",
        "TCVN3 in UTF-8": "UTF-8 với phông TCVN3",
        "VNI in UTF-8": "UTF-8 với phông VNI",
    }


@pytest.mark.parametrize(
    "sample",
    [
        "",
        "Ho so, thu tuc",
        "Café, Müller, Noël, señor, Citroën",
        "Société générale, être, déjà vu, garçon, où",
        "Straße, Größe, für, über, schön, Jürgen",
        "Hồ sơ của Café Müller, 5 µm × 3 m², «§ 4», © 2026",
        "Hoà, sô",
        "3 × 4 µm, ½",
        "档案, Иванов, ฉัน",
    ],
)
def test_other_texts_are_left_as_they_are(sample: str) -> None:
    assert converter(sample) is None


def test_texts_that_are_unicode_are_not_converted_even_where_others_are() -> None:
    convert = converter("Hå s¬, thñ tôc, ®¬n vÞ")
    assert convert

    assert convert("Phường Café") == "Phường Café"
    assert convert("plain") == "plain"


# --- what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-8 NFD"])
def test_a_table_with_one_wrong_byte_in_its_utf_8_is_refused(read: Read, encoding: str) -> None:
    table = IN_BYTES[encoding](
        TABLE + "".join(f"H25.{n};{name};\n" for n, name in enumerate(NAMES))
    )
    for place in range(0, len(table), 97):
        sentence = read.refusal(table[:place] + b"\xff" + table[place:])

        line = table.count(b"\n", 0, place) + 1
        assert f"không phải UTF-8 (dòng {line}, byte " in sentence
        assert sentence.endswith("hãy xuất lại bằng UTF-8.")


def test_the_place_of_the_wrong_byte_is_right_across_pieces_of_the_file(read: Read) -> None:
    table = TABLE.encode() + b"H25;" + "ệ".encode() * 300_000 + b"\xe1\xbb"

    assert "(dòng 5, byte 900005)" in read.refusal(table)


@pytest.mark.parametrize(
    "words",
    [
        "Straße;Größe;für;über;schön;Jürgen".encode("cp1252"),
        "Société;générale;déjà;où;garçon".encode("cp1252"),
        "Иванов;Пётр;дом".encode("cp1251"),
        "档案;文件".encode("gb18030"),
        bytes(range(128, 256)),
        b"H24\xe1",
    ],
)
def test_bytes_that_no_encoding_makes_vietnamese_are_refused(read: Read, words: bytes) -> None:
    assert "không phải UTF-8 (dòng 2" in read.refusal(b"MaDonVi;TenDonVi\nx;" + words + b"\n")


def test_words_that_are_vietnamese_in_two_encodings_are_refused(read: Read) -> None:
    # â and ã of Windows-1258 are õ and ó of TCVN3
    assert "không phải UTF-8" in read.refusal(b"MaDonVi,TenDonVi\nH24,T\xe2n L\xe2n\n")


@pytest.mark.parametrize(
    "encoding", ["Windows-1258", "TCVN3", "VNI", "UTF-8", "UTF-16", "UTF-16 LE without a mark"]
)
def test_a_byte_that_the_encoding_does_not_have_refuses_the_file(read: Read, encoding: str) -> None:
    table = IN_BYTES[encoding](TABLE * 50)

    assert read.refusal(table[:2000] + b"\x90" + table[2000:]).endswith(".")


def test_utf_16_that_is_cut_off_is_refused(read: Read) -> None:
    assert "là UTF-16 bị cắt cụt" in read.refusal(TABLE.encode("utf-16")[:-1])


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.jsonl.gz"])
@pytest.mark.parametrize(
    "encoding", ["UTF-16", "UTF-16 BE", "UTF-16 LE without a mark", "Windows-1258", "TCVN3"]
)
def test_json_is_utf_8_or_refused(read: Read, name: str, encoding: str) -> None:
    content = '[{"MaDonVi": "H24", "TenDonVi": "Thủ đô Hà Nội"}]'

    sentence = read.refusal(IN_BYTES[encoding](content), name)

    assert (
        "UTF-16, mà JSON phải là UTF-8" in sentence or "không phải UTF-8 (dòng 1, byte" in sentence
    )
