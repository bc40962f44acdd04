"""What the addresses of downloads answer: a file of stations, the changes since a commit, the daily dump."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from flask import Response, current_app, request, send_file
from werkzeug.exceptions import NotFound as NoSuchPage
from werkzeug.wrappers import Response as AnyResponse

from geo.io.cells import plain
from stations.errors import Invalid
from stations.query import StationQuery
from stations.registry import exports, public
from stations.registry.exports import Told
from web import db
from web.downloads import dumps
from web.downloads.asked import FORMS, Asked
from web.downloads.blueprint import blueprint
from web.downloads.files import write_file
from web.downloads.store import Store
from web.sending import one_of_a_few
from web.settings import Settings

__all__ = ["changes_file", "daily_file", "daily_list", "stations_file"]

#: Seconds that one statement of a download may take.
_STATEMENT_S: Final = 60
_CHANGES: Final = {"ndjson": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}


@blueprint.get("/download/stations.<form>")
def stations_file(form: str) -> AnyResponse:
    """Send the stations that the query string asks for, every one of them, as a file."""
    if form not in FORMS:
        raise NoSuchPage(f"there is no download {form[:20]!r}; there are {', '.join(FORMS)}")
    asked = Asked.parse(form, request.args.items(multi=True))
    now = db.now()
    moment = asked.moment(now)
    with db.snapshot(statement_s=_STATEMENT_S) as session:
        key = asked.key(moment, exports.last_change(session), public.info(session).name)
        path = _store().get(key, lambda new: write_file(session, new, asked, moment=moment, made_at=now))
    return _sent(path, FORMS[form], asked.name(moment))


@blueprint.get("/download/changes.<form>")
def changes_file(form: str) -> AnyResponse:
    """Send what changed since a commit, in the order of commits, with tombstones."""
    if form not in _CHANGES:
        raise NoSuchPage(f"there are no changes as {form[:20]!r}; there are {', '.join(_CHANGES)}")
    since = request.args.get("since", "")
    if not (since.isascii() and since.isdigit() and len(since) <= 18):
        raise Invalid(
            f"since: {since[:40]!r} is no number of a commit; begin with 0", field="since", value=since
        )
    query = StationQuery.parse(request.args.items(multi=True), others=frozenset({"since"}))
    if query.cursor is not None:
        raise Invalid("cursor: a file has no pages; leave it out", field="cursor")
    with db.snapshot(statement_s=_STATEMENT_S) as session:
        upto = exports.last_change(session)
        content = json.dumps([public.info(session).name, query.items(), since, upto])
        key = f"{hashlib.sha256(content.encode()).hexdigest()[:32]}.{form}"
        # What cannot be answered is refused before a file is begun.
        told = exports.changes(session, int(since), query)
        path = _store().get(key, lambda new: _write_changes(new, form, told, int(since), upto))
    name = f"yizhan-changes-{since}-{upto}.{form}"
    answer = _sent(path, _CHANGES[form], name)
    answer.headers["X-Yizhan-Upto"] = str(upto)
    return answer


@blueprint.get("/download/daily.json")
def daily_list() -> AnyResponse:
    """Answer which daily dumps there are, the newest first, with sizes and checksums."""
    told = {"dumps": [dump.as_dict() for dump in dumps.listed(_daily())]}
    answer = Response(json.dumps(told, ensure_ascii=False), mimetype="application/json")
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@blueprint.get("/download/daily/<date>/<name>")
def daily_file(date: str, name: str) -> AnyResponse:
    """Send a file of a daily dump."""
    dump = next((dump for dump in dumps.listed(_daily()) if dump.date == date), None)
    if dump is None:
        raise NoSuchPage(
            f"there is no dump of the day {date[:20]!r}; /download/daily.json tells which there are"
        )
    if name == dumps.CHECKSUMS:
        return _sent(dump.folder / name, "text/plain; charset=utf-8", name)
    file = next((file for file in dump.files if file.name == name), None)
    if file is None:
        raise NoSuchPage(f"the dump of {date} has no file {name[:40]!r}")
    told = f"yizhan-{date}-{name}"
    return _sent(dump.folder / name, FORMS[name.partition(".")[2]], told, etag=file.sha256)


def _write_changes(path: Path, form: str, told: Iterable[Told], since: int, upto: int) -> None:
    lines = _csv_lines(told) if form == "csv" else _json_lines(told, since, upto)
    with path.open("w", encoding="utf-8-sig" if form == "csv" else "utf-8", newline="") as file:
        file.writelines(lines)


def _json_lines(told: Iterable[Told], since: int, upto: int) -> Iterator[str]:
    for one in told:
        yield f'{{"seq": {one.seq}, "code": {json.dumps(one.code)}, "feature": {one.feature or "null"}}}\n'
    # Last and not first: who has this line has the whole file.
    yield json.dumps({"since": since, "upto": upto}) + "\n"


def _csv_lines(told: Iterable[Told]) -> Iterator[str]:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["seq", "code", "change", "name", "kind", "lifecycle", "lon_wgs84", "lat_wgs84"])
    for one in told:
        row: list[object] = [one.seq, one.code, "gone", "", "", "", "", ""]
        if one.feature is not None:
            feature = json.loads(one.feature)
            facts = feature["properties"]
            place = feature["geometry"]["coordinates"] if feature["geometry"] else ["", ""]
            row[2:] = ["is", plain(facts["names"].get("zh", "")), facts["kind"], facts["lifecycle"], *place]
        writer.writerow(row)
        yield out.getvalue()
        out.seek(0)
        out.truncate()
    yield out.getvalue()


def _sent(path: Path, mime: str, name: str, *, etag: str | None = None) -> AnyResponse:
    """Send a file with ETag, Last-Modified and ranges."""
    answer = send_file(
        path, mimetype=mime, as_attachment=True, download_name=name, etag=etag or True, conditional=True
    )
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Access-Control-Expose-Headers"] = "Content-Disposition, ETag, X-Yizhan-Upto"
    answer.headers["Cache-Control"] = "no-cache"
    return one_of_a_few(answer)


def _settings() -> Settings:
    settings: Settings = current_app.config["YIZHAN_SETTINGS"]
    return settings


def _store() -> Store:
    return Store(_settings().downloads / "made")


def _daily() -> Path:
    return _settings().downloads / "daily"
