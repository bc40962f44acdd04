"""Where one goes from anywhere at the desk: one line for each page, in the order of a working day."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app

from web.desk.staff import Member
from web.i18n import mark

__all__ = ["ENTRIES", "Entry", "entries_for"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A page of the desk in the navigation. icon: a symbol of ``icons.svg``; roles: as the page itself asks for."""

    endpoint: str
    label: str
    roles: tuple[str, ...]
    icon: str


_ALL = ("viewer", "editor", "inspector", "planner")

ENTRIES = [
    Entry("desk.home", mark("工作台"), _ALL, "kind-union_station"),
    Entry("desk.reports_page", mark("群众反映"), _ALL, "speech"),
    Entry("desk.stations", mark("站点"), _ALL, "pin"),
    Entry("desk.notices_page", mark("招工和活动"), ("viewer", "editor"), "amenity-job_board"),
    Entry("desk.usage_page", mark("使用人次"), _ALL, "amenity-seating"),
    Entry("desk.inspections_page", mark("现场检查"), _ALL, "shield"),
    Entry("desk.imports_page", mark("导入"), ("viewer", "editor"), "upload"),
    Entry("desk.planner_page", mark("规划"), _ALL, "layers"),
    Entry("desk.history_page", mark("修改历史"), _ALL, "history"),
    Entry("desk.people", mark("人员"), ("administrator",), "people"),
]


def entries_for(member: Member) -> list[Entry]:
    """Return the entries that somebody may open, of the pages that there are."""
    return [
        entry
        for entry in ENTRIES
        if entry.endpoint in current_app.view_functions and member.holds(*entry.roles)
    ]
