"""What a site says of itself: the numbers under which it is filed, on every public page, and what it keeps, as it is set up."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from stations.registry.writing import OPERATOR, actor_id
from tests.conftest import fill_squares
from web import create_app
from web.settings import Settings, SettingsError

ICP, POLICE = "青ICP备12345678号-1", "青公网安备 63010202000001号"


@pytest.fixture(scope="module")
def small(new_database: Callable[[], str]) -> Iterator[Engine]:
    made = create_engine(new_database())
    with Session(made) as session:
        fill_squares(session, actor_id(session, OPERATOR))
        session.commit()
    yield made
    made.dispose()


def client_of(engine: Engine, **settings: object) -> FlaskClient:
    given = {"secret_key": "x" * 40, "database_url": engine.url.render_as_string(hide_password=False)}
    return create_app(Settings(**(given | settings)), engine=engine).test_client()  # type: ignore[arg-type]


def text_of(client: FlaskClient, path: str) -> str:
    return client.get(path, headers={"Accept": "text/html"}).get_data(as_text=True)


def test_every_public_page_shows_the_numbers_with_links_and_asks_nobody(small: Engine) -> None:
    filed = client_of(small, icp_number=ICP, police_number=POLICE)
    plain = client_of(small)
    for path in (
        "/",
        "/map",
        "/about",
        "/privacy",
        "/download",
        "/embed?v=1",
        "/embed/builder",
        "/quality",
        "/s/0",
        "/ogc?f=html",
    ):
        page = text_of(filed, path)
        assert (
            f'href="https://beian.miit.gov.cn/" target="_blank" rel="noopener noreferrer">{ICP}</a>' in page
        ), path
        assert f'code=63010202000001" target="_blank" rel="noopener noreferrer">{POLICE}</a>' in page, path
        assert "beian" not in text_of(plain, path), path
        policy = filed.get(path, headers={"Accept": "text/html"}).headers["Content-Security-Policy"]
        assert "beian" not in policy


@pytest.mark.parametrize(
    ("settings", "said", "unsaid"),
    [
        ({}, ["不写访问日志", "可以请他们删除", "不向任何第三方"], ["保留 180 天", "日志里"]),
        (
            {"log": "/var/log/yizhan", "log_days": 200},
            ["保留 200 天", "日志里没有网络地址"],
            ["不写访问日志"],
        ),
        ({"log": "stderr", "log_addresses": "yes"}, ["日志里有网络地址"], ["日志保留", "没有网络地址"]),
        ({"report_days": 365, "report_hours": 48}, ["答复之后 365 天", "保留 48 小时"], ["可以请他们删除"]),
        ({"base_map": "osm"}, ["tile.openstreetmap.org"], ["不向任何第三方"]),
    ],
)
def test_the_page_on_privacy_says_what_this_site_does(
    small: Engine, settings: dict[str, object], said: list[str], unsaid: list[str]
) -> None:
    page = text_of(client_of(small, **settings), "/privacy")
    assert [words for words in said if words not in page] == []
    assert [words for words in unsaid if words in page] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("YIZHAN_ICP_NUMBER", "12345678"),
        ("YIZHAN_ICP_NUMBER", '青ICP备12345678号"><script>'),
        ("YIZHAN_POLICE_NUMBER", "青公网安备 1号"),
    ],
)
def test_a_number_that_no_authority_gives_stops_the_start(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.read({name: value})
