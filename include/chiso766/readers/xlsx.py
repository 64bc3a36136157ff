"""``.xlsx``: the sheets of a workbook, read as they are unpacked.

Nothing of the file is held but one row and the shared strings, so neither its size nor what it says
of itself can fill the memory. Formulas are not computed (the value that was saved counts), macros,
links and everything else in the package are never opened. Raises ``Refused``; what the libraries
raise for a damaged file is for the caller.
"""

from __future__ import annotations

import io
import mmap
import posixpath
import re
import zipfile
from array import array
from collections.abc import Iterator, Mapping
from math import isfinite
from xml.parsers import expat

from chiso766.readers.cells import EPOCH_1900, EPOCH_1904, UNCOMPUTED, Cell, Row, as_time
from chiso766.readers.export import LONGEST_ROW, Refused
from chiso766.readers.sheet import Rows, Sheet

_CHUNK = 1 << 14  # so that few rows can refer to long strings before they are passed on
_MOST_MEMBERS = 10_000
_LARGEST_UNPACKED = 4 << 30
_LARGEST_RATIO = 200  # of the whole file, where it unpacks to more than:
_RATIO_COUNTS_FROM = 64 << 20
_MOST_TAGS = 400_000_000
_LONGEST_TAG = 1 << 20
_DEEPEST = 64
_LARGEST_STRINGS = 1 << 30  # bytes of all together
_LONGEST_STRING = 1 << 17  # characters; Excel allows 32,767
_MOST_STYLES = 1_000_000
_MOST_SHEETS = 10_000
_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384
_DIGITS = 15  # that Excel keeps of a number

_BOMB = (
    "giải nén ra quá lớn hoặc có cấu trúc bất thường nên không được đọc: hãy mở bằng Excel, lưu lại"
    " rồi gửi tệp mới."
)
_NO_WORKBOOK = "không phải bảng tính Excel: hãy mở bằng Excel và lưu lại dưới dạng .xlsx."
_PASSWORD = "có mật khẩu: hãy bỏ mật khẩu rồi gửi lại."

_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
# Number formats: those of dates by number, and what in a code is no sign of a date.
_DATE_FORMATS = {*range(14, 23), *range(27, 37), 45, 47, *range(50, 59)}
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_NO_SIGN = re.compile(r'"[^"]*"|\[[^]]*\]|[\\_*].')

Attributes = Mapping[str, str]


def read_sheets(file: io.BufferedReader) -> Iterator[Sheet]:
    """The visible sheets in their order; hidden rows and columns are read, hidden sheets not."""
    if _count_members(file) > _MOST_MEMBERS:
        raise Refused(_BOMB)
    package = _Package(zipfile.ZipFile(file), file.seek(0, io.SEEK_END))
    workbook = next(
        (path for kind, path in package.relations("").values() if kind == "officeDocument"), ""
    )
    if not package.has(workbook) or workbook.endswith(".bin"):
        raise Refused(_NO_WORKBOOK)
    relations = package.relations(workbook)
    parts = dict(relations.values())
    strings = _SharedStrings()
    if package.has(parts.get("sharedStrings", "")):
        package.parse(parts["sharedStrings"], strings)
    styles = _Styles()
    if package.has(parts.get("styles", "")):
        package.parse(parts["styles"], styles)
    book = _Book()
    package.parse(workbook, book)
    for name, relation in book.sheets:
        kind, path = relations.get(relation, ("", ""))
        if kind == "worksheet" and package.has(path):
            rows = _SheetRows(strings, styles.dates, book)
            yield Sheet(name, package.rows(path, rows), book.epoch)


def _count_members(file: io.BufferedReader) -> int:
    """How many the package has at most, before its directory is read into memory."""
    count = 0
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        at = content.find(b"PK\x01\x02")
        while at >= 0 and count <= _MOST_MEMBERS:
            count += 1
            at = content.find(b"PK\x01\x02", at + 1)
    return count


class _Package:
    """The parts of the file by their paths, unpacked within limits that hold for all of them."""

    def __init__(self, archive: zipfile.ZipFile, size: int) -> None:
        self._archive = archive
        self._largest = min(_LARGEST_UNPACKED, max(_RATIO_COUNTS_FROM, size * _LARGEST_RATIO))
        self._unpacked = 0
        self._tags = 0
        self._members = {_path(member.filename): member for member in archive.infolist()}

    def has(self, path: str) -> bool:
        return _path(path) in self._members

    def relations(self, path: str) -> dict[str, tuple[str, str]]:
        """What a part refers to: id -> kind and path."""
        folder, name = posixpath.split(path)
        part = posixpath.join(folder, "_rels", f"{name}.rels")
        relations = _Relations(folder)
        if self.has(part):
            self.parse(part, relations)
        return relations.found

    def parse(self, path: str, handler: _Handler) -> None:
        """Give all elements of a part to ``handler``."""
        for _ in self._parsed(path, handler):
            pass

    def rows(self, path: str, handler: _SheetRows) -> Rows:
        for _ in self._parsed(path, handler):
            yield from handler.rows
            handler.rows.clear()

    def _parsed(self, path: str, handler: _Handler) -> Iterator[None]:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.StartElementHandler = handler.start
        parser.EndElementHandler = handler.end
        parser.CharacterDataHandler = handler.text
        size = 0
        for chunk in self._chunks(path):
            parser.Parse(chunk, False)
            size += len(chunk)
            self._tags += chunk.count(b"<")
            if size - parser.CurrentByteIndex > _LONGEST_TAG or self._tags > _MOST_TAGS:
                raise Refused(_BOMB)
            yield
        parser.Parse(b"", True)
        yield

    def _chunks(self, path: str) -> Iterator[bytes]:
        member = self._members[_path(path)]
        if member.flag_bits & 1:
            raise Refused(_PASSWORD)
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Refused(_BOMB)  # others may ask for any amount of memory
        with self._archive.open(member) as part:
            while chunk := part.read(_CHUNK):
                self._unpacked += len(chunk)
                if self._unpacked > self._largest:
                    raise Refused(_BOMB)
                yield chunk


def _path(name: str) -> str:
    """A path as parts are compared; members are looked up by it, never written anywhere."""
    return posixpath.normpath(name.replace("\\", "/")).lstrip("/").casefold()


def _refuse_doctype(*_: object) -> None:
    raise Refused(_BOMB)


# --- the parts ------------------------------------------------------------------------------


class _Handler:
    """Takes the elements of a part by their local names."""

    def __init__(self) -> None:
        self._depth = 0

    def start(self, name: str, attributes: Attributes) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Refused(_BOMB)
        self.opened(name.rpartition(":")[2] if ":" in name else name, attributes)

    def end(self, name: str) -> None:
        self._depth -= 1
        self.closed(name.rpartition(":")[2] if ":" in name else name)

    def opened(self, name: str, attributes: Attributes) -> None:
        """An element begins."""

    def closed(self, name: str) -> None:
        """An element ends."""

    def text(self, text: str) -> None:
        """Text of the element that began last."""


class _Relations(_Handler):
    def __init__(self, folder: str) -> None:
        super().__init__()
        self._folder = folder
        self.found: dict[str, tuple[str, str]] = {}

    def opened(self, name: str, attributes: Attributes) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            kind = posixpath.basename(attributes["Type"])
            path = posixpath.join("/", self._folder, attributes["Target"])
            self.found[attributes["Id"]] = (kind, path.lstrip("/"))
            _refuse_above(_MOST_SHEETS, self.found)


class _Book(_Handler):
    """Names and relations of the visible sheets, and the day from which dates are counted."""

    def __init__(self) -> None:
        super().__init__()
        self.sheets: list[tuple[str, str]] = []
        self.epoch = EPOCH_1900

    def opened(self, name: str, attributes: Attributes) -> None:
        if name == "workbookPr" and attributes.get("date1904") in ("1", "true", "on"):
            self.epoch = EPOCH_1904
        if name == "sheet" and attributes.get("state", "visible") == "visible":
            relation = next((v for k, v in attributes.items() if k.endswith(":id")), "")
            self.sheets.append((attributes.get("name", ""), relation))
            _refuse_above(_MOST_SHEETS, self.sheets)


class _Styles(_Handler):
    """The cell styles that show a number as a date."""

    def __init__(self) -> None:
        super().__init__()
        self.dates: set[str] = set()
        self._date_formats = {str(number) for number in _DATE_FORMATS}
        self._is_of_cells = False
        self._styles = 0

    def opened(self, name: str, attributes: Attributes) -> None:
        if name == "numFmt" and _is_date_format(attributes.get("formatCode", "")):
            self._date_formats.add(attributes.get("numFmtId", ""))
            _refuse_above(_MOST_STYLES, self._date_formats)
        elif name == "xf" and self._is_of_cells:
            if attributes.get("numFmtId") in self._date_formats:
                self.dates.add(str(self._styles))
            self._styles += 1
            _refuse_above(_MOST_STYLES, self.dates)
        elif name in ("cellXfs", "cellStyleXfs"):
            self._is_of_cells = name == "cellXfs"


def _is_date_format(code: str) -> bool:
    if _ELAPSED.search(code):
        return False
    return any(sign in "dmyhs" for sign in _NO_SIGN.sub("", code.split(";")[0]).lower())


def _refuse_above(
    most: int, found: dict[str, tuple[str, str]] | list[tuple[str, str]] | set[str]
) -> None:
    if len(found) > most:
        raise Refused(_BOMB)


class _Strings(_Handler):
    """Collects the text of ``<t>``, of all runs, without the reading aid of ``<rPh>``."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[str] = []
        self._is_text = False
        self._is_aid = False
        self._size = 0  # of the row or string

    def opened(self, name: str, attributes: Attributes) -> None:
        if name == "t":
            self._is_text = not self._is_aid
        elif name == "rPh":
            self._is_aid = True

    def closed(self, name: str) -> None:
        if name == "t":
            self._is_text = False
        elif name == "rPh":
            self._is_aid = False

    def text(self, text: str) -> None:
        if self._is_text:
            self._pieces.append(text)
            self._size += len(text)
            if self._size > LONGEST_ROW:
                raise Refused(_BOMB)

    def _taken(self) -> str:
        """The text since it was last taken."""
        text = "".join(self._pieces)
        self._pieces.clear()
        return text


class _SharedStrings(_Strings):
    """The texts that cells refer to by number, one behind the other as UTF-8."""

    def __init__(self) -> None:
        super().__init__()
        self._texts = bytearray()
        self._ends = array("Q", [0])

    def __getitem__(self, at: int) -> str:
        if at < 0:
            raise IndexError
        return self._texts[self._ends[at] : self._ends[at + 1]].decode()

    def closed(self, name: str) -> None:
        super().closed(name)
        if name == "si":
            self._texts += _unescaped(self._taken()).encode()
            self._ends.append(len(self._texts))
            size = len(self._texts) + self._ends.itemsize * len(self._ends)
            if size > _LARGEST_STRINGS or self._size > _LONGEST_STRING:
                raise Refused(_BOMB)
            self._size = 0


class _SheetRows(_Strings):
    """The rows that have cells; ``rows`` is emptied by who reads them."""

    def __init__(self, strings: _SharedStrings, dates: set[str], book: _Book) -> None:
        super().__init__()
        self.rows: list[tuple[int, Row]] = []
        self._strings = strings
        self._dates = dates
        self._epoch = book.epoch
        self._columns: dict[str, int] = {}
        self._number = 0
        self._row: Row = {}
        self._column = -1
        self._type = ""
        self._style = ""
        self._has_formula = False

    def opened(self, name: str, attributes: Attributes) -> None:
        if name == "c":
            self._column = self._column_of(attributes.get("r", ""))
            self._type = attributes.get("t", "n")
            self._style = attributes.get("s", "")
            self._has_formula = False
        elif name == "v":
            self._is_text = True
        elif name == "row":
            self._number = max(self._number + 1, int(attributes.get("r", 0)))
            if self._number > _LAST_ROW:
                raise Refused(_BOMB)
            self._row = {}
            self._column = -1
            self._size = 0
        elif name == "f":
            self._has_formula = True
        else:
            super().opened(name, attributes)

    def closed(self, name: str) -> None:
        if name == "v":
            self._is_text = False
        elif name == "c":
            cell = self._cell(self._taken())
            if cell is not None:
                self._row[self._column] = cell
        elif name == "row":
            if self._row:
                self.rows.append((self._number, self._row))
        else:
            super().closed(name)

    def _column_of(self, reference: str) -> int:
        """The column (from 0) of ``AB12``; that of the next cell where nothing is said."""
        if not reference:
            return _within_sheet(self._column + 1)
        letters = reference.rstrip("0123456789")
        column = self._columns.get(letters)
        if column is None:
            column = self._columns[letters] = _column(letters)
        return column

    def _cell(self, text: str) -> Cell | None:
        if self._type == "s" and text:
            text = self._strings[int(text)]
            self._size += len(text)  # a short reference to a long text, many times in a row
            if self._size > LONGEST_ROW:
                raise Refused(_BOMB)
        if not text or text.isspace():
            return UNCOMPUTED if self._has_formula and self._type == "n" else None
        if self._type == "n":
            return self._number_or_date(text)
        if self._type == "b":
            return text.strip() in ("1", "true")
        return text if self._type == "s" else _unescaped(text)

    def _number_or_date(self, text: str) -> Cell:
        if self._style in self._dates:
            return as_time(float(text), self._epoch) or text
        if text.isdigit() and len(text) <= _DIGITS:
            return int(text)
        number = float(text)
        return number if isfinite(number) else text


def _column(letters: str) -> int:
    if not re.fullmatch("[A-Z]{1,3}", letters):
        raise Refused(_BOMB)
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return _within_sheet(number - 1)


def _within_sheet(column: int) -> int:
    if column >= _LAST_COLUMN:
        raise Refused(_BOMB)
    return column


def _unescaped(text: str) -> str:
    """Text in which ``_x000D_`` stands for a sign that XML cannot hold."""
    if "_x" not in text:
        return text
    text = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
