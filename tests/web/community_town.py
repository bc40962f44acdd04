"""A registry of squares with stations, a clock that tests move, and forms of notices and events as a desk sends them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import Flask
from sqlalchemy import Engine

from tests.web.desk_fixtures import DeskClient, signed_in, staff_member
from web import create_app
from web.settings import Settings

__all__ = ["MORNING", "Town", "event_form", "notice_form"]

#: A Monday, 06:00 in Beijing.
MORNING = datetime(2026, 11, 23, 6, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


@dataclass
class Town:
    """The application with its clock, two stations of Minhe and one of Ledu."""

    engine: Engine
    minhe: str
    closed: str
    ledu: str
    folder: Path
    moment: datetime = MORNING
    apps: dict[datetime, Flask] = field(default_factory=dict)

    @property
    def app(self) -> Flask:
        """The application at the moment of the clock."""
        if self.moment not in self.apps:
            url = self.engine.url.render_as_string(hide_password=False)
            settings = Settings(
                secret_key="x" * 40, database_url=url, clock=self.moment, downloads=self.folder
            )
            self.apps[self.moment] = create_app(settings, engine=self.engine)
        return self.apps[self.moment]

    def desk(self, role: str = "editor", region: str | None = "630222") -> DeskClient:
        """Return a client of a member of staff who is logged in now."""
        return signed_in(self.app, staff_member(self.engine, f"{role}-{region}", role, region))

    def page(self, address: str) -> str:
        """Return a public page as text."""
        answer = self.app.test_client().get(address)
        assert answer.status_code == 200, (address, answer.status_code, answer.text[:500])
        return answer.text


def notice_form(town: Town, **changed: str) -> dict[str, str]:
    """Return the form of a notice that is right, with some fields changed."""
    return {
        "station": town.minhe,
        "trade": "mason",
        "title": "小区外墙砌砖",
        "starts": "2026-11-23",
        "ends": "2026-11-24",
        "assemble_at": "07:30",
        "assemble_where": "驿站东侧停车场",
        "pay_from": "260",
        "pay_to": "300",
        "headcount": "12",
        "employer": "民和鑫达建筑公司",
        "phone": "0972-8522222",
        "note": "自带瓦刀，管午饭",
        "until": "2026-11-23T20:00",
    } | changed


def event_form(town: Town, **changed: str) -> dict[str, str]:
    """Return the form of an event that is right, with some fields changed."""
    return {
        "station": town.minhe,
        "region": "",
        "kind": "health_check",
        "status": "planned",
        "title": "户外劳动者免费体检",
        "starts": "2026-11-26T09:00",
        "ends": "2026-11-26T12:00",
        "place": "",
        "organiser": "民和县总工会",
        "note": "",
        "sessions": "",
        "firms": "",
        "people": "",
        "leaflets": "",
    } | changed
