"""The townships of a programme at the desk: which has a station, the lists that are brought, and what is settled by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from flask import current_app, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from geo.datum import Datum
from geo.errors import GeoError
from stations.accounts import ROLES
from stations.errors import Conflict, Invalid, NotAllowed, NotFound
from stations.keeping.uploads import shown_name
from stations.models import Programme, ProgrammeTownship
from stations.planning import programmes
from stations.planning.programme_townships import Told, add_points, from_registry, listed, replace_list
from stations.planning.township_lists import read
from stations.planning.township_mending import MENDS, mend, set_station
from stations.planning.township_standing import NEAR_M, STANDINGS, standing
from stations.registry.writing import acting
from web import db
from web.desk import bodies
from web.desk.blueprint import blueprint
from web.desk.staff import current, desk_page
from web.i18n import say
from web.planner import programmes_words as words
from web.planner.page import Regions
from web.planner.programmes import may_plan
from web.settings import Settings

__all__ = ["bring_townships", "mend_township", "programme_townships"]

Answer = AnyResponse | tuple[str, int] | str
_DATUMS: Final = ("wgs84", "gcj02", "bd09")


def _most(settings: Settings) -> int:
    return settings.upload_max_mb << 20


@blueprint.get("/planner/programmes/<code>/townships")
@desk_page(*ROLES)
def programme_townships(code: str) -> str:
    """Show the townships of a programme."""
    return _page(programmes.get(db.session(), code))


@blueprint.post("/planner/programmes/<code>/townships/<any('list', 'points', 'registry'):what>")
@desk_page("planner", "administrator")
@bodies.takes(_most)
def bring_townships(code: str, what: str) -> Answer:
    """Take a list of townships, a list of points for them, or the registry's own townships."""
    programme = programmes.get(db.session(), code)
    if bodies.refused() is not None:
        most = current_app.config["YIZHAN_SETTINGS"].upload_max_mb
        return _page(programme, told=say("文件超过 {n} MB，没有保存。", n=most)), 413
    try:
        act = _bringing(what)
        with (
            db.writing() as writing,
            acting(writing, current().id, reason=f"programme {programme.code}: townships, {what}"),
        ):
            found = act(writing, programme.code)
    except (Invalid, GeoError, NotFound) as error:
        return _page(programme, told=_trouble(error), detail=str(error)), 400
    except NotAllowed:
        return _page(programme, told=say("只有在方案的所有区域都有规划权限的人才能改它。")), 403
    except Conflict:
        sentence = say("方案已经结束。") if programme.closed_on else say("请先上传乡镇名单，再补位置。")
        return _page(programme, told=sentence), 409
    waiting = sum(found.waiting.values())
    flash(
        say(
            "读了 {rows} 行，用上 {taken} 行，{waiting} 行要人看。",
            rows=found.rows,
            taken=found.taken,
            waiting=waiting,
        )
    )
    return redirect(url_for("desk.programme_townships", code=programme.code), 303)


@blueprint.post("/planner/programmes/<code>/townships/<int:row_id>")
@desk_page("planner", "administrator")
def mend_township(code: str, row_id: int) -> Answer:
    """Settle one row by hand."""
    programme = programmes.get(db.session(), code)
    form = {name: value.strip() for name, value in request.form.items()}
    act = form.get("act", "")
    try:
        with (
            db.writing() as writing,
            acting(
                writing, current().id, reason=f"programme {programme.code}: township {row_id}, {act[:20]}"
            ),
        ):
            if act == "station":
                set_station(writing, programme.code, row_id, form.get("station") or None, actor=current().id)
            else:
                point = (_degrees(form, "lon"), _degrees(form, "lat")) if act == "point" else None
                township = form.get("township", "")
                mend(
                    writing,
                    programme.code,
                    row_id,
                    act if act in MENDS else "",
                    actor=current().id,
                    point=point,
                    datum=_datum(form),
                    township=int(township) if township.isascii() and township.isdigit() else None,
                    county=form.get("county") or None,
                )
    except Invalid as error:
        return _page(programme, told=words.mend_problem(error)), 400
    except NotFound:
        return _page(programme, told=say("没有这个编号的站点，或这一行已经不在了。")), 404
    except NotAllowed:
        return _page(programme, told=say("只有在方案的所有区域都有规划权限的人才能改它。")), 403
    except Conflict:
        return _page(programme, told=say("方案已经结束。")), 409
    flash(say("已处理。"))
    return redirect(url_for("desk.programme_townships", code=programme.code) + f"#row-{row_id}", 303)


def _bringing(what: str) -> Callable[[Session, str], Told]:
    """Read what was sent before anything is written; return what writes it."""
    actor = current().id
    if what == "registry":
        return lambda session, code: from_registry(session, code, actor=actor)
    file = request.files.get("files")
    if file is None or not file.filename:
        raise Invalid("no file", field="files", reason="no_file")
    with TemporaryDirectory() as folder:
        path = Path(folder) / shown_name(file.filename)
        file.save(path)
        rows = read(path)
    datum = _datum(request.form)
    if what == "list":
        return lambda session, code: replace_list(session, code, rows, datum=datum, actor=actor)
    if datum is None:
        raise Invalid("no datum", field="datum", reason="needed")
    return lambda session, code: add_points(session, code, rows, datum=datum, actor=actor)


def _datum(form: Any) -> Datum | None:
    chosen = form.get("datum", "")
    return Datum(chosen) if chosen in _DATUMS else None


def _degrees(form: dict[str, str], name: str) -> float:
    try:
        return float(form.get(name, ""))
    except ValueError:
        raise Invalid(f"{name} is no number", field="point", reason="needed") from None


def _trouble(error: Exception) -> str:
    reason = getattr(error, "reason", None)
    if isinstance(error, NotFound):
        return say("登记里没有这些区域的乡镇，请上传名单。")
    return {
        "no_file": say("请选一个文件。"),
        "no_name_column": say("没有找到乡镇名称这一列，表头请写“乡镇名称”。"),
        "empty": say("文件里没有乡镇。"),
        "too_many": say("行数太多。"),
        "needed": say("文件里有坐标，请选坐标系。"),
    }.get(reason or "", say("这个文件读不了。"))


def _page(programme: Programme, *, told: str | None = None, detail: str | None = None) -> str:
    session, regions = db.session(), Regions.load()
    towns = standing(session, programme)
    strays = listed(session, programme, stray=True)
    only = request.args.get("only", "")
    counties = [
        (code, regions.names[code])
        for code, line in sorted(regions.parents.items())
        if set(programme.regions) & set(line) and len(line) == 3
    ]
    return render_template(
        "desk/programme_townships.html",
        programme=programme,
        towns=[town for town in towns if only not in STANDINGS or town.best == only],
        every=towns,
        counts=[(best, sum(town.best == best for town in towns)) for best in STANDINGS],
        waiting=[town for town in towns if town.problem is not None],
        only=only if only in STANDINGS else "",
        strays=[(row, _meant(row, towns)) for row in strays],
        names=regions.names,
        counties=counties,
        datums=[(code, label) for code, label in words.datum_names().items() if code in _DATUMS],
        near_km=f"{NEAR_M / 1000:g}",
        mine=may_plan(programme) and programme.closed_on is None,
        told=told,
        detail=detail,
        words=words,
    )


def _meant(row: ProgrammeTownship, towns: list[Any]) -> list[Any]:
    """Return the townships that a stray row may mean, those of its county else."""
    meant = [town for town in towns if str(town.id) in row.candidates]
    return meant or [town for town in towns if town.county == row.region_code and town.lon is None]
