"""Settings come from the environment, then .env, then defaults; the key is made once."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chiso766 import settings
from chiso766.errors import ChisoError


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project root of the test's own, with nothing set in the environment."""
    monkeypatch.setattr(settings, "PROJECT_ROOT", tmp_path)
    for name in (
        "CHISO_HOME",
        "CHISO_EXPORTS",
        "CHISO_UNIT",
        "CHISO_SECRET_KEY",
        "CHISO_TARGET_RANK",
        "CHISO_CITUS",
        "CHISO_BACKUPS",
        "CHISO_LANDING",
        "CHISO_SECRETS",
        "CHISO_DATABASE_URL",
        "CHISO_DATABASE_PASSWORD",
    ):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_the_home_is_in_the_project_and_the_drop_folder_in_the_home(project: Path) -> None:
    assert settings.load().home == project / ".chiso"
    assert settings.load().exports == project / ".chiso" / "exports"
    assert settings.load().unit == "H24.999"
    assert settings.load().population_database_code == "7"
    assert settings.load().target_rank == 20


@pytest.mark.parametrize("given", ["0", "-1", "1.5", "hai mươi", "1234567"])
def test_a_target_rank_is_a_whole_number_from_1(
    project: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv("CHISO_TARGET_RANK", "1")
    assert settings.load().target_rank == 1
    monkeypatch.setenv("CHISO_TARGET_RANK", given)
    with pytest.raises(ChisoError, match="CHISO_TARGET_RANK"):
        settings.load()


@pytest.mark.parametrize(("given", "meant"), [("0", False), ("1", True)])
def test_the_warehouse_is_on_citus_only_where_that_is_said(
    project: Path, monkeypatch: pytest.MonkeyPatch, given: str, meant: bool
) -> None:
    assert settings.load().is_on_citus is False
    monkeypatch.setenv("CHISO_CITUS", given)
    assert settings.load().is_on_citus is meant
    monkeypatch.setenv("CHISO_CITUS", "true")
    with pytest.raises(ChisoError, match="CHISO_CITUS"):
        settings.load()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("CHISO_REPORT_RETURNED", settings.RETURNED),
        ("CHISO_REPORT_AWAITED", settings.AWAITED),
    ],
)
def test_how_the_reports_count_is_one_of_two_words_the_first_by_default(
    project: Path, monkeypatch: pytest.MonkeyPatch, name: str, words: tuple[str, ...]
) -> None:
    field = name.removeprefix("CHISO_").lower()
    monkeypatch.delenv(name, raising=False)
    assert getattr(settings.load(), field) == words[0]
    monkeypatch.setenv(name, words[1])
    assert getattr(settings.load(), field) == words[1]
    monkeypatch.setenv(name, "khac")
    with pytest.raises(ChisoError, match=name):
        settings.load()


def test_the_environment_wins_over_the_file(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / ".env").write_text("CHISO_UNIT=H24.001\nCHISO_HOME=kho\n")
    assert settings.load().unit == "H24.001"
    assert settings.load().home == project / "kho"
    monkeypatch.setenv("CHISO_UNIT", "H24.002")
    assert settings.load().unit == "H24.002"


def test_an_empty_setting_is_not_given(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / ".env").write_text("CHISO_UNIT=H24.001\n")
    monkeypatch.setenv("CHISO_UNIT", "")
    assert settings.load().unit == "H24.999"


def test_the_key_is_made_once_for_its_owner_only(project: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: settings.load().secret_keys, range(32)))
    assert len(keys) == 1
    key_file = project / ".chiso" / "secret.key"
    assert keys == {(key_file.read_bytes(),)}
    assert len(key_file.read_bytes()) >= settings.SHORTEST_SECRET
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert list(key_file.parent.iterdir()) == [key_file]


def test_a_given_key_is_used_and_a_short_one_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHISO_SECRET_KEY", "k" * 32)
    assert settings.load().secret_keys == (b"k" * 32,)
    assert not (project / ".chiso").exists()
    monkeypatch.setenv("CHISO_SECRET_KEY", "k" * 31)
    with pytest.raises(ChisoError, match="CHISO_SECRET_KEY"):
        _ = settings.load().secret_keys


def test_a_chain_of_keys_is_oldest_first_and_each_is_long_enough(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = "o" * 32, "n" * 32
    monkeypatch.setenv("CHISO_SECRET_KEY", f"{old}, {new}\n")
    assert settings.load().secret_keys == (old.encode(), new.encode())
    for chain in (f"{old},{new[1:]}", f"{old},"):
        monkeypatch.setenv("CHISO_SECRET_KEY", chain)
        with pytest.raises(ChisoError, match="CHISO_SECRET_KEY"):
            _ = settings.load().secret_keys


def test_a_key_that_is_added_comes_last_and_its_file_is_the_owners(project: Path) -> None:
    before = settings.load().secret_keys
    settings.load().add_secret_key()
    after = settings.load().secret_keys
    assert after[:-1] == before
    assert after[-1] not in before
    assert len(after[-1]) >= settings.SHORTEST_SECRET
    key_file = project / ".chiso" / "secret.key"
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert list(key_file.parent.iterdir()) == [key_file]


def test_secrets_are_not_shown(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHISO_SECRET_KEY", "bí mật" * 10)
    monkeypatch.setenv("CHISO_DATABASE_URL", "postgresql://u:bí-mật@h/d")
    assert "mật" not in repr(settings.load())


def test_a_secret_may_be_a_file_named_as_its_variable(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment wins over it, and it over ``.env``."""
    secrets = project / "secrets"
    secrets.mkdir()
    (secrets / "CHISO_SECRET_KEY").write_text("k" * 32 + "\n")
    (secrets / "CHISO_UNIT").write_text("H24.002")
    (secrets / "s3_credentials").write_bytes(b"\xff")  # of others
    (secrets / "kubernetes.io").mkdir()
    (project / ".env").write_text("CHISO_UNIT=H24.001\n")
    monkeypatch.setenv("CHISO_SECRETS", str(secrets))
    assert settings.load().secret_keys == (b"k" * 32,)
    assert settings.load().unit == "H24.002"
    monkeypatch.setenv("CHISO_UNIT", "H24.003")
    assert settings.load().unit == "H24.003"


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_secrets_that_cannot_be_read_are_named(
    project: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    monkeypatch.setenv("CHISO_SECRETS", str(project / "secrets"))
    if content:
        (project / "secrets").mkdir()
        (project / "secrets" / "CHISO_SECRET_KEY").write_bytes(content)
    with pytest.raises(ChisoError, match="CHISO_SECRETS"):
        settings.load()


@pytest.mark.parametrize(
    ("url", "used"),
    [
        ("postgresql://u@h:5432/d", "postgresql://u:a%2Fb%40c@h:5432/d"),
        ("postgresql://u:p@h/d", "postgresql://u:p@h/d"),
    ],
)
def test_the_password_of_the_database_may_be_given_apart(
    project: Path, monkeypatch: pytest.MonkeyPatch, url: str, used: str
) -> None:
    monkeypatch.setenv("CHISO_DATABASE_URL", url)
    assert settings.load().database_url == url
    monkeypatch.setenv("CHISO_DATABASE_PASSWORD", "a/b@c")
    assert settings.load().database_url == used
    assert "a/b" not in repr(settings.load())


@pytest.mark.parametrize(
    ("address", "place"),
    [("s3://kho", ("kho", "")), ("s3://kho.vn-1/phuong/chiso/", ("kho.vn-1", "phuong/chiso"))],
)
def test_the_landing_area_may_be_an_object_store(
    project: Path, monkeypatch: pytest.MonkeyPatch, address: str, place: tuple[str, str]
) -> None:
    assert settings.load().landing is None
    monkeypatch.setenv("CHISO_LANDING", address)
    assert settings.load().landing == place


@pytest.mark.parametrize("address", ["kho", "s3://", "s3://Kho", "https://kho/x", "s3://kho/a b"])
def test_another_address_of_a_landing_area_is_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("CHISO_LANDING", address)
    with pytest.raises(ChisoError, match="CHISO_LANDING"):
        settings.load()


def test_machines_that_share_a_landing_area_must_be_given_the_key(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHISO_LANDING", "s3://kho")
    with pytest.raises(ChisoError, match="CHISO_SECRET_KEY"):
        _ = settings.load().secret_keys
    assert not (project / ".chiso").exists()
