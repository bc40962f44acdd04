"""Photos of a station: put there several at once, described, taken away; what is not a photo is told by its name."""

from __future__ import annotations

from flask import Response, abort, current_app, flash, redirect, render_template, request, url_for
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as AnyResponse

from stations.editing.draft import load
from stations.errors import Conflict, Invalid, NotAllowed, StationsError, TooLarge, Unsupported
from stations.keeping import photos, station_photos
from stations.registry.writing import acting
from web import db
from web.desk.blueprint import blueprint
from web.desk.bodies import refused, takes
from web.desk.editing_page import photo_rows
from web.desk.editing_words import wrong_words
from web.desk.staff import current, desk_page, require
from web.i18n import say
from web.settings import Settings

__all__ = ["shows_names", "station_photo", "station_photos_page"]

_WRITERS = ("editor", "inspector")
#: What is taken at once: five of the largest photos.
_MOST_BYTES = 5 * photos.MAX_BYTES


@blueprint.get("/stations/<code>/photos")
@desk_page(*_WRITERS)
def station_photos_page(code: str) -> str:
    """Show the photos of a station, for who keeps nothing else of it as well."""
    draft = load(db.session(), code)
    require(draft.fields.get("region_code"), *_WRITERS)
    return render_template(
        "desk/station_photos.html",
        code=code,
        title=draft.fields["name.zh"],
        photos=photo_rows(code),
        shows=shows_names(),
        most=station_photos.MOST,
    )


@blueprint.post("/stations/<code>/photos")
@takes(lambda _: _MOST_BYTES)
@desk_page(*_WRITERS)
def station_photos_put(code: str) -> AnyResponse:
    """Take photos in: each is drawn anew without its metadata, or refused and told by its name."""
    require(load(db.session(), code).fields.get("region_code"), *_WRITERS)
    if refused() is not None:
        flash(say("一次放上的照片太多，总共最多 {mb} MB，请分几次。", mb=_MOST_BYTES >> 20), "error")
        return _back(code)
    sent = [file for file in request.files.getlist("photo") if file.filename]
    if not sent:
        flash(say("请先选择照片。"), "error")
    done = sum(_put(code, file) for file in sent)
    if done:
        flash(say("已放上 {n} 张照片。", n=done))
    return _back(code)


@blueprint.post("/stations/<code>/photos/<int:photo_id>")
@desk_page(*_WRITERS)
def station_photo_change(code: str, photo_id: int) -> AnyResponse:
    """Change what is said of a photo, or take it away."""
    require(load(db.session(), code).fields.get("region_code"), *_WRITERS)
    form, removing = request.form, request.form.get("action") == "remove"
    try:
        with db.writing() as session, acting(session, current().id, reason=say("整理照片")):
            if removing:
                station_photos.remove(session, code, photo_id)
            else:
                station_photos.change(
                    session,
                    code,
                    photo_id,
                    shows=form.get("shows", ""),
                    caption=form.get("caption", ""),
                    taken_on=form.get("taken_on", ""),
                )
    except Invalid as error:
        flash(wrong_words(error), "error")
    else:
        flash(say("已撤下这张照片，历史里还找得到。") if removing else say("已改好照片的说明。"))
    return _back(code)


@blueprint.get("/stations/<code>/photos/<digest>.jpg")
@desk_page("viewer", "editor", "inspector", "planner")
def station_photo(code: str, digest: str) -> Response:
    """Answer a photo of a station, public or not."""
    known = {one.sha256 for one in station_photos.of(db.session(), code)}
    path = photos.path_of(_settings().photos, digest)
    if digest not in known or not path.is_file():
        abort(404)
    answer = Response(path.read_bytes(), content_type="image/jpeg")
    answer.headers["Content-Security-Policy"] = "default-src 'none'"
    return answer


def shows_names() -> dict[str, str]:
    """Name what a photo can show, in the order in which it is offered."""
    return {"door": say("门口"), "inside": say("里面"), "outside": say("外面"), "amenity": say("设施")}


def _put(code: str, file: FileStorage) -> bool:
    form = request.form
    try:
        picture = photos.redrawn(file.stream.read(photos.MAX_BYTES + 1), declared=file.mimetype)
        with (
            photos.kept(_settings().photos, picture) as digest,
            db.writing() as session,
            acting(session, current().id, reason=say("放上照片")),
        ):
            station_photos.put(
                session,
                code,
                digest,
                shows=form.get("shows", "door"),
                caption=form.get("caption", ""),
                taken_on=form.get("taken_on", ""),
            )
    except NotAllowed:
        raise
    except StationsError as error:
        flash(say("{name}：{why}", name=(file.filename or "")[:60], why=_refusal(error)), "error")
        return False
    return True


def _refusal(error: StationsError) -> str:
    if isinstance(error, TooLarge):
        return say(
            "太大了，最多 {mb} MB、{mp} 百万像素。",
            mb=photos.MAX_BYTES // 1024 // 1024,
            mp=photos.MAX_PIXELS // 1_000_000,
        )
    if isinstance(error, Unsupported):
        return say("不是能读的照片，请用相机拍的 JPEG、PNG 或 WebP 原图。")
    if isinstance(error, Invalid):
        return wrong_words(error) if error.reason else say("文件损坏，读不完整，请重新拍摄或导出。")
    if isinstance(error, Conflict):
        return say("一个站点最多 {n} 张照片，请先撤下几张。", n=station_photos.MOST)
    return say("现在存不了照片，请稍后再试。")


def _back(code: str) -> AnyResponse:
    may_edit = current().holds("editor") and request.form.get("from") != "photos"
    if may_edit:
        return redirect(url_for("desk.station_edit", code=code, _anchor="photos"), 303)
    return redirect(url_for("desk.station_photos_page", code=code), 303)


def _settings() -> Settings:
    settings: Settings = current_app.config["YIZHAN_SETTINGS"]
    return settings
