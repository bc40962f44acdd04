"""Events at the desk: the list, the form, the copy for the coming week, the numbers of what was held, calling off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from stations import vocabulary
from stations.editing import choices
from stations.editing.checks import BadFields
from stations.editing.save import reach
from stations.errors import Conflict, Invalid, NotAllowed
from stations.keeping.community import events, listed
from stations.keeping.community.counts import COLUMNS, Count, read_count
from stations.keeping.community.events import LENGTHS, STATUSES, EventDraft
from stations.registry.writing import acting
from web import db
from web.desk.blueprint import blueprint
from web.desk.community_fields import Fields, spell_moment, station_choices, station_code
from web.desk.community_words import count_labels, count_words, field_label, status_label, wrong
from web.desk.staff import current, desk_page
from web.ground import name_in
from web.i18n import lang, say

__all__ = ["event_edit", "event_end", "event_new", "events_page"]

Answer = AnyResponse | tuple[str, int] | str
_FIELDS: Final = (
    "station", "region", "kind", "status", "title", "starts", "ends", "place", "organiser", "note", *COLUMNS,
)  # fmt: skip


@blueprint.get("/events")
@desk_page("viewer", "editor")
def events_page() -> str:
    """List the events of one's regions: to come, waiting for their numbers, and held."""
    member, session, now = current(), db.session(), db.now()
    allowed = reach(session, member.id)
    found = listed.events(session, member.regions("viewer", "editor"), now=now)
    return render_template(
        "desk/events.html",
        coming=[row for row in reversed(found) if row.status == "planned" and row.ends > now],
        waiting=[row for row in found if row.status == "planned" and row.ends <= now],
        done=[row for row in found if row.status != "planned"],
        may=lambda row: allowed.includes(row.region),
        may_add=member.holds("editor"),
        kind=lambda code: vocabulary.EVENT_KINDS[code],
        status=status_label,
        columns=count_labels(),
        spell=lambda row, name: count_words(getattr(row, name), at_least=name in row.at_least),
        regions={region.code: name_in(region.names) for region in choices.regions(session)},
    )


@blueprint.route("/events/new", methods=["GET", "POST"])
@desk_page("editor")
def event_new() -> Answer:
    """Show an empty form, one filled with the coming week of another event (``again``), or add what was typed."""
    if request.method == "GET":
        return _form(_fresh())
    fields, draft = _read(request.form)
    try:
        with db.writing() as writing, acting(writing, current().id, reason=_reason("活动", draft)):
            events.add(writing, draft, now=db.now())
            _stop_where(fields)
    except BadFields as error:
        return _form(fields.values, wrong(error) | fields.wrong), 400
    except NotAllowed:
        return _form(fields.values, {"station": _not_yours()}), 403
    flash(say("已保存。"))
    return redirect(url_for("desk.events_page"), 303)


@blueprint.route("/events/<int:event_id>", methods=["GET", "POST"])
@desk_page("editor")
def event_edit(event_id: int) -> Answer:
    """Show an event's form, or write what was changed in it: that it was held, and its numbers."""
    session = db.session()
    event = events.get(session, event_id)
    if request.method == "GET":
        values = _spell(events.as_draft(session, event))
        held = {"status": "held"} if request.args.get("held") == "1" and event.status == "planned" else {}
        return _form(values | held, event=event)
    fields, draft = _read(request.form)
    version = _version()
    try:
        with db.writing() as writing, acting(writing, current().id, reason=_reason("修改活动", draft)):
            events.change(writing, event_id, draft, version=version, now=db.now())
            _stop_where(fields)
    except BadFields as error:
        return _form(fields.values, wrong(error) | fields.wrong, event=event, version=version), 400
    except NotAllowed:
        return _form(fields.values, {"station": _not_yours()}, event=event, version=version), 403
    except Conflict:
        session.expire_all()
        return _form(fields.values, {}, event=events.get(session, event_id), changed=True), 409
    flash(say("已保存。"))
    return redirect(url_for("desk.events_page"), 303)


@blueprint.post("/events/<int:event_id>/end")
@desk_page("editor")
def event_end(event_id: int) -> Answer:
    """Call an event off."""
    with db.writing() as writing:
        title = events.get(writing, event_id).title or f"#{event_id}"
        with acting(writing, current().id, reason=f"取消活动：{title}"):
            events.call_off(writing, event_id)
    flash(say("已取消，公众页面上不再显示。"))
    return redirect(url_for("desk.events_page"), 303)


def _read(form: Mapping[str, str]) -> tuple[Fields, EventDraft]:
    fields = Fields(form, _FIELDS)
    station = fields.text("station")
    draft = EventDraft(
        kind=fields.text("kind"),
        status=fields.text("status"),
        starts=fields.moment("starts"),
        ends=fields.moment("ends"),
        station=station_code(db.session(), station) if station else "",
        region=fields.text("region"),
        title=fields.text("title"),
        place=fields.text("place"),
        organiser=fields.text("organiser"),
        note=fields.text("note"),
        counts={name: _count(fields, name) for name in COLUMNS},
    )
    return fields, draft


def _count(fields: Fields, name: str) -> Count | None:
    try:
        return read_count(fields.text(name), field=name)
    except Invalid as error:
        fields.wrong |= wrong(error)
        return None


def _stop_where(fields: Fields) -> None:
    """Undo the transaction where a number could not be read, though the registry found nothing wrong without it."""
    if fields.wrong:
        raise BadFields(tuple(Invalid(f"{name}: cannot be read", field=name) for name in fields.wrong))


def _reason(what: str, draft: EventDraft) -> str:
    kind = vocabulary.EVENT_KINDS.get(draft.kind)
    return "：".join(filter(None, [what, kind.zh if kind else "", (draft.title or "")[:60]]))


def _fresh() -> dict[str, str]:
    again = request.args.get("again", "")
    if again.isascii() and again.isdigit() and len(again) < 18:
        session = db.session()
        draft = events.as_draft(session, events.get(session, int(again)))
        return _spell(events.next_week(draft, now=db.now()))
    return dict.fromkeys(_FIELDS, "") | {
        "status": "planned",
        "station": request.args.get("station", "")[:20],
    }


def _spell(draft: EventDraft) -> dict[str, str]:
    values = {name: getattr(draft, name) or "" for name in _FIELDS if name not in COLUMNS}
    given = {name: draft.counts.get(name) for name in COLUMNS}
    return (
        values
        | {"starts": spell_moment(draft.starts), "ends": spell_moment(draft.ends)}
        | {
            name: "" if count is None else count_words(count.value, at_least=count.at_least)
            for name, count in given.items()
        }
    )


def _version() -> int:
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


def _not_yours() -> str:
    return say("这个站点或地区不在您负责的区域里。")


def _form(
    values: Mapping[str, str],
    told: Mapping[str, str] | None = None,
    *,
    event: Any = None,
    version: int | None = None,
    changed: bool = False,
) -> str:
    session = db.session()
    allowed = reach(session, current().id)
    return render_template(
        "desk/event_form.html",
        values=values,
        wrong=told or {},
        event=event,
        version=version if version is not None else event.version if event else 0,
        changed=changed,
        label=field_label,
        lengths=LENGTHS,
        kinds=[(term.code, term.label(lang()), term.counts_only) for term in vocabulary.EVENT_KINDS.values()],
        statuses=[(code, status_label(code)) for code in STATUSES],
        columns=COLUMNS,
        stations=station_choices(session, allowed),
        regions=[(region.code, name_in(region.names)) for region in choices.regions(session, allowed)],
    )
