"""The page of a form: what it shows, what its scripts are given, and the map beside it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import orjson
from flask import current_app, render_template, url_for
from itsdangerous import BadSignature, URLSafeSerializer
from markupsafe import Markup

from stations import vocabulary as words
from stations.editing import choices
from stations.editing.authors import Author
from stations.editing.draft import NAME_TAGS, Draft
from stations.editing.merge import Clash
from stations.editing.save import Twins, author_of, reach
from stations.errors import Conflict, NotAllowed
from stations.keeping import photos, station_photos
from stations.registry import base_map
from web import db
from web.assets import static_url
from web.desk.editing_aids import hours_said, region_names, shown_place, week_said
from web.desk.editing_form import Form
from web.desk.editing_words import anchor, datum_names, field_name, standing_names, value_words, wrong_words
from web.desk.keys import key_for
from web.desk.staff import current
from web.ground import EVERYWHERE, base, credits_of_the_map, name_in, review_words
from web.i18n import lang, say
from web.maps.edit_map import edit_map
from web.maps.symbols import look_of, symbols
from web.pages.when import ago_words
from web.pages.words import look_labels

__all__ = ["draft_of_token", "form_page", "in_reach", "photo_rows", "token_of"]

#: Changes whenever a draft of before cannot be read any more.
_SHAPE = "draft-1"


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(key_for("edit"), salt=_SHAPE, serializer_kwargs={"ensure_ascii": False})


def token_of(draft: Draft) -> str:
    """Write the state that an edit begins from into a form, signed, so that it comes back as it was."""
    return str(_signer().dumps([draft.code, draft.seq, dict(draft.fields)]))


def draft_of_token(token: str, code: str) -> Draft:
    """Read the state that a form was made from. Raises Conflict for one that is not ours, or of another station."""
    try:
        of, seq, fields = _signer().loads(token)
    except BadSignature as error:
        raise Conflict(
            say("这份表单不完整，或出自旧版本。请在新窗口重新打开这个站点再改，您的输入还留在本机。")
        ) from error
    if of != code:
        raise Conflict(say("这份表单属于另一个站点，请重新打开。"))
    return Draft(of, seq, fields)


def in_reach(region: str | None) -> None:
    """Raise NotAllowed, in words, where who is logged in may not change a station of this region."""
    if not reach(db.session(), current().id).includes(region):
        raise NotAllowed(
            say(
                "这个站点在{region}，不在您管理的区域内。",
                region=region_names().get(region or "", region or "—"),
            )
        )


def form_page(
    draft: Draft,
    form: Form,
    *,
    form_id: str = "",
    clashes: tuple[Clash, ...] = (),
    authors: Mapping[str, Author] | None = None,
    twins: Twins | None = None,
    posted: bool = False,
    begun: Draft | None = None,
) -> str:
    """Render the form of a station.

    draft: the state that the next save is compared with. posted: it was sent before. begun: the state that the edit began
    from, where a question about what somebody else changed stands open: what is kept on the device asks it again.
    """
    session = db.session()
    regions = region_names()
    wrong = {key: wrong_words(error) for key, error in form.wrong.items()}
    for key, sentence in list(wrong.items()):
        wrong.setdefault(key.partition(".")[0], sentence)
    place = shown_place(draft, form.texts)
    drawn = _map(draft, form, place)
    return render_template(
        "desk/station_form.html",
        draft=draft,
        title=draft.fields.get("name.zh") or say("新站点"),
        token=token_of(draft),
        begun=token_of(begun) if begun is not None else "",
        form_id=form_id or secrets.token_urlsafe(9),
        f=form.texts,
        rows=form.rows,
        wrong=wrong,
        faults=[
            (anchor(key), field_name(key), sentence) for key, sentence in wrong.items() if key in form.wrong
        ],
        posted=posted,
        clashes=[_clash(clash, authors or {}, regions) for clash in clashes],
        twins=_twins(twins),
        place=place,
        hours=_hours(draft, form),
        photos=photo_rows(draft.code) if draft.code else [],
        name_tags=[(tag, field_name(f"name.{tag}")) for tag in _tags(form)],
        amenity_groups=_amenities(),
        standings=standing_names(),
        datums=datum_names(),
        roles=_options(words.PARTNER_ROLES),
        options={name: _options(terms) for name, terms in _CHOSEN.items()},
        region_options=_regions(draft),
        sources=choices.sources(session),
        field_name=field_name,
        map=drawn,
        held=[problem.get("reason", "") for problem in _holds(draft)],
        public_url=url_for("finder.station_page", code=draft.code) if draft.code else None,
        setup=_setup(draft),
    )


_CHOSEN: Mapping[str, Mapping[str, words.Term]] = {
    "kind": words.KINDS,
    "premises": words.PREMISES,
    "access": words.ACCESS,
    "fee": words.FEE,
    "quality": words.POSITION_QUALITY,
    "lifecycle": words.LIFECYCLE,
}


def _options(terms: Mapping[str, words.Term]) -> list[tuple[str, str]]:
    return [(code, term.label(lang())) for code, term in terms.items()]


def _tags(form: Form) -> list[str]:
    return list(dict.fromkeys([*NAME_TAGS, *(key[5:] for key in form.texts if key.startswith("name."))]))


def _amenities() -> list[tuple[str, list[words.Amenity]]]:
    usual = [term for term in words.AMENITIES.values() if term.filtered]
    others = [term for term in words.AMENITIES.values() if not term.filtered]
    return [(say("常用设施"), usual), (say("其他设施"), others)]


def _regions(draft: Draft) -> list[tuple[str, str]]:
    """Return the regions to choose from, counties of the keeper, and the station's own whatever it is."""
    allowed = reach(db.session(), current().id)
    found = [
        (region.code, name_in(region.names))
        for region in choices.regions(db.session(), allowed)
        if region.level == "county"
    ]
    own = draft.fields.get("region_code")
    if own and own not in dict(found):
        found.insert(0, (own, region_names().get(own) or own))
    return found


def _holds(draft: Draft) -> list[dict[str, str]]:
    at = draft.position()
    return choices.held_reasons(db.session(), draft.code) if at is not None and at.held else []


def _hours(draft: Draft, form: Form) -> dict[str, Any]:
    typed = form.texts["hours.words"].strip()
    opening = draft.opening()
    if form.texts["hours.manual"] != "1" and typed != (opening.words or ""):
        return hours_said(typed)
    exceptions = {key: value for key, value in draft.fields.items() if key.startswith("exception.")}
    shown = week_said(opening, exceptions)
    return {"meant": True, "sure": True, "notes": [], "expression": opening.expression or "", **shown}


def _clash(clash: Clash, authors: Mapping[str, Author], regions: Mapping[str, str]) -> dict[str, str]:
    author = author_of(clash.key, authors)
    return {
        "key": clash.key,
        "anchor": anchor(clash.key),
        "name": field_name(clash.key),
        "base": value_words(clash.key, clash.base, regions),
        "theirs": value_words(clash.key, clash.theirs, regions),
        "yours": value_words(clash.key, clash.yours, regions),
        "who": author.name if author else "",
        "when": ago_words(author.at, db.now()) if author else "",
        "reason": author.reason if author else "",
    }


def _twins(twins: Twins | None) -> list[dict[str, str]]:
    if twins is None:
        return []
    near = [
        {
            "code": one.code,
            "name": one.name,
            "why": say("相距 {n} 米，名称相近", n=round(one.metres)),
        }
        for one in twins.near
    ]
    known = {one["code"] for one in near}
    return near + [
        {"code": code, "name": code, "why": say("同一区县里名称完全相同")}
        for code in twins.namesakes
        if code not in known
    ]


def photo_rows(code: str) -> list[dict[str, Any]]:
    """Return the photos of a station whose files are in the store."""
    folder = current_app.config["YIZHAN_SETTINGS"].photos
    return [
        {
            "id": one.id,
            "url": url_for("desk.station_photo", code=code, digest=one.sha256),
            "shows": one.shows,
            "caption": one.caption or "",
            "taken_on": one.taken_on.isoformat() if one.taken_on else "",
        }
        for one in station_photos.of(db.session(), code)
        if photos.path_of(folder, one.sha256).exists()
    ]


def _map(draft: Draft, form: Form, place: Mapping[str, Any] | None) -> dict[str, Any]:
    kind = form.texts["kind"] if form.texts["kind"] in words.KINDS else "union_station"
    kinds = {term.code: term.label(lang()) for term in words.KINDS.values()}
    parts = edit_map(
        base_map.extent(db.session()) or EVERYWHERE,
        pin=None if place is None else (place["lon"], place["lat"]),
        region=draft.fields.get("region_code") or _home(),
        mark={"kind": kind, "look": look_of(draft.life().state, "open")},
        symbols=symbols(look_labels(), kinds, sprite=static_url("icons.svg")),
        words=_script_words(),
        label=say("站点位置：拖动图钉，或选中图钉后按方向键"),
        links={"regions": url_for("pages.regions_json"), "places": url_for("pages.places_json")},
        review=review_words(),
        credits=credits_of_the_map(),
        static=static_url,
        base=base(),
    ).parts()
    return {"html": parts.html, "script": parts.script, "styles": parts.styles, "scripts": parts.scripts}


def _home() -> str | None:
    """Return the one county that somebody keeps, which a new station is looked for in."""
    held = current().regions("editor")
    return held[0] if held is not None and len(held) == 1 else None


def _setup(draft: Draft) -> Markup:
    """Write what the form's script is given as JSON that is safe inside a script element."""
    given = {
        "code": draft.code,
        "member": current().id,
        "aids": {
            "hours": url_for("desk.hours_aid", lang=lang()),
            "paste": url_for("desk.paste_aid", lang=lang()),
            "place": url_for("desk.place_aid", lang=lang()),
        },
        "alive": url_for("healthz"),
    }
    return Markup(orjson.dumps(given).decode().replace("<", "\\u003c"))  # noqa: S704 - every "<" is escaped


def _script_words() -> dict[str, object]:
    """Return the sentences that the scripts of the form say."""
    return {
        "failed": say("服务器没有给出可用的回答，请稍后再试。"),
        "offline": say("连不上服务器，请检查网络。"),
        "pin": say("图钉：方向键移动，按住 Shift 移得更远"),
        "put_pin": say("把图钉放在地图中间"),
        "same_place": say("可能是同一个站点"),
        "none_near": say("附近 500 米内没有别的站点。"),
        "use": say("采用"),
        "kept_at": say("{time} 没有保存的修改还留在本机。"),
        "restore": say("接着改"),
        "discard": say("丢弃"),
        "restored": say("已恢复没有保存的修改，请核对后保存。"),
        "cannot_send": say("现在连不上服务器，没有保存。您的修改留在本机，连上以后再按保存。"),
        "means_nothing": say("看不出开放时间。"),
        "in_doubt": say("有的话没有看懂，按未知处理的部分请核对。"),
        "understood_as": say("理解为：{expression}"),
        "no_times": say("没有写时间，按未知处理。"),
        "also_days": say("还会记入特殊日期：{days}"),
    }
