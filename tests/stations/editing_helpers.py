"""What the tests of edits share: an edit as somebody, a station added, a keeper of a county."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from stations.editing.draft import Draft, load
from stations.editing.save import Edit, Saved, add
from stations.models import Grant, Staff
from stations.registry.writing import acting

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
REASON = "核实后修改"
FULL: dict[str, Any] = {
    "name.zh": "城东工会驿站",
    "name.bo": "ཁྲེང་ཏུང་",
    "kind": "rider_station",
    "address": "昆仑东路1号",
    "directions": "一楼东侧",
    "premises": "bank",
    "access": "ask_staff",
    "fee": "free",
    "phone": "0971-1234567 转 8",
    "capacity": 12,
    "area_m2": "25.5",
    "cards": ["工会卡", "建行卡"],
    "opened_on": "2024-05-01",
    "lifecycle": ["suspended", "2026-02-01", "装修"],
    "expected_on": "2026-04-01",
    "position": [101.5, 36.6, "gcj02", False],
    "position_quality": "door",
    "position_origin": "surveyed",
    "hours": ["周一至周五 8:30-17:00", "Mo-Fr 08:30-17:00", "plain"],
    "exception.2026-02-15/2026-02-23": [[None, "春节"]],
    "exception.2026-05-01/2026-05-05": [["10:00-16:00", "劳动节"]],
    "amenity.drinking_water": "yes",
    "amenity.microwave": "broken",
    "amenity.toilet": "no",
    "partner.host": ["建设银行城东支行", "某社区"],
    "partner.funder": ["省总工会"],
    "visits.2025-01-01/2025-12-31": [[18416, True, None, "骑手"]],
}


def edit(actor: int, fields: Mapping[str, Any], **more: Any) -> Edit:
    """Make an edit of these fields."""
    return Edit(fields, actor, REASON, NOW, **more)


def made(session: Session, actor: int, fields: Mapping[str, Any] | None = None) -> Draft:
    """Add a station and return its draft."""
    saved = add(session, edit(actor, fields or FULL), insist=True)
    assert isinstance(saved, Saved)
    session.expire_all()
    return load(session, saved.code)


def keeper(session: Session, operator: int, login: str, region: str | None, role: str = "editor") -> int:
    """Add a member of staff who holds a role in a region in a commit of its own."""
    next_commit(session)
    with acting(session, operator, reason="staff for a test"):
        staff = Staff(login=login, display_name=f"{login}同志")
        session.add(staff)
        session.flush()
        session.add(Grant(staff_id=staff.id, role=role, region_code=region))
    next_commit(session)
    return staff.id


def next_commit(session: Session) -> None:
    """Let what follows be another commit, as it would be in another transaction."""
    session.execute(text("SELECT set_config('yz.commit', '', true)"))
