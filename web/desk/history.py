"""The history pages: who changed what, when and why; the past of one station; one commit, whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import render_template, request

from stations.accounts import ROLES, where
from stations.errors import Invalid
from stations.hours import SHANGHAI
from stations.registry import history, meant
from stations.registry.history import Asked, Entry
from stations.registry.kept import KEPT, OF_PEOPLE
from web import db
from web.desk.blueprint import blueprint
from web.desk.history_map import Movement, map_of
from web.desk.history_view import Told, doing_words, meant_by, telling, telling_elsewhere
from web.desk.history_words import table_name
from web.desk.staff import current, desk_page
from web.ground import name_in
from web.i18n import say

__all__ = ["history_of_commit", "history_page", "station_history"]

_SEEN_BY = ROLES
_PAGE = 30


@blueprint.get("/history")
@desk_page(*_SEEN_BY)
def history_page() -> str:
    """Show what was changed, newest first, narrowed by who, what, where and when."""
    member, form = current(), request.args
    asked = _asked(form)
    entries, before = history.commits(db.session(), asked, limit=_PAGE)
    tables = [(name, table_name(name)) for name in KEPT if asked.people or name not in OF_PEOPLE]
    return render_template(
        "desk/history.html",
        entries=[(entry, doing_words(entry)) for entry in entries],
        before=before,
        form=form,
        tables=tables,
        people=meant.authors(db.session()),
        regions=_region_choices(),
        own=member.regions(*ROLES) is not None,
        narrowed=any(form.get(name) for name in ("who", "table", "region", "since", "until", "batch")),
    )


@blueprint.get("/stations/<code>/history")
@desk_page(*_SEEN_BY)
def station_history(code: str) -> str:
    """Show everything that happened to a station, closed and withdrawn ones like any other."""
    found = history.of_station(db.session(), code, before=_number("before"), limit=_PAGE)
    station = meant.station_named(db.session(), code)
    names = meant_by(changed for _, done in found.entries for changed in done)
    steps = [(entry, telling(done, names)) for entry, done in found.entries]
    movements = _movements(steps)
    return render_template(
        "desk/station_history.html",
        code=code,
        name=name_in(station.names),
        station=station,
        steps=steps,
        before=found.before,
        commits=found.commits,
        movements=movements,
        map=map_of(movements, say("{name}的位置变化", name=name_in(station.names))),
        may_revert=current().holds("editor"),
    )


@blueprint.get("/history/<int:seq>")
@desk_page(*_SEEN_BY)
def history_of_commit(seq: int) -> str:
    """Show one commit whole: its reason, and each row that it changed, before and after."""
    people = current().holds("administrator")
    entry = history.commit(db.session(), seq, people=people)
    ids, more = history.touched(db.session(), entry, after=_number("after") or 0, limit=_PAGE)
    done = history.done_to(db.session(), entry, ids)
    elsewhere = () if _number("after") else history.done_elsewhere(db.session(), entry, people=people)
    stations = meant.stations_named(db.session(), ids)
    names = meant_by((changed for rows in done.values() for changed in rows), elsewhere)
    told = [(stations[id_], telling(done[id_], names)) for id_ in ids if done.get(id_)]
    movements = _movements([(entry, rows) for _, rows in told])
    return render_template(
        "desk/commit.html",
        entry=entry,
        doings=doing_words(entry),
        told=told,
        elsewhere=telling_elsewhere(elsewhere, names),
        after=ids[-1] if more else None,
        movements=movements,
        map=map_of(movements, say("这次修改移动的位置")),
        may_revert=current().holds("editor"),
    )


def _asked(form: Any) -> Asked:
    member = current()
    own = member.regions(*ROLES)
    region = form.get("region", "")
    regions = own or () if region == "own" else (region,) if region else ()
    table = form.get("table") or None
    people = member.holds("administrator")
    if table is not None and (table not in KEPT or (table in OF_PEOPLE and not people)):
        raise Invalid(f"table: {table[:40]!r} is none of {', '.join(KEPT)}", field="table", value=table)
    since, until = _day("since"), _day("until")
    return Asked(
        actor=_number("who"),
        table=table,
        regions=regions,
        batch=_number("batch"),
        since=since,
        until=None if until is None else until + timedelta(days=1),
        before=_number("before"),
        people=people,
    )


def _number(name: str) -> int | None:
    """Read a number of the address. Raises Invalid, naming it."""
    text = request.args.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Invalid(f"{name}: {text[:40]!r} is no number", field=name, value=text)
    return int(text)


def _day(name: str) -> datetime | None:
    """Read a day of the address as its first moment in China. Raises Invalid, naming it."""
    text = request.args.get(name, "").strip()
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
        return datetime.combine(day, time(), SHANGHAI)
    except ValueError:
        raise Invalid(
            f"{name}: {text[:40]!r} is no day; write it as 2026-05-01", field=name, value=text
        ) from None


def _region_choices() -> list[tuple[str, str]]:
    found = where.choices(db.session())
    return [(one.code, "　" * (len(one.lineage) - 1) + name_in(one.names)) for one in found]


def _movements(steps: Iterable[tuple[Entry, Sequence[Told]]]) -> list[Movement]:
    """Number the moves of a page, so that its map and its words name them alike."""
    found: list[Movement] = []
    for _, rows in steps:
        for row in rows:
            for line in row.lines:
                if line.move is not None and (line.move.old or line.move.new):
                    found.append(Movement(str(len(found) + 1), line.move, line))
    return found
