"""Files of photos: those that nothing names go, those of another registry stay, and a flood of them is stopped."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from stations.errors import TooMany, Unavailable
from stations.keeping import files, limits
from stations.keeping.marks import Occasion, Speaker
from stations.keeping.photos import kept, path_of
from stations.keeping.reports import Saying, say
from stations.keeping.voices import Agreement
from stations.models import Photo, Report
from stations.registry import registry
from stations.registry.writing import PUBLIC, acting, actor_id

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
WINDOW = Agreement().window
OLD_S = files.GRACE.total_seconds() + 60
Store = Callable[..., str]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Store some bytes as a photo, as long ago as an orphan must be."""

    def stored(content: bytes, age_s: float = OLD_S) -> str:
        with kept(tmp_path, content) as digest:
            pass
        then = time.time() - age_s
        os.utime(path_of(tmp_path, digest), (then, then))
        return digest

    return stored


def another(session: Session) -> None:
    """Let the next writer be another, as a new transaction would."""
    session.execute(text("SELECT set_config('yz.commit', '', true)"))


def reported(session: Session, code: str, digest: str) -> None:
    another(session)
    with acting(session, actor_id(session, PUBLIC), reason="said by the public"):
        saying = Saying.of(client_id=uuid4(), choice="closed_now")
        speaker = Speaker(uuid4(), "203.0.113.0/24")
        say(session, code, saying, Occasion(speaker, NOW, b"pepper", WINDOW), photo=digest)
    another(session)


@pytest.fixture
def code(qinghai: Session, operator: int) -> str:
    with acting(qinghai, operator, reason="test"):
        made = registry.add(qinghai, names={"zh": "川口工会驿站"}, kind="union_station", region_code="630222")
    another(qinghai)
    return made.code


def test_what_a_report_or_a_station_names_stays_and_what_nothing_names_goes(
    qinghai: Session, operator: int, code: str, store: Store, tmp_path: Path
) -> None:
    said, shown, lost, young = store(b"said"), store(b"shown"), store(b"lost"), store(b"young", age_s=60)
    reported(qinghai, code, said)
    with acting(qinghai, operator, reason="test"):
        station = registry.get(qinghai, code)
        qinghai.add(Photo(station_id=station.id, sha256=shown, shows="door"))
    assert files.sweep(qinghai, tmp_path) == 1
    assert not path_of(tmp_path, lost).exists()
    assert all(path_of(tmp_path, digest).exists() for digest in (said, shown, young))
    assert files.sweep(qinghai, tmp_path) == 0


def test_a_photo_that_the_ledger_can_bring_back_stays(
    qinghai: Session, operator: int, code: str, store: Store, tmp_path: Path
) -> None:
    first, second = store(b"first"), store(b"second")
    with acting(qinghai, operator, reason="test"):
        station = registry.get(qinghai, code)
        qinghai.add(Photo(station_id=station.id, sha256=first, shows="door"))
    another(qinghai)
    with acting(qinghai, operator, reason="another picture of the same door"):
        qinghai.scalars(select(Photo)).one().sha256 = second
    another(qinghai)
    with acting(qinghai, operator, reason="removed"):
        qinghai.execute(delete(Photo))
    assert files.sweep(qinghai, tmp_path) == 0
    assert path_of(tmp_path, first).exists()
    assert path_of(tmp_path, second).exists()


def test_a_photo_that_staff_took_out_of_a_report_is_deleted(
    qinghai: Session, operator: int, code: str, store: Store, tmp_path: Path
) -> None:
    digest = store(b"a face")
    reported(qinghai, code, digest)
    with acting(qinghai, operator, reason="shows a person"):
        qinghai.scalars(select(Report)).one().photo_sha256 = None
    assert files.sweep(qinghai, tmp_path) == 1
    assert not path_of(tmp_path, digest).exists()


def test_files_that_are_no_photos_are_left_and_halves_of_photos_are_not(
    qinghai: Session, store: Store, tmp_path: Path
) -> None:
    digest = store(b"x")
    half = path_of(tmp_path, digest).with_name(f"{digest}.0a1b2c3d.new")
    note, stranger = tmp_path / "README", tmp_path / digest[:2] / "holiday.jpg"
    for path in (half, note, stranger):
        path.write_bytes(b"x")
        os.utime(path, (0, 0))
    assert files.sweep(qinghai, tmp_path) == 2
    assert not half.exists()
    assert note.exists()
    assert stranger.exists()


def test_the_folder_of_another_registry_is_left_alone(
    qinghai: Session, code: str, store: Store, tmp_path: Path
) -> None:
    digest = store(b"theirs")
    (tmp_path / "registry").write_text("2020-01-01T00:00:00+00:00", encoding="ascii")
    with pytest.raises(Unavailable, match="belong to another registry"):
        files.sweep(qinghai, tmp_path)
    with pytest.raises(Unavailable, match="YIZHAN_PHOTOS"):
        files.claim(qinghai, tmp_path)
    assert path_of(tmp_path, digest).exists()


def test_a_folder_that_is_not_there_is_not_made_by_a_sweep(qinghai: Session, tmp_path: Path) -> None:
    assert files.sweep(qinghai, tmp_path / "none") == 0
    assert not (tmp_path / "none").exists()


def test_a_photo_that_is_sent_again_is_young_again(store: Store, tmp_path: Path) -> None:
    digest = store(b"twice")
    with kept(tmp_path, b"twice"):
        assert time.time() - path_of(tmp_path, digest).stat().st_mtime < 60


def test_all_phones_together_send_so_many_photos_an_hour(
    qinghai: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "OF_SITE_PER_HOUR", {"photo": 3})

    def ask(number: int, what: str) -> None:
        another(qinghai)
        with acting(qinghai, actor_id(qinghai, PUBLIC), reason="x"):
            speaker = Speaker(uuid4(), f"203.0.{number}.0/24")
            limits.admit(qinghai, what, Occasion(speaker, NOW, b"pepper", WINDOW))

    for number in range(3):
        ask(number, "photo")
    with pytest.raises(TooMany, match="more than 3 photos came in all in this hour") as refused:
        ask(4, "photo")
    assert refused.value.retry_after_s == 30 * 60
    ask(5, "report")
