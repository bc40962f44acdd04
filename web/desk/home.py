"""The first page of the desk: where one's roles hold, and where to go from here."""

from __future__ import annotations

from flask import render_template

from stations.accounts import where
from web import db
from web.desk.blueprint import blueprint
from web.desk.nav import entries_for
from web.desk.staff import current, member_page
from web.desk.words import role_name
from web.ground import name_in
from web.i18n import say

__all__ = ["home", "where_held"]


@blueprint.get("")
@member_page()
def home() -> str:
    """Show where one's roles hold and what one may open."""
    member = current()
    return render_template("desk/home.html", held=where_held(member.grants), entries=entries_for(member)[1:])


def where_held(grants: tuple[tuple[str, str | None], ...]) -> list[tuple[str, str]]:
    """Return (role, region) in words for each grant."""
    names = where.names(db.session(), {region for _, region in grants if region is not None})
    return [
        (
            role_name(role),
            say("全部区域") if region is None else name_in(names[region]) if region in names else region,
        )
        for role, region in grants
    ]
