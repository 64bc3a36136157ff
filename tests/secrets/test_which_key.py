"""Which keys hash a name: those that the warehouse was written with, and no others."""

from __future__ import annotations

import pytest

from chiso766 import rotate, settings
from chiso766.check import check_day
from chiso766.database import connect
from chiso766.errors import ChisoError
from chiso766.privacy import pseudonym
from chiso766.settings import SHORTEST_SECRET

from ..deliveries import DAY, DOSSIER, deliver, load_days, newest, select

OLD, NEW = "o" * SHORTEST_SECRET, "n" * SHORTEST_SECRET
OFFICIAL = str(DOSSIER["NguoiXuLy"])


def pseudonyms() -> set[str]:
    return {row["nguoixuly"] for row in select("select distinct nguoixuly from raw.dossiers")}


def test_who_learned_the_old_key_cannot_try_names(empty_warehouse: None) -> None:
    deliver("dossiers", "d.json", [DOSSIER])
    load_days()
    [old] = settings.load().secret_keys
    assert pseudonyms() == {pseudonym(OFFICIAL, [old])}

    rotate.run("key")

    _, new = settings.load().secret_keys
    assert pseudonyms() == {pseudonym(OFFICIAL, [old, new])}
    assert pseudonym(OFFICIAL, [old]) not in pseudonyms()
    assert pseudonym(OFFICIAL, [new]) not in pseudonyms()


@pytest.mark.parametrize("loss", ["gone", "another", "older"])
def test_without_the_key_of_the_warehouse_nothing_is_loaded(
    empty_warehouse: None, loss: str
) -> None:
    deliver("dossiers", "d.json", [DOSSIER])
    load_days()
    key_file = settings.load().secret_key_file
    older = key_file.read_text()
    rotate.run("key")
    right = key_file.read_text()
    deliver("dossiers", "e.json", [DOSSIER | {"MaHoSo": "H24.999-261120-0008"}])
    if loss == "gone":
        key_file.unlink()
    else:
        key_file.write_text(older if loss == "older" else OLD)
    for step in (load_days, lambda: rotate.run("key")):
        with pytest.raises(ChisoError, match=r"secret\.key.*hãy"):
            step()
    assert len(newest("dossiers")) == 1
    assert key_file.exists() == (loss != "gone")  # no other key was made in its place

    key_file.write_text(right)
    load_days()
    assert len(newest("dossiers")) == 2
    assert pseudonyms() == {pseudonym(OFFICIAL, settings.load().secret_keys)}


def test_a_given_chain_grows_machine_by_machine(
    empty_warehouse: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHISO_SECRET_KEY", OLD)
    deliver("dossiers", "d.json", [DOSSIER])
    load_days()
    with pytest.raises(ChisoError, match=r"CHISO_SECRET_KEY.*dấu phẩy"):
        rotate.run("key")

    monkeypatch.setenv("CHISO_SECRET_KEY", f"{OLD},{NEW}")  # on one of the machines
    deliver("dossiers", "e.json", [DOSSIER | {"MaHoSo": "H24.999-261120-0008"}])
    load_days()
    assert pseudonyms() == {pseudonym(OFFICIAL, [OLD.encode()])}
    rotate.run("key")
    assert pseudonyms() == {pseudonym(OFFICIAL, [OLD.encode(), NEW.encode()])}
    assert not settings.load().secret_key_file.exists()

    monkeypatch.setenv("CHISO_SECRET_KEY", OLD)  # on one that was forgotten
    with pytest.raises(ChisoError, match="CHISO_SECRET_KEY"):
        check_day(DAY)


def test_a_warehouse_of_an_earlier_version_was_written_by_the_first_key(
    empty_warehouse: None,
) -> None:
    deliver("dossiers", "d.json", [DOSSIER])
    load_days()
    with connect() as connection:
        connection.execute("delete from ops.pseudonym_key")
    settings.load().add_secret_key()
    deliver("dossiers", "e.json", [DOSSIER | {"MaHoSo": "H24.999-261120-0008"}])
    load_days()
    assert pseudonyms() == {pseudonym(OFFICIAL, settings.load().secret_keys[:1])}
    rotate.run("key")
    assert pseudonyms() == {pseudonym(OFFICIAL, settings.load().secret_keys)}


def test_a_restored_backup_of_before_is_brought_to_the_chain_of_today(
    empty_warehouse: None,
) -> None:
    deliver("dossiers", "d.json", [DOSSIER])
    load_days()
    with connect() as connection:
        kept_rows = connection.execute("select fingerprint from ops.pseudonym_key").fetchone()
    before = pseudonyms()
    rotate.run("key")
    with connect() as connection:
        connection.execute("update raw.dossiers set nguoixuly = %s", [*before])
        connection.execute("update ops.pseudonym_key set fingerprint = %s", kept_rows)
    load_days()
    chain = settings.load().secret_keys

    rotate.run("key")

    assert settings.load().secret_keys == chain  # the key that was there is put to use
    assert pseudonyms() == {pseudonym(OFFICIAL, chain)}
