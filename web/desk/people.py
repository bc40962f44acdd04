"""People: whom an administrator lets in, with which roles where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from stations.accounts import ROLES, events, failures, managing, members, where
from stations.errors import Conflict, Invalid, NotFound
from stations.registry.writing import acting
from web import db
from web.desk.blueprint import blueprint
from web.desk.keys import key_for
from web.desk.saying import event_words, wrong
from web.desk.staff import current, desk_page
from web.desk.words import role_meaning, role_name
from web.ground import name_in
from web.i18n import say
from web.origin import absolute

__all__ = ["add_person", "change_person", "people", "person"]

Page = AnyResponse | tuple[str, int] | str


@blueprint.get("/people")
@desk_page("administrator")
def people() -> str:
    """Show everybody whom one administers, and the form to add somebody."""
    return _list()


@blueprint.post("/people")
@desk_page("administrator", confirmed=True)
def add_person() -> Page:
    """Add a member of staff with a role, and show the one-time link."""
    member, form = current(), request.form
    try:
        with db.writing() as writing:
            with acting(writing, member.id, reason=f"add staff {form.get('login', '')[:40]}"):
                made = members.add(writing, form.get("login", ""), name=form.get("name", ""))
                members.grant(writing, made.id, form.get("role", ""), _region(form.get("region", "")))
            if form.get("email"):
                managing.set_email(writing, made.id, form["email"], actor=member.id)
            token = managing.make_link(writing, made.id, actor=member.id, now=db.now())
            made_id = made.id
    except Invalid as error:
        return _list(error=(error.field or "login", wrong(error))), 400
    except Conflict:
        return _list(error=("login", say("这个登录名已经有人用了。"))), 409
    return _one(made_id, link=token)


@blueprint.get("/people/<int:staff_id>")
@desk_page("administrator")
def person(staff_id: int) -> str:
    """Show one member of staff: roles, and what an administrator can do."""
    return _one(staff_id)


@blueprint.post("/people/<int:staff_id>/<act>")
@desk_page("administrator", confirmed=True)
def change_person(staff_id: int, act: str) -> Page:
    """Do one thing to a member of staff: ``grant``, ``revoke``, ``disable``, ``link`` …"""
    done = _ACTS.get(act)
    if done is None:
        raise NotFound(f"there is no such thing to do as {act[:40]!r}")
    try:
        with db.writing() as writing:
            managing.require_manageable(writing, current().id, staff_id)
            said = done(writing, staff_id, current().id)
    except Invalid as error:
        flash(wrong(error), "error")
    except Conflict:
        flash(say("这是最后一位管理全部区域的管理员，请先授权另一位。"), "error")
    else:
        if act == "link":
            return _one(staff_id, link=said)
        if said:
            flash(said)
    return redirect(url_for("desk.person", staff_id=staff_id), 303)


def _grant(writing: Session, staff_id: int, actor: int) -> str:
    role, region = request.form.get("role", ""), _region(request.form.get("region", ""))
    with acting(writing, actor, reason=f"grant {role} in {region or 'all regions'}"):
        new = members.grant(writing, staff_id, role, region)
    return say("已授权。") if new else say("这项授权早已有了。")


def _revoke(writing: Session, staff_id: int, actor: int) -> str:
    role, region = request.form.get("role", ""), _region(request.form.get("region", ""))
    with acting(writing, actor, reason=f"revoke {role} in {region or 'all regions'}"):
        members.revoke(writing, staff_id, role, region)
    return say("授权已收回。")


def _disable(writing: Session, staff_id: int, actor: int) -> str:
    with acting(writing, actor, reason="disable account"):
        members.disable(writing, staff_id)
    events.note(writing, staff_id, "disabled", now=db.now(), by=actor)
    return say("账号已停用，所有登录都已结束。")


def _enable(writing: Session, staff_id: int, actor: int) -> str:
    with acting(writing, actor, reason="enable account"):
        members.enable(writing, staff_id)
    events.note(writing, staff_id, "enabled", now=db.now(), by=actor)
    return say("账号已恢复。")


def _rename(writing: Session, staff_id: int, actor: int) -> str:
    with acting(writing, actor, reason="rename account"):
        members.rename(writing, staff_id, request.form.get("name", ""))
    managing.set_email(writing, staff_id, request.form.get("email", ""), actor=actor)
    return say("已保存。")


def _link(writing: Session, staff_id: int, actor: int) -> str:
    return managing.make_link(writing, staff_id, actor=actor, now=db.now())


def _second_factor(writing: Session, staff_id: int, actor: int) -> str:
    managing.remove_second_factor(writing, staff_id, actor=actor, now=db.now())
    return say("两步验证已关闭，请本人登录后重新开启。")


def _sessions(writing: Session, staff_id: int, actor: int) -> str:
    managing.end_sessions(writing, staff_id, actor=actor, now=db.now())
    return say("这个账号的所有登录都已结束。")


def _unlock(writing: Session, staff_id: int, actor: int) -> str:
    failures.unlock(writing, members.person(writing, staff_id).login, pepper=key_for("log-in"))
    events.note(writing, staff_id, "unlocked", now=db.now(), by=actor)
    return say("已解除锁定，可以马上登录。")


_ACTS: dict[str, Callable[[Session, int, int], str]] = {
    "grant": _grant,
    "revoke": _revoke,
    "disable": _disable,
    "enable": _enable,
    "rename": _rename,
    "link": _link,
    "second-factor": _second_factor,
    "sessions": _sessions,
    "unlock": _unlock,
}


def _list(error: tuple[str, str] | None = None) -> str:
    with db.writing() as reading:
        reach = managing.manageable(reading, current().id)
        found = [known for known in members.people(reading) if known.id in reach]
    return render_template(
        "desk/people.html",
        people=[(known, _held(known.grants)) for known in found],
        form=request.form,
        error=error,
        **_choices(),
    )


def _one(staff_id: int, *, link: str | None = None) -> str:
    with db.writing() as reading:
        managing.require_manageable(reading, current().id, staff_id)
        shown = members.person(reading, staff_id)
        names = {held.id: held.display_name for held in members.people(reading)}
        happened = [
            (found.at, event_words(found.kind), names.get(found.by_id) if found.by_id else None)
            for found in events.of(reading, staff_id)
        ]
    return render_template(
        "desk/person.html",
        person=shown,
        held=_held(shown.grants),
        link=None if link is None else absolute(url_for("desk.one_time_link", token=link)),
        happened=happened,
        **_choices(),
    )


def _held(grants: tuple[tuple[str, str | None], ...]) -> list[dict[str, str]]:
    names = where.names(db.session(), {region for _, region in grants if region is not None})
    return [
        {
            "role": role,
            "region": region or "",
            "role_name": role_name(role),
            "region_name": say("全部区域") if region is None else name_in(names[region]),
        }
        for role, region in grants
    ]


def _choices() -> dict[str, Any]:
    """Return the roles and regions that whoever is logged in may give."""
    reach = current().regions("administrator")
    found = where.choices(db.session(), reach)
    return {
        "roles": [(role, role_name(role), role_meaning(role)) for role in ROLES],
        "everywhere": reach is None,
        "regions": [
            (choice.code, name_in(choice.names), len(choice.lineage) - 1, choice.level) for choice in found
        ],
    }


def _region(code: str) -> str | None:
    """Read a chosen region; ``all`` is the whole registry. Raises Invalid where nothing was chosen."""
    if code == "all":
        return None
    if not code:
        raise Invalid("region: choose one", field="region", value=code, reason="region")
    return code
