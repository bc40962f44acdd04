"""Streets on the faces: the command that loads them, the finder's page and rows, a station's page, the planner's form."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from conftest import fill_squares
from stations.hours import SHANGHAI, Hours
from stations.models import Place, Region
from stations.registry.registry import add, set_lifecycle
from stations.registry.writing import OPERATOR, acting, actor_id
from stations.streets import load
from street_files import at, town
from web import create_app
from web.cli import main
from web.settings import Settings

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=SHANGHAI)
OSM = "© OpenStreetMap contributors, ODbL"
#: name: where, in hundred metres east and north of the middle of the town.
DOORS = {"对岸": (3, 0.5), "近处": (-8, 0.5), "村里": (-2, -19), "停用": (-3, 0.5)}
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def address(new_database: Callable[[], str]) -> str:
    """A county with people on both banks, and four stations."""
    url = new_database()
    engine = create_engine(url)
    with Session(engine) as session, session.begin():
        operator = actor_id(session, OPERATOR)
        fill_squares(session, operator)
        with acting(session, operator, reason="a town"):
            region = session.get(Region, "630102")
            assert region is not None
            region.population = 4_000
            for name, (east, people) in {"西岸": (-5, 3_000), "东岸": (6, 1_000)}.items():
                lon, lat = at(east, 0)
                session.add(
                    Place(
                        source="test", source_id=name, names={"zh": name}, region_code="630102", credit="test",
                        population=people, location=f"SRID=4326;POINT({lon} {lat})",
                    )
                )  # fmt: skip
            for name, (east, north) in DOORS.items():
                lon, lat = at(east, north)
                door = add(
                    session,
                    names={"zh": name},
                    kind="union_station",
                    hours=Hours("24/7"),
                    region_code="630102",
                )
                door.location = f"SRID=4326;POINT({lon} {lat})"  # type: ignore[assignment]
                if name == "停用":
                    session.flush()
                    set_lifecycle(session, door, "suspended", on=NOON.date(), reason="装修")
    engine.dispose()
    return url


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "streets"


@pytest.fixture
def app(address: str, folder: Path) -> Iterator[Flask]:
    engine = create_engine(address)
    settings = Settings(secret_key="s" * 40, clock=NOON, streets=folder, database_url=address)
    yield create_app(settings, engine=engine)
    engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def loaded(folder: Path, tmp_path: Path) -> Path:
    load(folder, town(tmp_path / "town.osm", bridge_north=6), now=NOON)
    return folder


@pytest.fixture
def run(
    address: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    def command(*words: str) -> tuple[int, str, str]:
        for name in [name for name in os.environ if name.startswith("YIZHAN_") and "TEST" not in name]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("YIZHAN_DATABASE_URL", address)
        monkeypatch.setenv("YIZHAN_STREETS", str(folder))
        monkeypatch.setenv("YIZHAN_CLOCK", NOON.isoformat())
        status = main(words)
        said = capsys.readouterr()
        return status, said.out, said.err

    return command


def near(east: float, north: float, **more: str) -> str:
    lon, lat = at(east, north)
    return "?" + "&".join([f"near={lon:.6f},{lat:.6f}", *(f"{name}={value}" for name, value in more.items())])


def rows_of(client: FlaskClient, query: str) -> tuple[dict[str, object], dict[str, tuple[int, bool]]]:
    body = json.loads(client.get("/find.json" + query).data)
    rows = [dict(zip(body["columns"], row, strict=True)) for row in body["rows"]]
    return body, {
        row["names"]["zh"]: (row["minutes"], row["about"]) for row in rows if row["lifecycle"] == "open"
    }


def test_without_streets_every_minute_is_an_estimate_and_says_so(client: FlaskClient) -> None:
    body, rows = rows_of(client, near(0, 0.5))
    assert rows == {"对岸": (5, False), "近处": (14, False), "村里": (33, False)}
    assert body["basis"] == "分钟数是步行的直线估算，没有算街道。先列到达时开着、待得住的。"
    assert "OpenStreetMap" not in str(body)


def test_with_streets_minutes_are_of_them_their_source_is_named_and_an_estimate_is_marked(
    client: FlaskClient, loaded: Path
) -> None:
    body, rows = rows_of(client, near(0, 0.5))
    assert rows == {"近处": (12, False), "对岸": (18, False), "村里": (33, True)}
    assert body["basis"] == (
        f"分钟数是步行沿街道的时间（{OSM}），距离是直线。 标“约”的是直线估算。 先列到达时开着、待得住的。"
    )
    page = client.get("/" + near(0, 0.5)).get_data(as_text=True)
    assert f'<p id="basis" class="basis">分钟数是步行沿街道的时间（{OSM}），距离是直线。' in page
    assert "<b>约 33 分钟</b>" in page
    assert "<b>12 分钟</b>" in page
    english = client.get("/" + near(0, 0.5, lang="en")).get_data(as_text=True)
    assert f"Minutes are on foot along the streets ({OSM}); distances are straight." in english
    assert "<b>about 33 min</b>" in english


def test_an_e_bike_is_told_its_own_minutes(client: FlaskClient, loaded: Path) -> None:
    body, rows = rows_of(client, near(0, 0.5, by="ebike"))
    assert rows["近处"] == (4, False)
    assert rows["对岸"] == (6, False)
    assert str(body["basis"]).startswith("分钟数是骑电动车沿街道的时间")


def test_a_rider_far_from_the_streets_gets_estimates_without_a_mark_on_each(
    client: FlaskClient, loaded: Path
) -> None:
    body, rows = rows_of(client, near(-3, -25))
    assert all(not about for _, about in rows.values())
    assert "直线估算" in str(body["basis"])
    assert "OpenStreetMap" not in str(body["basis"])


def test_streets_that_cannot_be_read_leave_the_finder_with_its_estimate(
    client: FlaskClient, loaded: Path
) -> None:
    (loaded / "streets.json").write_text("{", encoding="utf-8")
    body, rows = rows_of(client, near(0, 0.5))
    assert rows["对岸"] == (5, False)
    assert "直线估算" in str(body["basis"])


def test_networks_whose_files_are_gone_leave_the_finder_with_its_estimate(
    client: FlaskClient, loaded: Path
) -> None:
    for file in loaded.glob("*/walk/tail.npy"):
        file.unlink()
    body, rows = rows_of(client, near(0, 0.5))
    assert rows["对岸"] == (5, False)
    assert "直线估算" in str(body["basis"])


def test_a_suspended_station_tells_where_to_go_instead_in_minutes_on_streets(
    client: FlaskClient, loaded: Path
) -> None:
    page = client.get("/" + near(-3, 0.5, lifecycle="suspended")).get_data(as_text=True)
    (code,) = re.findall(r'<li class="find [^>]*data-code="(\w+)"', page)
    told = client.get(f"/s/{code}").get_data(as_text=True)
    assert f"距离按直线，分钟数沿街道（{OSM}）。" in told
    assert re.search(r"8 分钟 · \d+ 米", told)


def test_the_command_loads_tells_and_removes(run: Run, folder: Path, tmp_path: Path) -> None:
    status, out, _ = run("streets", "status")
    assert (status, out.strip()) == (
        0,
        "No streets are loaded: minutes are estimated along the straight line.",
    )
    status, out, err = run("streets", "load", str(town(tmp_path / "town.osm", bridge_north=6)))
    assert status == 0
    assert "Building the network for e-bikes" in err
    assert f"Streets of town.osm, {OSM}" in out
    assert "Data of a day nobody said" in out
    assert re.search(r"walk +\d+ +576 +1 +100\.0% +1", out)
    assert "3 of 4 located stations have a street within 1,000 m" in out
    status, again, _ = run("streets", "status")
    assert (status, again) == (0, out)
    status, out, _ = run("streets", "remove")
    assert (status, out.strip()) == (0, "The streets of town.osm are removed.")
    assert not (folder / "streets.json").exists()


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["{missing}"], 2, "does not exist"),
        (["{text}"], 1, "is no kind of street file"),
        (["{town}", "--date", "yesterday"], 2, "does not match the format"),
        (["{town}", "--elevation", "{text}"], 1, "cannot be read as an elevation model"),
    ],
)
def test_a_load_that_cannot_be_says_why_in_one_sentence(  # noqa: PLR0917
    run: Run, folder: Path, tmp_path: Path, words: list[str], status: int, told: str
) -> None:
    (tmp_path / "text.txt").write_text("no streets", encoding="utf-8")
    files = {
        "town": str(town(tmp_path / "town.osm")), "text": str(tmp_path / "text.txt"), "missing": str(tmp_path / "none"),
    }  # fmt: skip
    given, _, err = run("streets", "load", *(word.format(**files) for word in words))
    assert (given, told in err) == (status, True)
    assert "Traceback" not in err
    assert not (folder / "streets.json").exists()


def test_streets_of_elsewhere_are_refused_at_the_prompt(run: Run, tmp_path: Path) -> None:
    path = town(tmp_path / "town.osm")
    path.write_text(path.read_text(encoding="utf-8").replace('lat="36.', 'lat="26.'), encoding="utf-8")
    status, _, err = run("streets", "load", str(path))
    assert status == 1
    assert "they are of another place" in err


def test_coverage_runs_along_the_streets_once_they_are_loaded_and_straight_if_asked(
    run: Run, loaded: Path
) -> None:
    asked = ("coverage", "run", "--size-m", "100")
    status, out, _ = run(*asked)
    assert status == 0
    assert f"Minutes: on 576 segments of street, {OSM} (no date)" in out
    assert "of 4,000 people within 15 minutes of 3 stations" in out
    status, out, _ = run(*asked, "--ways", "straight")
    assert status == 0
    assert "估算（直线×系数）" in out


def test_coverage_along_streets_that_are_not_there_is_refused(run: Run) -> None:
    status, _, err = run("coverage", "run", "--ways", "streets")
    assert status == 1
    assert "no streets are loaded" in err


def test_a_folder_for_each_registry_is_the_default() -> None:
    assert Settings.read({"YIZHAN_REGISTRY": "henan"}).streets.parts[-3:] == ("var", "streets", "henan")
    assert Settings.read({"YIZHAN_STREETS": "/srv/streets"}).streets == Path("/srv/streets")
    assert replace(Settings(), streets=Path("/a")).environment()["YIZHAN_STREETS"] == "/a"
