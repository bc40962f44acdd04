"""What an operator can set: each variable read once, and refused by name where it cannot be used."""

from __future__ import annotations

import stat
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.settings import SETTINGS, Settings, SettingsError, secret_key_in

DATABASE = "postgresql://app:pass@db.example:5432/stations"


def test_an_empty_environment_gives_the_demonstration_on_loopback() -> None:
    settings = Settings.read({"PATH": "/bin", "YIZHAN_PORT": "  "})
    assert settings == Settings()
    assert (settings.registry_name, settings.host, settings.port) == ("demo", "127.0.0.1", 8000)


def test_a_real_server_is_never_taken_for_the_demonstration_by_default() -> None:
    assert Settings.read({"YIZHAN_DATABASE_URL": DATABASE}).registry_name == "registry"


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("YIZHAN_PORT", "0", "1 to 65535"),
        ("YIZHAN_PORT", "80a", "1 to 65535"),
        ("YIZHAN_PORT", "٨٠", "1 to 65535"),
        ("YIZHAN_WORKERS", "-1", "1 to 64"),
        ("YIZHAN_STATEMENT_TIMEOUT_MS", "1e3", "100 to 600000"),
        ("YIZHAN_PROVINCE", "99", "GB/T 2260"),
        ("YIZHAN_PROVINCE", "630102", "GB/T 2260"),
        ("YIZHAN_REGISTRY", "我的", "lower-case"),
        ("YIZHAN_REGISTRY", "a-b", "lower-case"),
        ("YIZHAN_LANG", "中文", "zh or en"),
        ("YIZHAN_CLOCK", "yesterday", "ISO"),
        ("YIZHAN_PHOTOS", "photos", "absolute path"),
        ("YIZHAN_TRUSTED_PROXIES", "-1", "0 to 9"),
        ("YIZHAN_REPORT_DEVICES", "0", "1 to 1000"),
        ("YIZHAN_REPORT_NETWORKS", "two", "1 to 1000"),
        ("YIZHAN_REPORT_HOURS", "241", "1 to 240"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_what_it_may_be(name: str, value: str, hint: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.read({name: value})
    assert refused.value.field == name
    assert all(part in str(refused.value) for part in (name, repr(value), hint))


@pytest.mark.parametrize(
    ("name", "value"),
    [("YIZHAN_DATABASE_URL", "mysql://root:hunter2@db/x"), ("YIZHAN_SECRET_KEY", "hunter2")],
)
def test_a_secret_that_cannot_be_used_is_not_shown(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name) as refused:
        Settings.read({name: value})
    assert "hunter2" not in str(refused.value)


def test_settings_printed_show_no_secret() -> None:
    settings = Settings.read({"YIZHAN_DATABASE_URL": DATABASE, "YIZHAN_SECRET_KEY": "k" * 40})
    assert "pass" not in repr(settings)
    assert "k" * 40 not in repr(settings)


def test_a_misspelt_variable_is_refused_and_the_known_ones_listed() -> None:
    with pytest.raises(SettingsError, match=r"YIZHAN_PROT: no such setting.*YIZHAN_PORT"):
        Settings.read({"YIZHAN_PROT": "8001"})


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_every_usual_spelling_of_an_address_reaches_the_one_driver(scheme: str) -> None:
    settings = Settings.read({"YIZHAN_DATABASE_URL": f"{scheme}://a@h/d"})
    assert settings.require_database() == "postgresql+psycopg://a@h/d"


@pytest.mark.parametrize(("text", "code"), [("63", "63"), ("630000", "63"), ("41", "41")])
def test_a_province_is_named_by_two_digits_or_six(text: str, code: str) -> None:
    assert Settings.read({"YIZHAN_PROVINCE": text}).province == code


def test_what_is_missing_and_has_no_default_is_asked_for_by_name() -> None:
    with pytest.raises(SettingsError, match="YIZHAN_DATABASE_URL"):
        Settings().require_database()
    with pytest.raises(SettingsError, match="YIZHAN_SECRET_KEY"):
        Settings().require_secret_key()


def test_a_frozen_clock_without_a_zone_is_shanghai_time() -> None:
    settings = Settings.read({"YIZHAN_CLOCK": "2026-10-05T12:00"})
    assert settings.now() == datetime(2026, 10, 5, 4, tzinfo=UTC)
    assert abs(Settings().now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_every_attribute_is_set_by_exactly_one_documented_variable() -> None:
    assert sorted(setting.attribute for setting in SETTINGS) == sorted(
        field.name for field in fields(Settings)
    )
    assert all(setting.help.endswith(".") for setting in SETTINGS)


def test_the_defaults_in_the_table_are_the_ones_in_force() -> None:
    said = {
        setting.name: setting.default
        for setting in SETTINGS
        if setting.default and " " not in setting.default
    }
    assert Settings.read(said) == Settings(registry="demo")


@given(
    st.builds(
        Settings,
        registry=st.none() | st.from_regex(r"[a-z][a-z0-9_]{0,39}", fullmatch=True),
        province=st.sampled_from([None, "63", "41"]),
        port=st.integers(1, 65535),
        workers=st.integers(1, 64),
        review_number=st.none() | st.just("GS(2026)1234号"),
        statement_timeout_ms=st.integers(100, 600_000),
        clock=st.none() | st.datetimes(timezones=st.just(UTC)),
    )
)
def test_settings_survive_the_way_through_the_environment_of_a_child(settings: Settings) -> None:
    assert Settings.read(settings.environment()) == settings


def test_the_kept_key_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    key = secret_key_in(tmp_path / "var")
    assert len(key) >= 32
    assert secret_key_in(tmp_path / "var") == key
    assert stat.S_IMODE((tmp_path / "var" / "secret-key").stat().st_mode) == 0o600
    assert secret_key_in(tmp_path / "other") != key


def test_a_key_file_cut_off_while_written_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "secret-key").touch()
    assert len(secret_key_in(tmp_path)) >= 32


def test_each_registry_has_a_folder_of_its_own_for_photos() -> None:
    folders = [Settings.read({"YIZHAN_REGISTRY": name}).photos for name in ("demo", "henan")]
    assert [folder.parts[-3:] for folder in folders] == [
        ("var", "photos", "demo"),
        ("var", "photos", "henan"),
    ]
    assert Settings.read({"YIZHAN_PHOTOS": "/srv/photos"}).photos == Path("/srv/photos")
