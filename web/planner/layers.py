"""The pages of demand layers: those that are kept, a file sent and described, and one of them with its picture and past."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from flask import Response, current_app, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from geo.bbox import BBox
from geo.errors import GeoError
from stations import jobs
from stations.accounts import ROLES
from stations.errors import Conflict, Invalid, NotAllowed, StationsError
from stations.keeping import inbox
from stations.keeping.uploads import Sent, keep, lent
from stations.models import DemandGrid, Staff, Upload
from stations.models.layers import COUNTS
from stations.planning import layer_files, layers
from stations.planning.layer_files import Look, Reading
from stations.registry import base_map
from stations.registry.writing import acting
from web import db
from web.desk import bodies, import_words, layer_words
from web.desk.blueprint import blueprint
from web.desk.staff import current, desk_page
from web.ground import EVERYWHERE, credits_of_pictures, ground, name_in, review_words
from web.i18n import say
from web.maps.cell_tiles import SHADES
from web.maps.picture import PictureSpec, Square, render
from web.planner import layers_form, layers_work
from web.planner.layers_form import FilledLayer
from web.settings import Settings

__all__ = [
    "change_layer",
    "describe_file",
    "drop_file",
    "layer_page",
    "layer_picture",
    "layers_page",
    "send_layer",
]

Answer = AnyResponse | tuple[str, int] | str
_LONGEST_REASON: Final = 300


def _settings() -> Settings:
    settings: Settings = current_app.config["YIZHAN_SETTINGS"]
    return settings


def _most(settings: Settings) -> int:
    # A form has fields beside its files.
    return (settings.upload_max_mb << 20) + (1 << 20)


@blueprint.get("/planner/layers")
@desk_page(*ROLES)
def layers_page() -> str:
    """Show the layers that are kept, those that are being read, and the form to send a file."""
    return _list()


@blueprint.post("/planner/layers/files")
@desk_page("planner", "administrator")
@bodies.takes(_most)
def send_layer() -> Answer:
    """Keep a file that was sent, look at what it is, and go on to describing it."""
    refused = bodies.refused()
    if refused is not None:
        return _list(refused), 413
    settings = _settings()
    part = request.form.get("part", "").strip()[:200]
    try:
        kept = keep(
            settings.uploads,
            [Sent(file.filename or "", file.stream) for file in request.files.getlist("files")],
            most=settings.upload_max_mb << 20,
        )
        with lent(settings.uploads, kept.sha256, kept.name) as path:
            layer_files.look(path, Reading(part=part or None))
    except (GeoError, StationsError) as error:
        return _list(error), 400
    with db.writing() as writing:
        upload_id = inbox.add(
            writing, kept, actor=current().id, choices={**layers_work.CHOICES, "part": part or None}
        )
    return redirect(url_for("desk.describe_file", upload_id=upload_id), 303)


@blueprint.route("/planner/layers/files/<int:upload_id>", methods=["GET", "POST"])
@desk_page("planner", "administrator")
def describe_file(upload_id: int) -> Answer:
    """Ask what a file counts, whose it is and which columns are meant; then let the worker read it."""
    upload = _mine(upload_id)
    try:
        with lent(_settings().uploads, upload.sha256, upload.file_name) as path:
            look = layer_files.look(path, Reading(part=upload.choices.get("part")))
    except (GeoError, StationsError) as error:
        flash(f"{_trouble(error)} {error}", "error")
        return redirect(url_for("desk.layers_page"), 303)
    if request.method == "GET":
        return _describe(upload, look, layers_form.fresh(look, upload.file_name))
    filled = layers_form.filled_in(request.form, look)
    if filled.facts is not None and filled.reading is not None:
        try:
            with db.writing() as writing:
                work = layers_work.ask(writing, upload, filled.facts, filled.reading, actor=current().id)
            return redirect(url_for("desk.work_page", work_id=work), 303)
        except Conflict:
            filled = FilledLayer(filled.values, wrong={"name": layer_words.reasons()["taken"]})
    return _describe(upload, look, filled), 400


@blueprint.post("/planner/layers/files/<int:upload_id>/discard")
@desk_page("planner", "administrator")
def drop_file(upload_id: int) -> AnyResponse:
    """Forget a file that waits to be described."""
    with db.writing() as writing:
        inbox.discard(writing, _mine(upload_id).id, actor=current().id)
    flash(say("文件已删除。"))
    return redirect(url_for("desk.layers_page"), 303)


@blueprint.get("/planner/layers/<int:layer_id>")
@desk_page(*ROLES)
def layer_page(layer_id: int) -> str:
    """Show a layer: what it is, how much of it lies where, which runs stand on it, and its past."""
    session = db.session()
    layer = layers.get(session, layer_id)
    return render_template(
        "desk/planner_layer.html",
        layer=layer,
        added_by=_staff({layer.added_by}).get(layer.added_by, ""),
        runs=layers.uses(session, layer),
        history=layers.history(session, layer),
        names=_names(each["region"] for each in layer.largest),
        datum=import_words.datum_label(layer.reading.get("datum")) if layer.reading.get("datum") else None,
        said=layer_words,
    )


@blueprint.get("/planner/layers/<int:layer_id>/picture.svg")
@desk_page(*ROLES)
def layer_picture(layer_id: int) -> Response:
    """Draw where a layer lies: squares in shades, the darkest where a tenth of all squares holds most."""
    session = db.session()
    layer = layers.get(session, layer_id)
    preview = session.scalar(select(DemandGrid.preview).where(DemandGrid.layer_id == layer.id))
    cells = (preview or {}).get("cells", [])
    bounds = sorted(each[2] for each in cells)
    steps = [bounds[len(bounds) * part // 10] for part in (3, 5, 7, 9)] if bounds else []
    side = float((preview or {}).get("side_m", 0.0))
    dark = request.args.get("theme") == "dark"
    shades = SHADES["dark" if dark else "light"]
    spec = PictureSpec(
        review=review_words(),
        credits=credits_of_pictures(),
        width=900,
        height=560,
        scale=1,
        bbox=BBox(*(base_map.extent(session) or EVERYWHERE)),
        squares=tuple(
            Square(lon, lat, side, shades[1 + sum(amount >= step for step in steps)])
            for lon, lat, amount in cells
        ),
        title=say("{title}的地图", title=layer.name),
        unit_words=(say("{n} 米"), say("{n} 公里")),
        theme="dark" if dark else "light",
        form="svg",
    )
    return Response(render(spec, ground()), mimetype="image/svg+xml")


@blueprint.route("/planner/layers/<int:layer_id>/remove", methods=["GET", "POST"])
@desk_page("planner", "administrator")
def change_layer(layer_id: int) -> Answer:
    """Ask for a reason, then take a layer out."""
    layer = layers.get(db.session(), layer_id)
    reason, wrong, status = request.form.get("reason", "").strip(), None, 400
    if request.method == "POST":
        if not 1 <= len(reason) <= _LONGEST_REASON:
            wrong = say("请写明原因，最多{n}个字。", n=_LONGEST_REASON)
        else:
            try:
                with (
                    db.writing() as writing,
                    acting(writing, current().id, reason=f"remove layer {layer.name}: {reason}"),
                ):
                    gone = layers.remove(writing, layer_id, now=db.now())
            except Conflict:
                wrong, status = (
                    say("已经移走了，或者有一次用它的计算还没有结果：先等它算完，或者移走那次计算。"),
                    409,
                )
            else:
                flash(say("已删除。") if gone else say("已不再提供。用过它的计算还在，数据也留着。"))
                return redirect(url_for("desk.layers_page"), 303)
    page = render_template(
        "desk/planner_layer_remove.html", layer=layer, reason=reason, wrong=wrong,
        runs=len(layers.uses(db.session(), layer)),
    )  # fmt: skip
    return (page, status) if wrong else page


def _list(error: Exception | None = None) -> str:
    session = db.session()
    kept = layers.listed(session)
    gone = layers.listed(session, removed=True)
    works = [work for work in jobs.recent(session) if work.kind == layers_work.LAYER]
    member = current()
    detail, wrong = None, None
    if error is not None:
        wrong, detail = _trouble(error), str(error)
    return render_template(
        "desk/planner_layers.html",
        layers=kept,
        gone=gone,
        people=_staff({layer.added_by for layer in (*kept, *gone)}),
        works=[work for work in works if not work.ended],
        files=[
            upload
            for upload in inbox.waiting_layers(session, member.id)
            if layers_work.key_of(upload.id) not in _busy(works)
        ]
        if member.holds("planner")
        else [],
        most_mb=_settings().upload_max_mb,
        wrong=wrong,
        detail=detail,
        said=import_words,
        words=layer_words,
    )


def _trouble(error: Exception) -> str:
    return import_words.trouble(type(error).__name__, getattr(error, "reason", None))


def _busy(works: Iterable[jobs.Progress]) -> set[str]:
    return {layers_work.key_of(int(work.arguments["upload"])) for work in works if not work.ended}


def _describe(upload: Upload, look: Look, filled: FilledLayer) -> str:
    standing = layers_work.standing(db.session(), upload.id)
    return render_template(
        "desk/planner_layer_new.html",
        upload=upload,
        look=look,
        filled=filled,
        failed=standing if standing is not None and standing.state == "failed" else None,
        trouble=None
        if standing is None or standing.state != "failed"
        else import_words.trouble(
            (standing.result or {}).get("error", ""), (standing.result or {}).get("reason")
        ),
        counts=[(code, layer_words.counts_label(code), layer_words.unit_of(code)) for code in COUNTS],
        datums=[(code, import_words.datum_label(code)) for code in layers_form.DATUMS],
        every_row=layers_form.EVERY_ROW,
        words=layer_words,
    )


def _mine(upload_id: int) -> Upload:
    upload = inbox.find(db.session(), upload_id)
    if not upload.choices.get(layers_work.LAYER):
        raise Invalid(f"the file {upload_id} is a list of stations and no layer")
    if upload.actor_id != current().id and not current().holds("administrator"):
        raise NotAllowed(f"the file {upload_id} was sent by somebody else")
    return upload


def _staff(ids: set[int]) -> dict[int, str]:
    rows = db.session().execute(select(Staff.id, Staff.display_name).where(Staff.id.in_(ids)))
    return {row.id: row.display_name for row in rows}


def _names(codes: Iterable[str | None]) -> dict[str, str]:
    from stations.models import Region

    wanted = {code for code in codes if code}
    rows = db.session().execute(select(Region.code, Region.names).where(Region.code.in_(wanted)))
    return {code: name_in(names) for code, names in rows}
