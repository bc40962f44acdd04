"""The command ``yizhan`` over a real registry: reports, errors in one sentence, and a chapter for each command."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import geopandas as gpd
import pytest
from shapely.geometry import box
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session

from stations.models import Commit, Region, Schedule, Station
from stations.registry.registry import add
from stations.registry.writing import OPERATOR, acting, actor_id
from tests.conftest import fill_squares
from web.cli import cli, main
from web.cli.common import province_code, table
from web.settings import SettingsError

ROOT = Path(__file__).resolve().parents[2]
CLOCK = "2026-07-01T12:00+08:00"


@dataclass(frozen=True)
class Done:
    """What a command said and how it ended."""

    status: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture(scope="module")
def address(new_database: Callable[[], str]) -> str:
    """The small registry with two stations, committed."""
    url = new_database()
    engine = create_engine(url)
    with Session(engine) as session:
        operator = actor_id(session, OPERATOR)
        fill_squares(session, operator)
        with acting(session, operator, reason="stations"):
            door = add(session, names={"zh": "川口工会驿站"}, kind="union_station", region_code="630222")
            door.location = "SRID=4326;POINT(102.1 36.6)"  # type: ignore[assignment]
            add(session, names={"zh": "未知\u202e\x1b[31m处"}, kind="rider_station", region_code="630102")
        session.commit()
    engine.dispose()
    return url


@pytest.fixture
def run(address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command over the small registry, or over the database at ``url``, with the clock stopped."""

    def command(*words: str, url: str = address) -> Done:
        for name in [name for name in os.environ if name.startswith("YIZHAN_") and "TEST" not in name]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("YIZHAN_DATABASE_URL", url)
        monkeypatch.setenv("YIZHAN_CLOCK", CLOCK)
        status = main(words)
        said = capsys.readouterr()
        return Done(status, said.out, said.err)

    return command


@pytest.fixture
def inside(address: str) -> Iterator[Session]:
    """Look into the registry that the commands work on."""
    engine = create_engine(address)
    with Session(engine) as session:
        yield session
    engine.dispose()


def commands(command: click.Command, *above: str) -> Iterator[tuple[str, click.Command]]:
    """Yield every command that does something, by its words."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from commands(below, *above, name)
    else:
        yield " ".join(above), command


COMMANDS = dict(commands(cli))


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_is_documented_with_a_chapter_of_its_own(words: str) -> None:
    documented = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert f"\n## yizhan {words}\n" in documented
    assert f"(#yizhan-{words.replace(' ', '-')})" in documented


def test_no_command_is_documented_that_does_not_exist() -> None:
    documented = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^## yizhan (.+)$", documented, re.M)) == set(COMMANDS)


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_says_what_it_does_and_takes_a_registry(words: str, run: Run) -> None:
    said = run(*words.split(), "--help")
    assert said.status == 0
    assert "--registry NAME" in said.out
    assert COMMANDS[words].help
    assert all(option.help for option in COMMANDS[words].params if isinstance(option, click.Option))


def test_the_console_script_runs_and_a_wrong_word_is_status_2() -> None:
    ran = subprocess.run(
        [Path(sys.executable).parent / "yizhan", "nonsense"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 2
    assert "nonsense" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_status_tells_what_the_registry_holds(run: Run) -> None:
    said = run("db", "status")
    assert said.status == 0
    assert re.search(r"^stations\s+2 \(2 in service\)$", said.out, re.M)
    assert re.search(r"^未定位\s+1, of them 0 with a doubted position$", said.out, re.M)
    assert re.search(r"^regions\s+4 county, 2 prefecture, 1 province$", said.out, re.M)


def test_stations_are_listed_by_the_query_string_or_a_copied_address(run: Run) -> None:
    said = run("stations", "list", "https://map.example/map?region=6302&open=now#12/36/102")
    assert said.status == 0
    assert "川口工会驿站" in said.out
    assert "工会驿站" in said.out
    assert "民和回族土族自治县" in said.out
    assert "1 of 1, at 2026-07-01 12:00+08:00." in said.out


def test_a_control_character_in_a_name_does_not_reach_the_terminal(run: Run) -> None:
    said = run("stations", "list", "region=6301")
    assert "未知" in said.out
    assert "未定位" in said.out
    assert not {"\x1b", "\u202e"} & set(said.out)


def test_a_query_that_is_not_understood_is_one_sentence(run: Run) -> None:
    said = run("stations", "list", "colour=red&limit=0")
    assert (said.status, said.out) == (1, "")
    assert "'colour' is not a parameter here" in said.err
    assert "limit: '0' is no page size" in said.err
    assert said.err.count("\n") == 1


def test_geojson_holds_every_station_over_all_pages(run: Run, inside: Session) -> None:
    with acting(inside, actor_id(inside, OPERATOR), reason="many"):
        inside.add_all(Station(names={"zh": f"驿站{n}"}, kind="care_station") for n in range(230))
    inside.commit()
    body = json.loads(run("stations", "list", "kind=care_station", "--geojson").out)
    assert body["type"] == "FeatureCollection"
    assert len({feature["id"] for feature in body["features"]}) == 230
    page = run("stations", "list", "kind=care_station&limit=30")
    assert "30 of 230" in page.out
    (cursor,) = re.findall(r"cursor=\d+", page.out)
    assert "30 of 230" in run("stations", "list", f"kind=care_station&limit=30&{cursor}").out


def test_the_nearest_stations_come_with_metres(run: Run) -> None:
    said = run("stations", "near", "102.1", "36.61", "class=rest")
    assert said.status == 0
    assert re.search(r"川口工会驿站 .* 1,1\d\d$", said.out, re.M)
    wrong = run("stations", "near", "36.61", "102.1")
    assert wrong.status == 1
    assert "has the latitude first" in wrong.err


def test_one_station_is_shown_whole_and_an_unknown_one_is_an_error(run: Run, inside: Session) -> None:
    code = inside.scalar(select(Station.code).where(Station.names["zh"].astext == "川口工会驿站"))
    body = json.loads(run("stations", "show", str(code)).out)
    assert (body["id"], body["geometry"]["coordinates"]) == (code, [102.1, 36.6])
    unknown = run("stations", "show", "00")
    assert (unknown.status, unknown.err) == (1, "no station has the code '00'\n")


def test_gaps_are_told_by_county_and_whole_as_json(run: Run) -> None:
    said = run("gaps", "region=6302")
    assert said.status == 0
    assert re.search(r"^630222 民和回族土族自治县\s+0 / 0\s+–\s+0\s+–$", said.out, re.M)
    assert "from 1 located rest stations in service" in said.out
    body = json.loads(run("gaps", "--json", "--radius-m", "100").out)
    assert (body["radius_m"], body["basis"]["stations"]) == (100.0, 1)
    assert run("gaps", "--radius-m", "nan").status == 1


def test_regions_are_listed_with_their_stations(run: Run) -> None:
    said = run("regions", "list", "--level", "county")
    assert re.search(r"^630222\s+county\s+民和回族土族自治县\s+–\s+–\s+1\s+no\s+–$", said.out, re.M)
    assert "青海省" not in said.out


def test_a_layer_of_ones_own_is_loaded_and_told(
    run: Run, new_database: Callable[[], str], tmp_path: Path
) -> None:
    url = new_database()
    engine = create_engine(url)
    with Session(engine) as session:
        fill_squares(session, actor_id(session, OPERATOR))
        session.commit()
        path = tmp_path / "counties.gpkg"
        gpd.GeoDataFrame(
            {"mine": ["630102", "630104", "630222"], "called": ["城东区", "城西区", "民和市"]},
            geometry=[
                box(101.4, 36.4, 101.6, 36.8),
                box(101.6, 36.4, 101.8, 36.8),
                box(102.0, 36.4, 102.2, 36.8),
            ],
            crs="EPSG:4326",
        ).to_file(path)
        wrong = run("regions", "load", "--file", str(path), url=url)
        assert (wrong.status, wrong.out) == (1, "")
        assert "say which with --code-column" in wrong.err
        words = ("regions", "load", "--file", str(path), "--code-column", "mine", "--name-column", "called")
        said = run(*words, "--credit", "自有", "--publishable", "--merged", "630202=630222", url=url)
        assert said.status == 0, said.err
        assert "3 regions read: 1 new, 1 renamed, 0 with another outline, 2 merged." in said.out
        assert "630222 民和回族土族自治县 is now called 民和市." in said.out
        assert "630103 城中区 is now 630104; 0 stations went along." in said.out
        assert session.get_one(Region, "630104").credit == "自有"
    engine.dispose()


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("regions", "load"), 2, "either --province CODE or --file PATH"),
        (("regions", "load", "--province", "41", "--file", "x"), 2, "either --province CODE or --file PATH"),
        (("regions", "load", "--province", "99"), 1, "--province '99'"),
        (("regions", "load", "--province", "41"), 1, "this registry is of province 630000"),
        (("regions", "load", "--file", "nowhere.gpkg"), 1, "nowhere.gpkg"),
        (("regions", "load", "--file", "x.shp", "--merged", "6301"), 2, "write two codes"),
        (("regions", "load", "--registry", "demo", "--province", "41"), 1, "of province 63 only"),
        (("regions", "list", "--registry", "Not A Name"), 1, "--registry 'Not A Name'"),
        (("regions", "list", "--registry", ""), 1, "--registry is empty"),
        (("regions", "list", "--level", "village"), 2, "village"),
        (("demo", "fill"), 1, "'test' is not a demonstration"),
        (("db", "migrate"), 1, "YIZHAN_OWNER_DATABASE_URL is not set"),
    ],
)
def test_what_cannot_be_done_is_said_in_words_and_changes_nothing(
    run: Run, inside: Session, words: tuple[str, ...], status: int, message: str
) -> None:
    before = inside.scalar(select(func.count()).select_from(Commit))
    said = run(*words)
    assert said.status == status
    assert message in said.err
    assert "Traceback" not in said.err
    inside.rollback()
    assert inside.scalar(select(func.count()).select_from(Commit)) == before


def test_a_database_that_is_not_there_is_one_sentence(run: Run, address: str) -> None:
    said = run("db", "status", url=re.sub(r"/yizhan_test[^?]*", "/yizhan_nowhere", address))
    assert said.status == 1
    assert "cannot be reached" in said.err
    assert "Traceback" not in said.err


def test_a_reader_who_has_seen_enough_is_not_told_of_a_broken_pipe(address: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("YIZHAN_")}
    listing = subprocess.Popen(
        [Path(sys.executable).parent / "yizhan", "stations", "list", "--geojson"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment | {"YIZHAN_DATABASE_URL": address},
    )
    assert listing.stdout is not None
    listing.stdout.close()
    _, said = listing.communicate(timeout=30)
    assert (listing.returncode, said) == (1, b"")


def test_a_file_that_may_not_be_read_is_one_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "counties.shp")

    monkeypatch.setattr("stations.registry.regions.load_file", forbidden)
    said = run("regions", "load", "--file", "counties.shp")
    assert (said.status, said.err.splitlines()[-1]) == (
        1,
        "counties.shp cannot be read or written: Permission denied",
    )


def test_ctrl_c_writes_nothing_and_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("stations.registry.derived.rebuild", interrupted)
    said = run("db", "rebuild")
    assert said.status == 130
    assert "nothing of this command was written" in said.err


def test_a_rebuild_finds_what_stands_and_the_index_of_hours_reaches_ahead(run: Run, inside: Session) -> None:
    said = run("db", "rebuild")
    assert re.fullmatch(r"[\d,]+ stations; 0 public rows were not what the facts say\.\n", said.out)
    assert run("db", "extend").status == 0
    assert inside.scalar(select(func.count()).select_from(Schedule)) == 1
    again = run("db", "extend")
    assert again.out == "0 schedules extended, 0 that no station keeps dropped.\n"


def test_a_table_counts_chinese_characters_as_two_wide() -> None:
    assert table(("名", "n"), [("驿站", "7"), ("ab", None), ("x", "1,234")]).splitlines() == [
        "名        n",
        "驿站      7",
        "ab        –",
        "x     1,234",
    ]


def test_a_province_is_read_from_two_digits_or_six() -> None:
    assert province_code("63") == province_code("630000") == "63"
    with pytest.raises(SettingsError, match="--province is empty"):
        province_code(" ")
