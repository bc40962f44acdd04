"""Taking changes back: first what it would do and what would stay, then, with a reason, the deed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from stations.errors import Invalid, NotAllowed, NotFound
from stations.registry import history, meant
from stations.registry.differences import differences
from stations.registry.meant import POINTING, Named
from stations.registry.reverting import Done, Kept, Reverted, revert
from web import db
from web.desk.blueprint import blueprint
from web.desk.history_values import Names
from web.desk.history_words import Line, lines, row_title, table_name
from web.desk.staff import current, desk_page
from web.i18n import say

__all__ = ["revert_batch", "revert_commit"]

Page = AnyResponse | tuple[str, int] | str
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that would be taken back, or stays: its station, what it is called, its fields, and why it stays."""

    station: Named | None
    table: str
    what: str
    title: str
    lines: tuple[Line, ...]
    why: str = ""


@blueprint.route("/history/<int:seq>/revert", methods=["GET", "POST"])
@desk_page("editor")
def revert_commit(seq: int) -> Page:
    """Show what taking a commit back would do, or one change of it; then do it."""
    entry = history.commit(db.session(), seq, people=False)
    change = _change()
    asked: dict[str, Any] = {"commit_ids": [entry.id]} if change is None else {"history_id": change}
    what = (
        say("撤回第 {seq} 号修改", seq=seq) if change is None else say("撤回第 {seq} 号修改中的一项", seq=seq)
    )
    return _page(asked, what, back=url_for("desk.history_of_commit", seq=seq), entry=entry)


@blueprint.route("/history/batches/<int:batch>/revert", methods=["GET", "POST"])
@desk_page("editor")
def revert_batch(batch: int) -> Page:
    """Show what taking back all that a batch wrote would do; then do it."""
    found, _ = history.commits(db.session(), history.Asked(batch=batch), limit=1)
    if not found:
        raise NotFound(f"nothing was ever written by batch {batch}")
    back = url_for("desk.history_page", batch=batch)
    return _page({"batch_id": batch}, say("撤回第 {batch} 批导入", batch=batch), back=back, entry=found[0])


def _page(asked: Mapping[str, Any], what: str, *, back: str, entry: history.Entry) -> Page:
    reason = request.form.get("reason", "").strip()
    error, status = None, 400
    if request.method == "POST":
        if not reason:
            error = say("请写明为什么撤回。")
        elif len(reason) > 300:
            error = say("原因请不要超过 {n} 个字。", n=300)
        else:
            try:
                done = _revert(asked, f"{_plain(asked, entry)}：{reason}")
            except NotAllowed:
                error, status = say("其中有不在您区域里的站点，没有撤回。"), 403
            else:
                _tell(done)
                return redirect(back, 303)
    found = revert(db.session(), **asked, actor=current().id, reason="preview", dry_run=True)
    names = _names(found)
    ids = [*(one.station_id for one in found.done), *(one.station_id for one in found.kept)]
    stations = meant.stations_named(db.session(), {one for one in ids if one is not None})
    page = render_template(
        "desk/revert.html",
        what=what,
        entry=entry,
        back=back,
        error=error,
        reason=reason,
        counts=_counts(found),
        kept_count=found.counts.get("kept", 0),
        done=[_step(one, stations, names) for one in found.done[:_SHOWN]],
        kept=[_stay(one, stations, names) for one in found.kept[:_SHOWN]],
        nothing=not found.done,
        shown=_SHOWN,
    )
    return (page, status) if error else page


def _change() -> int | None:
    text = request.values.get("change", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Invalid(f"change: {text[:40]!r} is no number", field="change", value=text)
    return int(text)


def _revert(asked: Mapping[str, Any], reason: str) -> Reverted:
    with db.writing() as session:
        return revert(session, **asked, actor=current().id, reason=reason)


def _plain(asked: Mapping[str, Any], entry: history.Entry) -> str:
    """Say in the ledger's own language what was taken back, so that the reason is enough to find it."""
    if "batch_id" in asked:
        return f"撤回第 {asked['batch_id']} 批导入"
    return f"撤回第 {entry.seq} 号修改" + ("中的一项" if "history_id" in asked else "")


def _tell(done: Reverted) -> None:
    kept = done.counts.get("kept", 0)
    if not done.done:
        flash(say("没有可以撤回的内容：后来都改过了。"), "error")
    elif kept:
        flash(say("已撤回。有 {n} 处后来改过，保持不动。", n=kept))
    else:
        flash(say("已撤回。"))


def _counts(found: Reverted) -> list[str]:
    said = {
        "restore": say("恢复 {n} 处"),
        "remove": say("去掉 {n} 项新增"),
        "put_back": say("放回 {n} 项删除"),
        "withdraw": say("撤下 {n} 个新增的站点"),
    }
    return [text.format(n=found.counts[op]) for op, text in said.items() if found.counts.get(op)]


def _names(found: Reverted) -> Names:
    pointed = set()
    for one in found.done:
        for row in (one.now, one.back):
            if isinstance(row, dict):
                pointed |= {
                    (part.sort, part.new)
                    for part in differences(one.table, None, row)
                    if part.sort in POINTING
                }
    return meant.names_of(db.session(), pointed)


def _step(one: Done, stations: Mapping[int, Named], names: Names) -> Step:
    now, back = one.now if isinstance(one.now, dict) else {}, one.back if isinstance(one.back, dict) else {}
    whole = {"remove": now, "put_back": back}.get(one.op)
    if one.op == "withdraw":
        told: tuple[Line, ...] = ()
    else:
        told = tuple(
            lines(
                one.table, None if one.op == "put_back" else now, None if one.op == "remove" else back, names
            )
        )
    what = {
        "restore": say("恢复"),
        "remove": say("去掉"),
        "put_back": say("放回"),
        "withdraw": say("撤下"),
    }[one.op]
    title = row_title(one.table, whole, names) if whole else _key_title(one.table, one.key, names)
    return Step(stations.get(one.station_id or 0), table_name(one.table), what, title, told)


def _stay(one: Kept, stations: Mapping[int, Named], names: Names) -> Step:
    why = {
        "changed_since": say("后来又改过"),
        "removed_since": say("后来删除了"),
        "added_since": say("后来重新添加了"),
        "worked_on": say("新增以后有人改过这个站点"),
        "not_here": say("这类记录不随撤回改变"),
    }[one.why]
    by = say("{who}，{when}", who=one.by, when=f"{one.at:%Y-%m-%d}") if one.by and one.at else ""
    return Step(
        stations.get(one.station_id or 0),
        table_name(one.table),
        "",
        _key_title(one.table, one.key, names),
        (),
        say("{why}（{by}）", why=why, by=by) if by else why,
    )


def _key_title(table: str, key: Mapping[str, Any], names: Names) -> str:
    """Name a row of which only the key is told."""
    return row_title(table, key, names) if table == "amenities" else ""
