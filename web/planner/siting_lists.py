"""Lists of candidates: halls, hosts and premises that an operator brings with costs and consent, shown as they were read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from flask import current_app, flash, redirect, render_template, request, url_for
from werkzeug.utils import secure_filename
from werkzeug.wrappers import Response as AnyResponse

from geo.datum import Datum
from geo.errors import GeoError
from stations.accounts import ROLES
from stations.errors import Conflict, Invalid, StationsError
from stations.planning.siting import candidate_lists
from stations.registry.writing import acting
from web import db
from web.desk import bodies, import_words
from web.desk.blueprint import blueprint
from web.desk.staff import current, desk_page
from web.i18n import say
from web.planner import siting_words
from web.settings import Settings

__all__ = ["candidate_list_page", "candidate_lists_page", "remove_candidate_list", "send_candidate_list"]

Answer = AnyResponse | tuple[str, int] | str
_LONGEST_REASON: Final = 300
_MOST_SHOWN: Final = 200


@blueprint.get("/planner/candidates")
@desk_page(*ROLES)
def candidate_lists_page() -> str:
    """Show the lists that are offered, and the form to send one."""
    return _list()


def _most(settings: Settings) -> int:
    # A form has fields beside its file.
    return (settings.upload_max_mb << 20) + (1 << 20)


@blueprint.post("/planner/candidates/new")
@desk_page("planner", "administrator")
@bodies.takes(_most)
def send_candidate_list() -> Answer:
    """Read a file that was sent and keep it as a list; what is wrong is told, and nothing is kept."""
    if (refused := bodies.refused()) is not None:
        return _list({"files": import_words.trouble(type(refused).__name__, "too_large")}), 413
    file, form = request.files.get("files"), request.form
    if file is None or not file.filename:
        return _list({"files": say("还没有选文件。")}), 400
    datum = form.get("datum", "")
    if datum and datum not in set(Datum):
        return _list({"datum": say("请选坐标系：选错了，位置会偏几百米。")}), 400
    # The part after the last dot says how a file is read, and of a name in Chinese nothing else may be left.
    name = secure_filename(file.filename)
    suffix = Path(file.filename).suffix.lower()
    with TemporaryDirectory() as folder:
        path = Path(folder) / (
            name if name.endswith(suffix) and name != suffix.lstrip(".") else f"list{suffix}"
        )
        file.save(path)
        try:
            with (
                db.writing() as writing,
                acting(
                    writing, current().id, reason=f"list of candidates {form.get('name', '').strip()[:80]}"
                ),
            ):
                kept = candidate_lists.add(
                    writing,
                    path,
                    name=form.get("name", "") or Path(file.filename).stem[:80],
                    source=form.get("source", ""),
                    datum=Datum(datum) if datum else None,
                    actor=current().id,
                    now=db.now(),
                    file_name=file.filename[-200:],
                )
                list_id = kept.id
        except (GeoError, StationsError) as error:
            return _list(_wrong(error), detail=str(error)), 409 if isinstance(error, Conflict) else 400
    return redirect(url_for("desk.candidate_list_page", list_id=list_id), 303)


@blueprint.get("/planner/candidates/<int:list_id>")
@desk_page(*ROLES)
def candidate_list_page(list_id: int) -> str:
    """Show a list: how its file was read, and its first candidates."""
    kept = candidate_lists.get(db.session(), list_id)
    rows: list[dict[Any, Any]] = []
    if not kept.removed_at:
        table = candidate_lists.table(db.session(), kept.name).head(_MOST_SHOWN)
        rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return render_template(
        "desk/planner_site_list.html",
        kept=kept,
        rows=rows,
        left_out={_left_out(why): n for why, n in kept.reading.get("left_out", {}).items()},
        datum=import_words.datum_label(kept.reading["datum"]) if kept.reading.get("datum") else "–",
        columns={column_label(name): head for name, head in kept.reading.get("columns", {}).items()},
        consent=siting_words.consent_label,
        said=siting_words,
    )


@blueprint.post("/planner/candidates/<int:list_id>/remove")
@desk_page("planner", "administrator")
def remove_candidate_list(list_id: int) -> Answer:
    """Offer a list no more; plans that stand on it stay as they are."""
    kept = candidate_lists.get(db.session(), list_id)
    with (
        db.writing() as writing,
        acting(writing, current().id, reason=f"remove list of candidates {kept.name}"),
    ):
        candidate_lists.remove(writing, list_id, now=db.now())
    flash(say("名单已移走；用过它的方案不受影响。"))
    return redirect(url_for("desk.candidate_lists_page"), 303)


def column_label(name: str) -> str:
    """Return what a column of a list is called."""
    return {
        "key": say("代号"),
        "name": say("名称"),
        "lon": say("经度"),
        "lat": say("纬度"),
        "lonlat": say("经纬度"),
        "address": say("地址"),
        "host": say("场地方"),
        "premises": say("场地类型"),
        "consent": say("场地方意见"),
        "cost": say("费用（元）"),
        "note": say("备注"),
    }.get(name, name)


def _left_out(why: str) -> str:
    return {"no position": say("没有可用的位置"), "no_position": say("没有可用的位置")}.get(why, why)


def _wrong(error: Exception) -> dict[str, str]:
    if isinstance(error, Conflict):
        return {"name": say("已有叫这个名字的名单，请换一个名字，或者先移走那一个。")}
    reason, field = getattr(error, "reason", None), getattr(error, "field", None)
    told = {
        "no_position": say("没有经度和纬度的列：把它们叫作“经度”和“纬度”。"),
        "datum": say("请选坐标系：选错了，位置会偏几百米。"),
        "twice": say("有代号写了两次：每个候选点一个代号。"),
        "bad_cost": say("有一行的费用不是0或更大的数：改正它，不知道就留空。"),
        "no_degrees": say("有一行的坐标不是度数：经度在前，单位是度。"),
        "nothing": say("文件里没有一个候选点。"),
        "too_many": say("候选点太多：最多{n}个。", n="100,000"),
    }.get(reason or "")
    if told is None and isinstance(error, Invalid) and field in {"name", "source"}:
        told = {"name": say("名称写1到{n}个字。", n=80), "source": say("来源最多{n}个字。", n=200)}[field]
    if told is None:
        told = import_words.trouble(type(error).__name__, reason)
    return {
        field if field in {"name", "source", "datum"} else "datum" if reason == "datum" else "files": told
    }


def _list(wrong: Mapping[str, str] | None = None, *, detail: str = "") -> str:
    session = db.session()
    kept = candidate_lists.listed(session)
    settings: Settings = current_app.config["YIZHAN_SETTINGS"]
    return render_template(
        "desk/planner_site_lists.html",
        lists=kept,
        people=siting_words.staff_names(session, {one.added_by for one in kept}),
        wrong=wrong or {},
        detail=detail,
        form=request.form,
        datums=[(str(datum), import_words.datum_label(str(datum))) for datum in Datum],
        most_mb=settings.upload_max_mb,
    )
