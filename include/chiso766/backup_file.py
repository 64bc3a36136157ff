"""The file of a backup: a ZIP of what it says of itself (JSON) and of PostgreSQL's dump.

Both are as they are, so that also without this software ``unzip -p FILE warehouse.dump`` gives what
``pg_restore`` reads; and the ZIP's checksums tell a file that is cut or damaged.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from chiso766.errors import ChisoError

DUMP = "warehouse.dump"
DRAFT = ".draft"
"""The end of the name of a file that is not whole yet."""
_MANIFEST = "manifest.json"
_FORMAT = 1


@dataclass(frozen=True)
class Manifest:
    """What a backup is of, and what it takes to restore it."""

    software: str
    """The version of chiso766 that made it."""
    warehouse: str
    """What the schemas and tables were made from (``warehouse.version``)."""
    postgres: int
    """The major version of the server."""
    owner: str
    """The account that owns all that is in it."""
    roles: list[str]
    """The roles that something in the database names: owner, readers, who was granted something."""
    size: int
    """Bytes that the database took."""
    day: str | None
    """The export day that the published marts are as of."""
    made_at: str


@contextmanager
def written(path: Path, manifest: Manifest) -> Iterator[ZipFile]:
    """A backup that takes its name when the body, which writes the dump, ends without an error.

    Only its owner may read it. What a killed process left of a draft is overwritten.
    """
    draft = path.with_name(path.name + DRAFT)
    try:
        with open(draft, "wb", opener=_open_private) as file:
            with ZipFile(file, "w") as archive:
                archive.writestr(_MANIFEST, json.dumps({"format": _FORMAT} | asdict(manifest)))
                yield archive
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ChisoError(
            f"Không ghi được bản sao lưu {path} ({error.strerror}): hãy kiểm tra thư mục, quyền ghi"
            " và chỗ trống trên ổ đĩa rồi chạy lại; bản cùng tên trước đó, nếu có, vẫn còn nguyên."
        ) from error
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


@contextmanager
def checked(path: Path) -> Iterator[tuple[Manifest, ZipFile]]:
    """An open backup of which every byte is what was written; else one sentence says why not."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise ChisoError(
            f"Không đọc được bản sao lưu {path} ({error.strerror}): hãy kiểm tra đường dẫn và quyền"
            " đọc."
        ) from error
    with file:
        try:
            archive = ZipFile(file)
            manifest = _manifest(archive, path)
            is_whole = archive.testzip() is None and DUMP in archive.namelist()
        except (BadZipFile, zlib.error, EOFError, KeyError, TypeError, ValueError, OSError):
            is_whole = False
        if not is_whole:
            raise ChisoError(
                f"{path} không phải là bản sao lưu của phần mềm này, hoặc bị cắt, bị hỏng: hãy dùng"
                " một bản khác."
            )
        with archive:
            yield manifest, archive


def _manifest(archive: ZipFile, path: Path) -> Manifest:
    said = json.loads(archive.read(_MANIFEST))
    if said.pop("format") != _FORMAT:
        raise ChisoError(
            f"{path} do một phiên bản mới hơn của phần mềm này ghi: hãy cập nhật phần mềm rồi chạy"
            " lại."
        )
    return Manifest(**said)


def _open_private(path: str, flags: int) -> int:
    descriptor = os.open(path, flags, 0o600)
    os.fchmod(descriptor, 0o600)  # also of one that was there
    return descriptor
