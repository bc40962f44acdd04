"""Passwords and what keeps guessing slow: which are refused, how failures are counted, codes that serve once."""

from __future__ import annotations

import string
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from stations import accounts
from stations.accounts import entering, failures, passwords, second
from stations.accounts.door import as_door
from stations.accounts.failures import FREE, Attempt
from stations.accounts.guessable import explained
from stations.errors import Conflict, Invalid, TooMany
from stations.registry.writing import OPERATOR, acting, actor_id

NOW = datetime(2026, 1, 15, 4, 0, tzinfo=UTC)
KEY = b"k" * 32
SECRET = "丁香-gravel-0417-lamp"  # noqa: S105 - of tests alone


@pytest.fixture
def wang(session: Session, operator: int) -> int:
    with acting(session, operator, reason="staff"):
        made = accounts.add(session, "wangxiuying", name="王秀英").id
    entering.set_password(session, made, SECRET, now=NOW)
    return made


def attempt(login: str = "wang", address: str = "203.0.113.7", now: datetime = NOW) -> Attempt:
    return Attempt(login, address, now, b"pepper")


# Which are taken ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", "short"),
        ("a123456", "short"),
        ("woaini520", "short"),
        ("13812345678", "digits"),
        ("632126199001011234", "digits"),
        ("a1234567890", "guessable"),
        ("woaini1314520", "guessable"),
        ("1qaz2wsx3edc", "guessable"),
        ("Password123!", "guessable"),
        ("p@ssw0rd2026", "guessable"),
        ("aaaaaaaaaaaaaaa", "guessable"),
        ("abcabcabcabcabc", "guessable"),
        ("qwertyuiop123", "guessable"),
        ("Qinghai2026!!", "guessable"),
        ("yizhan12351gonghui", "guessable"),
        ("wangxiuying1990", "guessable"),
        ("wxy19900101!", "guessable"),
        ("王秀英王秀英王秀英王", "guessable"),
        ("zhongguo20260115", "guessable"),
        ("x" * 257, "long"),
    ],
)
def test_a_password_that_is_guessed_first_is_refused_with_its_reason(password: str, reason: str) -> None:
    with pytest.raises(Invalid) as told:
        passwords.require_strong(password, login="wangxiuying", name="王秀英")
    assert told.value.reason == reason
    assert not password or password not in str(told.value)


@pytest.mark.parametrize(
    "password",
    [SECRET, "correct horse battery staple", "雨伞-钢琴-第七棵杨树", "kT9#vq2Lm!", "tulip marble 7 canoe"],
)
def test_unrelated_words_and_random_letters_are_taken(password: str) -> None:
    passwords.require_strong(password, login="wangxiuying", name="王秀英")


@given(st.text(st.characters(codec="utf-8"), max_size=60), st.text(max_size=10))
def test_a_password_is_cut_into_pieces_that_make_it_up_again(password: str, about: str) -> None:
    pieces = explained(password, (about,))
    assert "".join(pieces) == password.lower()
    assert len(pieces) <= len(password.lower())


@given(
    st.text(string.ascii_letters + string.digits, min_size=1, max_size=30),
    st.sampled_from(["aaa", "1314", "woaini"]),
)
def test_what_a_guesser_knows_adds_one_piece_at_most(password: str, known: str) -> None:
    assert len(explained(password + known)) <= len(explained(password)) + 1


def test_a_hash_is_argon2id_with_a_salt_of_its_own() -> None:
    first, again = passwords.hashed(SECRET), passwords.hashed(SECRET)
    assert first.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert first != again
    assert passwords.matches(first, SECRET)
    assert not passwords.matches(first, SECRET + " ")
    assert not passwords.matches("no hash", SECRET)


def test_a_hash_is_worked_out_where_there_is_no_account_too(
    wang: int, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked: list[str] = []
    hasher = passwords._HASHER
    verify = type(hasher).verify
    monkeypatch.setattr(
        type(hasher), "verify", lambda self, kept, given: worked.append(kept) or verify(self, kept, given)
    )
    assert entering.verify(session, "wangxiuying", "wrong", now=NOW) is None
    assert entering.verify(session, "nobody", "wrong", now=NOW) is None
    assert entering.verify(session, "door", "", now=NOW) is None
    assert len(worked) == 3
    # Of the same parameters, so that each takes as long as the other.
    assert {kept.rsplit("$", 2)[0] for kept in worked} == {"$argon2id$v=19$m=65536,t=3,p=4"}


def test_a_hash_of_weaker_parameters_is_made_anew_when_its_password_comes(
    wang: int, session: Session
) -> None:
    from argon2 import PasswordHasher

    weak = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(SECRET)
    with as_door(session):
        entering.credential(session, wang).password_hash = weak
    assert entering.verify(session, "wangxiuying", SECRET, now=NOW) is not None
    with as_door(session):
        assert not passwords.stale(entering.credential(session, wang).password_hash or "")


# Failures -------------------------------------------------------------------------------------------------------------


def tries(session: Session, count: int, **of: str) -> None:
    for _ in range(count):
        failures.admit(session, attempt(**of))


def wait(session: Session, now: datetime = NOW, **of: str) -> int:
    with pytest.raises(TooMany) as told:
        failures.admit(session, attempt(now=now, **of))
    return told.value.retry_after_s


def test_after_the_free_attempts_each_wait_is_twice_the_last_and_has_a_bound(session: Session) -> None:
    tries(session, FREE[0])
    now, waits = NOW, []
    for _ in range(9):
        waits.append(wait(session, now))
        now += timedelta(seconds=waits[-1])
        failures.admit(session, attempt(now=now))
    assert waits == [30, 60, 120, 240, 480, 900, 900, 900, 900]


def test_waiting_is_no_attempt(session: Session) -> None:
    tries(session, FREE[0])
    assert [wait(session) for _ in range(5)] == [30] * 5


def test_a_name_is_counted_from_all_networks_together_and_a_network_over_all_names(session: Session) -> None:
    for number in range(FREE[1]):
        failures.admit(session, attempt(address=f"203.0.{number}.7"))
    assert wait(session, address="198.51.100.1") == 30
    for number in range(FREE[2] - 1):
        failures.admit(session, attempt(login=f"name{number}", address="192.0.2.9"))
    failures.admit(session, attempt(login="one more", address="192.0.2.200"))
    assert wait(session, login="yet another", address="192.0.2.1") == 30


def test_unknown_names_are_counted_as_known_ones_are(session: Session, wang: int) -> None:
    for login in ("wangxiuying", "nobody-at-all"):
        tries(session, FREE[0], login=login, address=f"203.0.{len(login)}.1")
        assert wait(session, login=login, address=f"203.0.{len(login)}.1") == 30


def test_who_gets_in_begins_anew_and_an_administrator_lets_somebody_try_again(session: Session) -> None:
    tries(session, FREE[0])
    assert failures.unlock(session, " WANG", pepper=b"pepper")
    assert not failures.unlock(session, "wang", pepper=b"pepper")
    tries(session, FREE[0] - 1)
    failures.forgive(session, attempt())
    tries(session, FREE[0])


def test_a_hundred_attempts_at_once_are_a_hundred(new_database: Callable[[], str]) -> None:
    engine = create_engine(new_database(), pool_size=8)

    def knock(_: int) -> bool:
        try:
            with Session(engine) as session, session.begin():
                failures.admit(session, attempt())
        except TooMany:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        admitted = sum(pool.map(knock, range(40)))
    assert admitted == FREE[0]
    engine.dispose()


def test_neither_a_name_nor_an_address_stands_in_what_is_counted(session: Session) -> None:
    failures.admit(session, attempt(login="wang", address="203.0.113.7"))
    with as_door(session):
        rows = session.execute(text("SELECT row_to_json(f)::text FROM log_in_failures f")).scalars().all()
    assert len(rows) == 3
    words = ("wang", b"wang".hex(), "203.0.113", b"203.0.113".hex())
    assert [word for word in words if any(word in row for row in rows)] == []


def test_failures_are_forgotten_after_a_day(session: Session) -> None:
    tries(session, FREE[0])
    assert failures.sweep(session, NOW + timedelta(hours=23)) == 0
    assert failures.sweep(session, NOW + timedelta(days=1)) == 3


# The second factor ----------------------------------------------------------------------------------------------------


def code(secret: str, now: datetime) -> str:
    return pyotp.TOTP(secret).at(now)


@pytest.fixture
def phone(session: Session, wang: int) -> str:
    secret = second.begin(session, wang, key=KEY)
    second.confirm(session, wang, code(secret, NOW), key=KEY, now=NOW)
    return secret


def passes(session: Session, wang: int, given: str, now: datetime) -> bool:
    return second.passes(session, wang, given, key=KEY, now=now)


def test_a_secret_counts_only_once_a_code_of_it_was_given(session: Session, wang: int) -> None:
    secret = second.begin(session, wang, key=KEY)
    assert second.begin(session, wang, key=KEY) == secret
    assert not passes(session, wang, code(secret, NOW), NOW)
    with pytest.raises(Invalid, match="six digits"):
        second.confirm(
            session, wang, "000000" if code(secret, NOW) != "000000" else "111111", key=KEY, now=NOW
        )
    assert len(second.confirm(session, wang, code(secret, NOW), key=KEY, now=NOW)) == second.CODES
    with pytest.raises(Conflict, match="on already"):
        second.begin(session, wang, key=KEY)


def test_a_code_serves_once_and_within_half_a_minute_of_its_time(
    session: Session, wang: int, phone: str
) -> None:
    later = NOW + timedelta(minutes=5)
    assert not passes(session, wang, code(phone, NOW), NOW)
    assert passes(session, wang, code(phone, later), later)
    assert not passes(session, wang, code(phone, later), later)
    assert not passes(session, wang, code(phone, later - timedelta(seconds=30)), later)
    ahead = later + timedelta(seconds=30)
    assert passes(session, wang, f" {code(phone, ahead)[:3]} {code(phone, ahead)[3:]} ", later)
    assert not passes(session, wang, code(phone, later + timedelta(minutes=2)), later + timedelta(minutes=1))


def test_a_code_that_two_bring_at_once_lets_one_in(new_database: Callable[[], str]) -> None:
    engine = create_engine(new_database())
    with Session(engine) as session, session.begin():
        with acting(session, actor_id(session, OPERATOR), reason="staff"):
            someone = accounts.add(session, "wang", name="王").id
        secret = second.begin(session, someone, key=KEY)
        codes = second.confirm(session, someone, code(secret, NOW), key=KEY, now=NOW)
    later = NOW + timedelta(minutes=5)

    def enter(given: str) -> bool:
        with Session(engine) as session, session.begin():
            return passes(session, someone, given, later)

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(enter, [code(secret, later)] * 2)) == [False, True]
        assert sorted(pool.map(enter, [codes[0]] * 2)) == [False, True]
    engine.dispose()


def test_a_recovery_code_serves_once_however_it_is_typed(session: Session, wang: int) -> None:
    secret = second.begin(session, wang, key=KEY)
    codes = second.confirm(session, wang, code(secret, NOW), key=KEY, now=NOW)
    assert len(set(codes)) == second.CODES
    assert passes(session, wang, codes[0].upper().replace("-", " "), NOW)
    assert not passes(session, wang, codes[0], NOW)
    assert second.codes_left(session, wang) == second.CODES - 1
    fresh = second.make_codes(session, wang, key=KEY, now=NOW)
    assert not passes(session, wang, codes[1], NOW)
    assert passes(session, wang, fresh[1], NOW)


@pytest.mark.parametrize("given", ["", "12345", "1234567", "abcdef", "１２３４５６", "\x00", "'; --"])
def test_what_is_no_code_is_none(session: Session, wang: int, phone: str, given: str) -> None:
    assert not passes(session, wang, given, NOW + timedelta(minutes=5))


def test_a_secret_that_another_key_sealed_makes_no_codes(session: Session, wang: int, phone: str) -> None:
    later = NOW + timedelta(minutes=5)
    assert not second.passes(session, wang, code(phone, later), key=b"x" * 32, now=later)
    assert passes(session, wang, code(phone, later), later)


def test_removing_the_second_factor_forgets_its_secret_and_codes(
    session: Session, wang: int, phone: str
) -> None:
    assert second.remove(session, wang, now=NOW)
    assert not second.remove(session, wang, now=NOW)
    assert second.codes_left(session, wang) == 0
    assert second.begin(session, wang, key=KEY) != phone
