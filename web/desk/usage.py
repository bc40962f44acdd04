"""Use at the desk: visits typed for a station, lists of them sent, and which of a station's figures stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import current_app, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from geo.errors import GeoError
from stations import vocabulary as words
from stations.accounts import ROLES
from stations.errors import Invalid, NotFound, StationsError
from stations.hours import SHANGHAI
from stations.keeping import usage, usage_import
from stations.keeping.uploads import Sent, keep, lent
from stations.keeping.usage import Entry, Figure
from stations.keeping.usage_words import Period, counted, occupation, period
from stations.models import Station
from stations.registry.writing import acting
from web import db
from web.desk import bodies
from web.desk.blueprint import blueprint
from web.desk.staff import current, desk_page, require
from web.desk.usage_words import column_words, period_words, trouble
from web.i18n import lang, say
from web.quality.words import way_labels
from web.settings import Settings

__all__ = ["remove_usage", "send_usage", "station_usage", "type_usage", "usage_page"]

Page = AnyResponse | tuple[str, int] | str
_FIELDS: Final = ("station", "period", "visits", "occupation")
_SHOWN_FAILED: Final = 200


@blueprint.get("/usage")
@desk_page(*ROLES)
def usage_page() -> str:
    """Show the forms: one figure typed, or a list sent."""
    return _form({"station": request.args.get("station", "")})


@blueprint.post("/usage/typed")
@desk_page("editor")
def type_usage() -> Page:
    """Keep a figure that was typed; what is wrong is said at its field, and then nothing is kept."""
    given = {name: request.form.get(name, "").strip() for name in _FIELDS}
    today = db.now().astimezone(SHANGHAI).date()
    errors: dict[str, str] = {}
    values: dict[str, Any] = {}
    readers: dict[str, Callable[[str], Any]] = {
        "station": lambda text: usage_import.find(db.session(), text, within=current().regions("editor")),
        "period": lambda text: period(text, today=today),
        "visits": counted,
        "occupation": occupation,
    }
    for name, read in readers.items():
        try:
            values[name] = read(given[name])
        except Invalid as error:
            errors[name] = trouble(error.reason)
    if errors:
        return _form(given, errors), 400
    entry = Entry(values["station"], values["period"], values["visits"], values["occupation"])
    with db.writing() as session, acting(session, current().id, reason=f"填报使用人次：{entry.period}"):
        done = usage.put(session, [entry], how="typed")
    code = db.session().scalar(select(Station.code).where(Station.id == entry.station_id))
    told = {
        (1, 0, 0): say("已保存：{period} {visits} 人次。"),
        (0, 1, 0): say("已改为：{period} {visits} 人次；原来的数字在修改历史里。"),
        (0, 0, 1): say("已经有了：{period} {visits} 人次，没有重复登记。"),
    }[done.added, done.changed, done.same]
    flash(told.format(period=period_words(entry.period), visits=_count(entry.counted)))
    return redirect(url_for("desk.station_usage", code=code), 303)


@blueprint.get("/usage/<code>")
@desk_page(*ROLES)
def station_usage(code: str) -> str:
    """Show every figure of a station, how it was counted, and which of them stands."""
    today = db.now().astimezone(SHANGHAI).date()
    station = _station(code)
    rows = [_row(one) for one in usage.figures(db.session(), code, today=today)]
    return render_template(
        "desk/usage_station.html",
        code=code,
        name=station.names["zh"],
        capacity=station.capacity,
        rows=rows,
        may_edit=current().holds("editor"),
        occupations=_occupations(),
        given={"station": code},
        errors={},
    )


@blueprint.post("/usage/<code>/remove")
@desk_page("editor")
def remove_usage(code: str) -> AnyResponse:
    """Take a figure away that was wrong; the history keeps it."""
    require(_station(code).region_code, "editor")
    text = request.form.get("figure", "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0
    with db.writing() as session, acting(session, current().id, reason="删除错误的使用人次"):
        usage.remove(session, code, number)
    flash(say("已删除；修改历史里还能看到。"))
    return redirect(url_for("desk.station_usage", code=code), 303)


def _most(settings: Settings) -> int:
    return (settings.upload_max_mb << 20) + (1 << 20)


@blueprint.post("/usage/list")
@desk_page("editor")
@bodies.takes(_most)
def send_usage() -> Page:
    """Keep the figures of a list: all of it, or nothing where a row fails, unless the sender leaves such rows out."""
    refused = bodies.refused()
    if refused is not None:
        return _form({}, {"files": trouble(getattr(refused, "reason", None))}, detail=str(refused)), 413
    settings: Settings = current_app.config["YIZHAN_SETTINGS"]
    today = db.now().astimezone(SHANGHAI).date()
    try:
        kept = keep(
            settings.uploads,
            [Sent(file.filename or "", file.stream) for file in request.files.getlist("files")],
            most=settings.upload_max_mb << 20,
        )
        with lent(settings.uploads, kept.sha256, kept.name) as path:
            found = usage_import.read(db.session(), path, today=today, within=current().regions("editor"))
    except (GeoError, StationsError) as error:
        return _form({}, {"files": trouble(getattr(error, "reason", None))}, detail=str(error)), 400
    if (found.failed and "skip" not in request.form) or not found.entries:
        return _form({}, found=found), 400
    with db.writing() as session, acting(session, current().id, reason=f"导入使用人次：{kept.name}"):
        done = usage.put(session, found.entries, how="imported")
    return _form({}, found=found, done=done)


def _form(
    given: Mapping[str, str],
    errors: Mapping[str, str] | None = None,
    *,
    detail: str | None = None,
    found: usage_import.Read | None = None,
    done: usage.Put | None = None,
) -> str:
    return render_template(
        "desk/usage.html",
        given=given,
        errors=errors or {},
        detail=detail,
        found=found,
        done=done,
        columns=[] if found is None else [(one.header, column_words(one)) for one in found.columns],
        failed=[]
        if found is None
        else [(one.row, trouble(one.reason), one.why) for one in found.failed[:_SHOWN_FAILED]],
        occupations=_occupations(),
        may_edit=current().holds("editor"),
    )


def _occupations() -> list[tuple[str, str]]:
    return [(term.code, term.label(lang())) for term in words.OCCUPATIONS.values()]


def _station(code: str) -> Station:
    found = db.session().scalar(select(Station).where(Station.code == code))
    if found is None:
        raise NotFound(f"no station has the code {code!r}")
    return found


def _count(one: Any) -> str:
    return say("至少 {n}", n=f"{one.visits:,}") if one.at_least else f"{one.visits:,}"


def _row(one: Figure) -> dict[str, Any]:
    return {
        "id": one.id,
        "period": period_words(one.period),
        "days": one.period.days,
        "count": _count(one.counted),
        "daily": f"{one.counted.visits / one.period.days:.1f}",
        "who": _who(one.occupation),
        "how": way_labels()[one.how or "noted"],
        "source": one.source or "",
        "by": one.by or "",
        "at": one.at,
        "stands": one.stands,
        "why": _why(one),
    }


def _who(code: str | None) -> str:
    if code is None:
        return say("全部")
    return words.OCCUPATIONS[code].label(lang()) if code in words.OCCUPATIONS else code


def _why(one: Figure) -> str:
    if one.stands or one.beaten_by is None:
        return ""
    if one.beaten_by == one.period and one.how != "scanned":
        return say("已含在合计里")
    return say("以 {period} 的数字为准", period=_short(one.beaten_by))


def _short(one: Period) -> str:
    return period_words(one)
