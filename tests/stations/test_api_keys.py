"""Keys of programs: shown once, kept as a digest, refused when they are taken back or past their day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from stations.accounts import api_keys
from stations.errors import Conflict, Invalid, NotAllowed, NotFound
from stations.models import Grant, Staff
from stations.registry.writing import acting

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)


def issued(session: Session, operator: int, **terms: object) -> tuple[int, str]:
    with acting(session, operator, reason="a newspaper asks"):
        key, shown = api_keys.issue(session, "西宁晚报 数据组", per_minute=6000, actor=operator, **terms)  # type: ignore[arg-type]
    return key.id, shown


def test_a_key_allows_what_it_says_and_is_kept_as_a_digest_alone(qinghai: Session, operator: int) -> None:
    number, shown = issued(qinghai, operator)
    assert api_keys.allowance(qinghai, shown, now=NOW) == api_keys.Allowance(number, 6000)
    kept = qinghai.execute(text("SELECT k::text FROM api_keys k")).scalars().all()
    assert shown not in "".join(kept)
    assert shown.startswith(api_keys.listed(qinghai)[0].hint)
    assert len(api_keys.listed(qinghai)[0].hint) < 10


@pytest.mark.parametrize("wrong", ["", "yzk_", "yzk_" + "x" * 43, "abc", "yzk_青海", "yzk_" + "y" * 5000])
def test_what_is_no_key_allows_nothing(qinghai: Session, operator: int, wrong: str) -> None:
    issued(qinghai, operator)
    assert api_keys.allowance(qinghai, wrong, now=NOW) is None


def test_a_key_ends_on_its_day_and_one_that_is_taken_back_at_once(qinghai: Session, operator: int) -> None:
    _, passing = issued(qinghai, operator, expires_at=NOW + timedelta(days=1))
    number, taken = issued(qinghai, operator)
    assert api_keys.allowance(qinghai, passing, now=NOW) is not None
    assert api_keys.allowance(qinghai, passing, now=NOW + timedelta(days=1)) is None
    with acting(qinghai, operator, reason="it leaked"):
        api_keys.revoke(qinghai, number, now=NOW)
    assert api_keys.allowance(qinghai, taken, now=NOW) is None
    with acting(qinghai, operator, reason="again"), pytest.raises(Conflict, match="taken back on 2026-01-15"):
        api_keys.revoke(qinghai, number, now=NOW)
    with acting(qinghai, operator, reason="which?"), pytest.raises(NotFound, match="no key 99999"):
        api_keys.revoke(qinghai, 99999, now=NOW)


@pytest.mark.parametrize(
    ("holder", "per_minute"), [(" ", 10), ("x" * 201, 10), ("报社", 0), ("报社", 1_000_001)]
)
def test_terms_that_cannot_be_are_refused_in_words(
    qinghai: Session, operator: int, holder: str, per_minute: int
) -> None:
    with acting(qinghai, operator, reason="no"), pytest.raises(Invalid, match=r"holder|requests a minute"):
        api_keys.issue(qinghai, holder, per_minute=per_minute, actor=operator)


def test_only_an_administrator_of_everything_gives_keys_out_also_past_the_code(
    qinghai: Session, operator: int
) -> None:
    with acting(qinghai, operator, reason="a local administrator"):
        local = Staff(login="local", display_name="本地")
        qinghai.add(local)
        qinghai.flush()
        qinghai.add(Grant(staff_id=local.id, role="administrator", region_code="630100"))
    qinghai.execute(text("SELECT set_config('yz.commit', '', true)"))
    with (
        pytest.raises(NotAllowed, match="row-level security"),
        qinghai.begin_nested(),
        acting(qinghai, local.id, reason="for a friend"),
    ):
        api_keys.issue(qinghai, "一个朋友", per_minute=10, actor=local.id)
