"""The stations that somebody keeps, as a list: the readers' filters and the staff's, a page at a time, to open or to select."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from flask import render_template, request, url_for

from stations import vocabulary as words
from stations.editing import choices
from stations.editing.browse import NAMES, WITHOUT, Asked, Listed, Row, listed
from stations.editing.save import Reach, reach
from stations.query import StationQuery
from web import db
from web.desk.blueprint import blueprint
from web.desk.editing_aids import region_names
from web.desk.staff import Member, current, desk_page
from web.ground import name_in
from web.i18n import lang, say
from web.pages.when import ago_words

__all__ = ["Filter", "read_filter", "stations"]

_EVERY_LIFE = tuple(words.LIFECYCLE)


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list shows: the readers' question, the staff's, and whether the region was left at one's own."""

    query: StationQuery
    asked: Asked
    own: bool
    problems: tuple[str, ...] = ()

    def items(self) -> list[tuple[str, str]]:
        """Return the names and values that ask for this list again."""
        plain = self.query if not self.own else replace(self.query, regions=())
        # Staff see every state unless they choose; the readers' default means something else here.
        shown = [(name, value) for name, value in plain.items() if name != "lifecycle"]
        if self.query.lifecycle != _EVERY_LIFE:
            shown.append(("lifecycle", ",".join(self.query.lifecycle)))
        return shown + self.asked.items()


def read_filter(items: Sequence[tuple[str, str]], member: Member) -> Filter:
    """Read a list's question out of a query string or a form; without a region it is about one's own."""
    query, problems, _ = StationQuery.read(items, others=NAMES)
    given = {name for name, value in items if value.strip()}
    if "lifecycle" not in given:
        query = replace(query, lifecycle=_EVERY_LIFE)
    own = "region" not in given
    if own:
        regions = member.regions("viewer", "editor", "inspector", "planner")
        query = replace(query, regions=regions or ())
    return Filter(query, Asked.read(items), own, tuple(problem.reason for problem in problems))


@blueprint.get("/stations")
@desk_page("viewer", "editor", "inspector", "planner")
def stations() -> str:
    """Show the list."""
    member, session = current(), db.session()
    shown = read_filter(list(request.args.items(multi=True)), member)
    text = request.args.get("after", "")
    after = int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0
    found = listed(session, shown.query, shown.asked, now=db.now(), after=after)
    allowed = reach(session, member.id)
    return render_template(
        "desk/stations.html",
        filter=shown,
        items=shown.items(),
        found=found,
        after=after,
        rows=_rows(found, allowed),
        may_edit=member.holds("editor"),
        next_url=_page_url(shown, found.next_after) if found.next_after else None,
        first_url=_page_url(shown, 0) if after else None,
        region_options=_region_options(),
        kinds=[(term.code, term.label(lang())) for term in words.KINDS.values()],
        lives=[(term.code, term.label(lang())) for term in words.LIFECYCLE.values()],
        places=[
            ("unlocated", say("未定位")),
            ("held", say("坐标有疑问")),
            ("located", say("已定位")),
        ],
        missing=[(part, without_words()[part]) for part in WITHOUT],
    )


def without_words() -> dict[str, str]:
    """Name what a station can be without."""
    return {
        "photo": say("没有照片"),
        "hours": say("没有时间"),
        "amenities": say("设施未知"),
        "phone": say("没有电话"),
        "verification": say("从未核实"),
    }


def _rows(found: Listed, allowed: Reach) -> list[dict[str, object]]:
    names = region_names()
    return [_row(row, names, allowed) for row in found.rows]


def _row(row: Row, names: dict[str, str], allowed: Reach) -> dict[str, object]:
    mine = allowed.includes(row.region)
    place = say("已定位") if row.located else say("坐标有疑问") if row.held else say("未定位")
    return {
        "code": row.code,
        "name": row.name,
        "url": url_for("desk.station_edit", code=row.code)
        if mine
        else url_for("finder.station_page", code=row.code),
        "mine": mine,
        "kind": words.KINDS[row.kind].label(lang()),
        "icon": f"kind-{row.kind}",
        "region": names.get(row.region or "", ""),
        "address": row.address or "",
        "lifecycle": words.LIFECYCLE[row.lifecycle].label(lang()),
        "is_open": row.lifecycle == words.Lifecycle.OPEN,
        "place": place,
        "located": row.located,
        "verified": ago_words(row.verified_at, db.now()) if row.verified_at else "",
        "photos": row.photos,
    }


def _region_options() -> list[tuple[str, str]]:
    found = choices.regions(db.session())
    order = {"province": 0, "prefecture": 1, "county": 2}
    return [
        (region.code, "　" * order[region.level] + name_in(region.names))
        for region in sorted(found, key=lambda region: region.code)
    ]


def _page_url(shown: Filter, after: int) -> str:
    items = [*shown.items(), *([("after", str(after))] if after else [])]
    return f"{url_for('desk.stations')}?{urlencode(items, safe=',:')}"
