"""Files that staff send: kept whole under their content, read back under their name, forgotten in time."""

from __future__ import annotations

import errno
import io
import os
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from conftest import SHARED
from geo.errors import FileError
from geo.io import open_source
from stations.errors import Full, Invalid, NotFound, TooLarge, Unavailable
from stations.keeping import inbox, uploads
from stations.keeping.uploads import Kept, Sent, keep, lent, path_of, shown_name

MB = 1024 * 1024
CSV = "名称,经度,纬度\n东关驿站,101.5,36.6\n".encode()


def sent(name: str, data: bytes = CSV) -> Sent:
    return Sent(name, io.BytesIO(data))


def zipped(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


def left_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_file_is_kept_once_under_its_content_and_read_under_its_own_name(tmp_path: Path) -> None:
    first, second = (
        keep(tmp_path, [sent("民和台账.csv")], most=MB),
        keep(tmp_path, [sent("乐都.csv")], most=MB),
    )
    assert first.sha256 == second.sha256
    assert left_in(tmp_path) == [f"{first.sha256[:2]}/{first.sha256}"]
    assert first.bytes == len(CSV)
    with lent(tmp_path, first.sha256, first.name) as path:
        assert path.name == "民和台账.csv"
        assert open_source(path).columns == ("名称", "经度", "纬度")
        place = path.parent
    assert not place.exists()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\台账\\民和.xlsx", "民和.xlsx"),
        ("a\0b\n.csv", "ab.csv"),
        ("\u202egnp.csv", "gnp.csv"),
        ("..", "file"),
        (".hidden", "hidden"),
        ("长" * 300 + ".csv", "长" * 116 + ".csv"),
        ("a\ud800.csv", "a.csv"),
    ],
)
def test_a_name_is_words_and_never_a_path(name: str, shown: str) -> None:
    assert shown_name(name) == shown


@given(st.text(max_size=400))
def test_any_name_can_be_shown_stored_and_lent(name: str) -> None:
    shown = shown_name(name)
    assert 0 < len(shown) <= 120
    assert "/" not in shown
    assert "\0" not in shown
    shown.encode()
    assert len(uploads._safe(name).encode()) <= 250


def test_a_file_that_is_too_large_empty_or_absent_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(TooLarge, match="more than 10 bytes"):
        keep(tmp_path, [sent("大.csv")], most=10)
    with pytest.raises(Invalid, match="empty"):
        keep(tmp_path, [sent("空.csv", b"")], most=MB)
    for files in ([], [sent("", b"")]):
        with pytest.raises(Invalid, match="no file was chosen"):
            keep(tmp_path, files, most=MB)
    assert left_in(tmp_path) == []


def test_a_connection_that_is_lost_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
            return super().read(5)

    with pytest.raises(Unavailable):
        keep(tmp_path, [Sent("断.csv", Broken(CSV))], most=MB)
    assert left_in(tmp_path) == []


def test_a_full_disk_is_told_and_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Full, match="no room left"):
        keep(tmp_path, [sent("满.csv")], most=MB)
    assert left_in(tmp_path) == []


def shapefile(folder: Path) -> dict[str, bytes]:
    import geopandas
    from shapely.geometry import Point

    frame = geopandas.GeoDataFrame({"名称": ["东关驿站"]}, geometry=[Point(101.5, 36.6)], crs=4326)
    frame.to_file(folder / "驿站.shp", encoding="utf-8", engine="pyogrio")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_parts_of_a_shapefile_are_one_list_sent_apart_or_as_an_archive(tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.mkdir()
    parts = shapefile(made)
    folder = tmp_path / "kept"
    apart = keep(folder, [sent(name, data) for name, data in parts.items()], most=MB)
    shuffled = keep(folder, [sent(name, parts[name]) for name in sorted(parts, reverse=True)], most=MB)
    assert (apart.sha256, apart.name) == (shuffled.sha256, "驿站.shp.zip")
    archive = {f"导出/{name}": data for name, data in parts.items()} | {
        "导出/说明.docx": b"x",
        "__MACOSX/._a.shp": b"",
    }
    whole = keep(folder, [sent("驿站.zip", zipped(archive))], most=MB)
    for kept in (apart, whole):
        with lent(folder, kept.sha256, kept.name) as path:
            rows = [row.values for chunk in open_source(path).chunks() for row in chunk]
        assert [row["名称"] for row in rows] == ["东关驿站"]


def test_parts_that_are_missing_are_named(tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.mkdir()
    parts = shapefile(made)
    kept = keep(tmp_path / "kept", [sent(n, d) for n, d in parts.items() if not n.endswith(".dbf")], most=MB)
    with (
        lent(tmp_path / "kept", kept.sha256, kept.name) as path,
        pytest.raises(FileError, match=r"驿站\.dbf"),
    ):
        open_source(path)


@pytest.mark.parametrize(
    "names", [["a.csv", "b.csv"], ["a.shp", "b.shp"], ["a.shp", "a.SHP"], ["a.dbf", "a.shx"]]
)
def test_several_files_that_are_no_one_shapefile_are_refused(names: list[str], tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="parts of one Shapefile"):
        keep(tmp_path, [sent(name) for name in names], most=MB)
    assert left_in(tmp_path) == []


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="send it again"), lent(tmp_path, "0" * 64, "旧.csv"):
        pass


def test_what_nobody_goes_on_with_is_forgotten_after_a_week_and_its_file_too(
    qinghai: Session, operator: int, tmp_path: Path
) -> None:
    kept, other = (
        keep(tmp_path, [sent("a.csv")], most=MB),
        keep(tmp_path, [sent("b.csv", CSV + b"\n")], most=MB),
    )
    old = inbox.add(qinghai, kept, actor=operator, choices={})
    inbox.add(qinghai, other, actor=operator, choices={})
    now = datetime.now(UTC)
    assert inbox.sweep(qinghai, tmp_path, now) == (0, 0)
    later = now + timedelta(days=8)
    qinghai.execute(text("UPDATE uploads SET made_at = :now WHERE id <> :old"), {"now": later, "old": old})
    assert inbox.sweep(qinghai, tmp_path, later) == (1, 1)
    assert left_in(tmp_path) == [f"{other.sha256[:2]}/{other.sha256}"]


def test_the_file_of_a_batch_that_waits_is_kept_however_long_it_takes(
    qinghai: Session, operator: int, tmp_path: Path
) -> None:
    from stations.registry.writing import acting

    kept = keep(tmp_path, [sent("a.csv")], most=MB)
    upload = inbox.add(qinghai, kept, actor=operator, choices={})
    with acting(qinghai, operator, reason="test"):
        qinghai.execute(text("INSERT INTO sources (code, name) VALUES ('t', 't')"))
        batch = qinghai.scalar(
            text(
                "INSERT INTO import_batches (source_id, actor_id, file_name, sha256, options, status)"
                " SELECT id, :actor, 'a.csv', :sha, '{}', 'judged' FROM sources WHERE code = 't' RETURNING id"
            ),
            {"actor": operator, "sha": kept.sha256},
        )
    inbox.settle(qinghai, upload, batch, actor=operator)
    found = inbox.of_batch(qinghai, batch)
    assert found is not None
    assert found.id == upload
    later = datetime.now(UTC) + timedelta(days=400)
    assert inbox.sweep(qinghai, tmp_path, later) == (0, 0)
    with acting(qinghai, operator, reason="test"):
        qinghai.execute(text("UPDATE import_batches SET status = 'applied' WHERE id = :id"), {"id": batch})
    assert inbox.sweep(qinghai, tmp_path, later) == (1, 1)


def test_the_upload_of_another_is_not_touched(qinghai: Session, operator: int) -> None:
    upload = inbox.add(qinghai, Kept("0" * 64, "a.csv", 1), actor=operator, choices={"datum": "gcj02"})
    qinghai.execute(text("SELECT set_config('yz.actor', '0', true)"))
    changed = qinghai.execute(text("UPDATE uploads SET file_name = 'b' WHERE id = :id"), {"id": upload})
    assert changed.rowcount == 0  # type: ignore[attr-defined]


REAL = [path for path in (SHARED / "stations").glob("*") if path.suffix in {".csv", ".xlsx"}]


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_a_real_list_is_kept_and_read_back_byte_for_byte(path: Path, tmp_path: Path) -> None:
    with path.open("rb") as file:
        kept = keep(tmp_path, [Sent(path.name, file)], most=MB * 8)
    assert path_of(tmp_path, kept.sha256).read_bytes() == path.read_bytes()
    with lent(tmp_path, kept.sha256, kept.name) as lent_path:
        assert open_source(lent_path).columns
