"""Notices of day labour: written by staff for an employer, checked whole, and over by themselves.

What a worker has to know before walking there is asked for: the trade, the days, when and where one gathers, what a day
pays, how many are wanted, who pays, and until when it holds. A wage "to be discussed" (面议) is refused: the basic pay
belongs to every notice of work (人力资源市场暂行条例, article 24), and at the roadside it is the worker who loses by it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final, cast

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from stations import vocabulary as words
from stations.errors import Invalid, NotFound
from stations.keeping.community.checks import Problems, day_end, station_for, today
from stations.keeping.community.saving import save
from stations.keeping.private_numbers import refuse_private
from stations.models import Notice, NoticeContact, Station
from stations.models.community import MAX_HEADCOUNT, MAX_PAY, MIN_PAY
from stations.registry.writing import OPERATOR, acting, actor_id

__all__ = ["CONTACT_KEPT", "LENGTHS", "MOST_DAYS", "NoticeDraft", "add", "as_draft", "change", "end", "next_week", "sweep"]  # fmt: skip

#: How long an employer's number is kept after the notice has ended.
CONTACT_KEPT: Final = timedelta(days=30)
#: Days of work in one notice, and how far ahead they may lie: what is longer is a job and no day labour.
MOST_DAYS: Final = 31
_FARTHEST: Final = timedelta(days=60)
#: Characters of each text.
LENGTHS: Final = {"title": 60, "employer": 80, "assemble_where": 120, "note": 500}
_PHONE: Final = re.compile(r"\+?[0-9][0-9 ()-]{1,30}[0-9](?:\s*(?:转|分机|ext\.?)\s*[0-9]{1,6})?")
_FEWEST_DIGITS, _MOST_DIGITS = 5, 18


@dataclass(frozen=True, slots=True)
class NoticeDraft:
    """A notice as somebody wants it. pay: whole yuan for a day; None where a field was left empty."""

    station: str
    trade: str
    title: str
    starts: date | None
    ends: date | None
    assemble_at: time | None
    pay_from: int | None
    pay_to: int | None
    headcount: int | None
    employer: str
    until: datetime | None
    assemble_where: str | None = None
    phone: str | None = None
    note: str | None = None


def add(session: Session, draft: NoticeDraft, *, now: datetime) -> Notice:
    """Add a notice, within ``acting``. Raises BadFields with everything that is wrong."""
    station, columns, phone = _checked(session, draft, now)
    notice = Notice(station_id=station.id, **columns)
    session.add(notice)
    session.flush()
    _set_contact(session, notice, phone)
    return notice


def change(session: Session, notice_id: int, draft: NoticeDraft, *, version: int, now: datetime) -> Notice:
    """Change a notice that was read as ``version``, within ``acting``.

    Raises BadFields, NotFound, Conflict where somebody else changed it meanwhile, NotAllowed outside one's regions.
    """
    station, columns, phone = _checked(session, draft, now)
    notice = _write(session, notice_id, version, station_id=station.id, **columns)
    _set_contact(session, notice, phone)
    return notice


def end(session: Session, notice_id: int, *, now: datetime) -> Notice:
    """End a notice now: nobody is shown it any more. One that is over stays as it is."""
    notice = get(session, notice_id)
    moment = now.replace(microsecond=0)
    if notice.until <= moment:
        return notice
    ended = _write(session, notice_id, notice.version, until=moment)
    session.execute(
        update(NoticeContact).where(NoticeContact.notice_id == notice_id).values(until=moment + CONTACT_KEPT)
    )
    return ended


def get(session: Session, notice_id: int) -> Notice:
    """Return a notice. Raises NotFound."""
    found = session.get(Notice, notice_id)
    if found is None:
        raise NotFound(f"there is no notice of work {notice_id}")
    return found


def as_draft(session: Session, notice: Notice) -> NoticeDraft:
    """Return a notice as it would be written again; its telephone number where that has not passed."""
    contact = session.get(NoticeContact, notice.id)
    code = session.scalar(select(Station.code).where(Station.id == notice.station_id)) or ""
    return NoticeDraft(
        station=code,
        trade=notice.trade,
        title=notice.title,
        starts=notice.starts,
        ends=notice.ends,
        assemble_at=notice.assemble_at,
        assemble_where=notice.assemble_where,
        pay_from=notice.pay_from,
        pay_to=notice.pay_to,
        headcount=notice.headcount,
        employer=notice.employer,
        phone=None if contact is None else contact.phone,
        note=notice.note,
        until=notice.until,
    )


def next_week(draft: NoticeDraft, *, now: datetime) -> NoticeDraft:
    """Return the same notice for the same weekdays of the coming week, or of the first week that is not yet over."""
    if draft.starts is None or draft.ends is None or draft.until is None:
        raise Invalid("starts: a notice without days cannot be moved to another week", field="starts")
    weeks = max(1, -((draft.ends - today(now)).days // 7))
    ahead = timedelta(weeks=weeks)
    return replace(draft, starts=draft.starts + ahead, ends=draft.ends + ahead, until=draft.until + ahead)


def sweep(session: Session, now: datetime) -> int:
    """Delete the telephone numbers of notices that ended ``CONTACT_KEPT`` ago; returns how many.

    No commit of the ledger tells of it: that a number was there is gone with it.
    """
    with acting(session, actor_id(session, OPERATOR), reason="numbers of ended notices pass"):
        done = cast(
            "CursorResult[Any]", session.execute(delete(NoticeContact).where(NoticeContact.until <= now))
        )
    return int(done.rowcount)


def _write(session: Session, notice_id: int, version: int, **columns: Any) -> Notice:
    refused = "is of a station outside your regions"
    return save(session, get(session, notice_id), version, columns, refused=refused)


def _set_contact(session: Session, notice: Notice, phone: str | None) -> None:
    if phone is None:
        session.execute(delete(NoticeContact).where(NoticeContact.notice_id == notice.id))
        return
    kept = {"phone": phone, "until": notice.until + CONTACT_KEPT}
    session.execute(
        insert(NoticeContact)
        .values(notice_id=notice.id, **kept)
        .on_conflict_do_update(index_elements=[NoticeContact.notice_id], set_=kept)
    )


def _checked(
    session: Session, draft: NoticeDraft, now: datetime
) -> tuple[Station, dict[str, Any], str | None]:
    """Return the station, the columns and the telephone number of a draft in which nothing is wrong."""
    problems = Problems()
    columns: dict[str, Any] = {
        name: problems.text(getattr(draft, name), field=name, most=most, needed=name in {"title", "employer"})
        for name, most in LENGTHS.items()
    }
    if draft.trade not in words.TRADES:
        problems.add(
            "trade",
            "not_known",
            f"{draft.trade[:40]!r} is none of {', '.join(words.TRADES)}",
            value=draft.trade[:40],
        )
    _check_days(problems, draft, now)
    _check_pay(problems, draft)
    if draft.headcount is None:
        problems.add("headcount", "needed", "is empty; how many are wanted?")
    elif not 1 <= draft.headcount <= MAX_HEADCOUNT:
        reason = "too_small" if draft.headcount < 1 else "too_large"
        problems.add(
            "headcount", reason, f"{draft.headcount} is not from 1 to {MAX_HEADCOUNT}", value=draft.headcount
        )
    phone = problems.taken(lambda: _phone(draft.phone), None)
    station = problems.taken(lambda: station_for(session, draft.station, on=draft.starts or today(now)), None)
    problems.tell()
    if station is None:
        raise Invalid("station: choose one", field="station", reason="needed")
    columns |= {
        name: getattr(draft, name)
        for name in ("trade", "starts", "ends", "assemble_at", "pay_from", "pay_to", "headcount", "until")
    }
    return station, columns, phone


def _check_days(problems: Problems, draft: NoticeDraft, now: datetime) -> None:
    starts, ends, until, day = draft.starts, draft.ends, draft.until, today(now)
    for name in ("starts", "ends", "assemble_at"):
        if getattr(draft, name) is None:
            problems.add(name, "needed", "is empty")
    if until is None:
        problems.add("until", "needed", "is empty; a notice without an end is not taken")
    elif until <= now:
        problems.add("until", "in_past", f"{until:%Y-%m-%d %H:%M} is over", value=until)
    if starts is None or ends is None:
        return
    if ends < starts:
        problems.add("ends", "days_swapped", f"{ends} lies before {starts}", value=ends)
    elif (ends - starts).days >= MOST_DAYS:
        problems.add(
            "ends", "too_many_days", f"{starts} to {ends} are more than {MOST_DAYS} days", value=MOST_DAYS
        )
    elif ends < day:
        problems.add("ends", "in_past", f"{ends} is over", value=ends)
    elif ends > day + _FARTHEST:
        problems.add(
            "ends", "too_far", f"{ends} is more than {_FARTHEST.days} days ahead", value=_FARTHEST.days
        )
    elif until is not None and until > day_end(ends):
        problems.add(
            "until",
            "after_work",
            f"{until:%Y-%m-%d %H:%M} lies after the last day of work, {ends}",
            value=ends,
        )


def _check_pay(problems: Problems, draft: NoticeDraft) -> None:
    if draft.pay_from is None:
        problems.add("pay_from", "needed", "is empty; say what a day pays, in yuan")
        return
    for name in ("pay_from", "pay_to"):
        amount = getattr(draft, name)
        if amount is not None and not MIN_PAY <= amount <= MAX_PAY:
            problems.add(
                name,
                "too_small" if amount < MIN_PAY else "too_large",
                f"{amount} yuan a day is not from {MIN_PAY} to {MAX_PAY}",
                value=amount,
            )
    if draft.pay_to is None:
        problems.add("pay_to", "needed", "is empty; write the same where it is one amount")
    elif draft.pay_to < draft.pay_from:
        problems.add(
            "pay_to", "range_swapped", f"{draft.pay_to} is less than {draft.pay_from}", value=draft.pay_to
        )


def _phone(text: str | None) -> str | None:
    plain = " ".join(unicodedata.normalize("NFKC", text or "").split())
    if not plain:
        return None
    refuse_private(plain, field="phone")
    digits = sum(character.isdigit() for character in plain)
    if not (_PHONE.fullmatch(plain) and _FEWEST_DIGITS <= digits <= _MOST_DIGITS):
        raise Invalid(
            f"phone: {plain[:40]!r} is no telephone number; write one, for example 0972-8522222",
            field="phone",
            value=plain[:40],
            reason="bad_phone",
        )
    return plain
