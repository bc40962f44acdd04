"""What the public says, over HTTP: taken once from our own pages, refused with a reason, leaving nothing behind."""

from __future__ import annotations

import errno
import io
import json
import logging
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask import Request as FlaskRequest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import Engine, create_engine, func, select, text
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage
from werkzeug.test import EnvironBuilder, TestResponse, encode_multipart

from conftest import fill_squares
from stations.errors import TooLarge
from stations.keeping import limits, photos, reports
from stations.keeping.voices import Agreement, public_voice, sweep
from stations.models import Photo, Report, ReportMark, ReportRequest, SpentChallenge, Station
from stations.registry import registry
from stations.registry.writing import OPERATOR, acting, actor_id
from web import create_app
from web.cli import main, upkeep
from web.reports import agreement, proof
from web.reports.asker import client_address
from web.reports.reading import read_report
from web.settings import Settings

SECRET = "s" * 40
NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
DEVICE = UUID("6f8ba1a8-1d5e-4d47-9d1c-5a0f4b2f7e11")
ADDRESS = "203.0.113.77"
WORDS = "门口的字"


def solved(challenge: str) -> str:
    """Look for the number as the phone does."""
    for number in range(10**8):
        answer = f"{challenge}:{number}"
        if int.from_bytes(sha256(answer.encode()).digest()[:4]) >> (32 - proof.BITS) == 0:
            return answer
    raise AssertionError("no number was found")


def door(size: tuple[int, int] = (80, 60)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, "red").save(buffer, "JPEG", comment=b"IMEI 864394010512345")
    return buffer.getvalue()


class Site:
    """A registry of one's own with one station, its application, and a phone that speaks to it."""

    def __init__(self, engine: Engine, code: str, folder: Path) -> None:
        self.engine, self.code, self.folder = engine, code, folder
        self.app = self.made()
        self.client: FlaskClient = self.app.test_client()

    def made(self, now: datetime = NOW, **more: Any) -> Flask:
        settings = Settings(
            secret_key=SECRET, database_url=str(self.engine.url), clock=now, photos=self.folder, **more
        )
        return create_app(settings, engine=self.engine)

    def at(self, now: datetime, **more: Any) -> None:
        self.client = self.made(now, **more).test_client()

    def proved(self) -> str:
        return solved(self.client.get("/api/v1/challenge").json["challenge"])  # type: ignore[index]

    def send(
        self,
        what: str = "reports",
        *,
        code: str | None = None,
        headers: dict[str, str | None] | None = None,
        address: str = ADDRESS,
        photo: tuple[bytes, str] | None = None,
        body: Any = None,
        **members: Any,
    ) -> TestResponse:
        given = {"id": str(uuid4()), "device": str(DEVICE)} | members
        if what == "reports":
            given = {"choice": "closed_now"} | given
        head = {"Sec-Fetch-Site": "same-origin"} | (headers or {})
        if "X-Yizhan-Proof" not in head:
            head["X-Yizhan-Proof"] = self.proved()
        sent: dict[str, Any] = {"data": json.dumps(given), "content_type": "application/json"}
        if photo is not None:
            # Encoded here: the test client would leave a temporary file open where the server stops reading.
            boundary, form = encode_multipart(
                {
                    "report": json.dumps(given),
                    "photo": FileStorage(io.BytesIO(photo[0]), "p.jpg", content_type=photo[1]),
                }
            )
            sent = {"data": form, "content_type": f"multipart/form-data; boundary={boundary}"}
        if body is not None:
            sent = body
        return self.client.post(
            f"/api/v1/stations/{code or self.code}/{what}",
            headers={name: value for name, value in head.items() if value is not None},
            environ_base={"REMOTE_ADDR": address, "HTTP_USER_AGENT": "MicroMessenger/8.0 Rider-Phone-7"},
            **sent,
        )

    def count(self, table: type[Any] = Report) -> int:
        with Session(self.engine) as session:
            return session.scalar(select(func.count()).select_from(table)) or 0

    def files(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if path.is_file() and path.name != "registry"]


@pytest.fixture(scope="module")
def ground(new_database: Callable[[], str]) -> Iterator[tuple[Engine, str]]:
    engine = create_engine(new_database())
    with Session(engine) as session, session.begin():
        operator = actor_id(session, OPERATOR)
        fill_squares(session, operator)
        with acting(session, operator, reason="test"):
            code = registry.add(
                session, names={"zh": "川口工会驿站"}, kind="union_station", region_code="630222"
            ).code
    yield engine, code
    engine.dispose()


@pytest.fixture
def site(ground: tuple[Engine, str], tmp_path: Path, cluster: Any) -> Site:
    engine, code = ground
    with cluster.connect(engine.url.database) as owner:
        owner.execute("TRUNCATE reports, report_marks, report_keys, report_requests, spent_challenges")
    return Site(engine, code, tmp_path / "photos")


def refused(
    answer: TestResponse, status: int, parameter: str | None = None, reason: str | None = None
) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(answer.data)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), answer.text
    assert (body["status"], body.get("parameter"), body.get("reason")) == (status, parameter, reason)
    return body


def test_a_report_is_stored_and_told_back(site: Site) -> None:
    client_id = str(uuid4())
    answer = site.send(
        id=client_id, choice="amenity_broken", amenity="microwave", words="按了没反应", age_s=3600
    )
    assert answer.status_code == 201, answer.text
    assert answer.json == {
        "id": client_id,
        "station": site.code,
        "choice": "amenity_broken",
        "amenity": "microwave",
        "made_at": "2026-11-22T19:30:00+08:00",
        "received_at": "2026-11-22T20:30:00+08:00",
    }
    assert answer.headers["Cache-Control"] == "no-store"
    with Session(site.engine) as session:
        stored = session.scalars(select(Report)).one()
        assert (stored.words, stored.status, stored.made_at) == (
            "按了没反应",
            "waiting",
            NOW - timedelta(hours=1),
        )
        station = session.scalars(select(Station)).one()
        assert (station.lifecycle, station.verified_at) == ("open", None)


def test_a_confirmation_takes_one_tap(site: Site) -> None:
    assert site.send("confirmations").status_code == 201
    with Session(site.engine) as session:
        heard = public_voice(session, session.scalars(select(Station.id)).all(), NOW)
        assert [voice.confirmations for voice in heard.values()] == [1]


def test_three_phones_on_two_networks_are_heard_and_three_on_one_are_not(site: Site) -> None:
    def heard() -> list[tuple[str, str | None, int]]:
        with Session(site.engine) as session:
            (voice,) = public_voice(session, session.scalars(select(Station.id)).all(), NOW).values()
            return [tuple(said) for said in voice.agreeing]  # type: ignore[misc]

    for address in ("203.0.113.1", "203.0.113.2", "203.0.113.250"):
        assert site.send(device=str(uuid4()), address=address).status_code == 201
    assert heard() == []
    assert site.send(device=str(uuid4()), address="2001:db8:7::1").status_code == 201
    assert heard() == [("closed_now", None, 4)]


def test_the_same_sent_again_gets_the_same_answer_and_is_stored_once(site: Site) -> None:
    client_id, proved = str(uuid4()), site.proved()
    first = site.send(id=client_id, headers={"X-Yizhan-Proof": proved}, photo=(door(), "image/jpeg"))
    site.at(NOW + timedelta(minutes=5))
    again = site.send(id=client_id, headers={"X-Yizhan-Proof": proved}, photo=(door(), "image/jpeg"))
    assert (first.status_code, first.data) == (201, again.data)
    assert again.status_code == 201
    assert (site.count(), len(site.files()), site.count(ReportMark)) == (1, 1, 4)
    refused(site.send(id=client_id, choice="moved"), 409)


def test_the_same_sent_twice_at_once_is_stored_once(site: Site) -> None:
    client_id = str(uuid4())
    proofs = [site.proved() for _ in range(4)]
    answers: list[int] = []

    def send(proved: str) -> None:
        answers.append(site.send(id=client_id, headers={"X-Yizhan-Proof": proved}).status_code)

    threads = [threading.Thread(target=send, args=(proved,)) for proved in proofs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [201] * 4
    assert site.count() == 1


@pytest.mark.parametrize(
    ("members", "parameter"),
    [
        ({"choice": "demolished"}, "choice"),
        ({"choice": None}, "choice"),
        ({"choice": 7}, "choice"),
        ({"choice": "amenity_missing"}, "amenity"),
        ({"choice": "amenity_missing", "amenity": "swimming_pool"}, "amenity"),
        ({"amenity": ["toilet"]}, "amenity"),
        ({"words": "好" * 501}, "words"),
        ({"words": "\ud800"}, "words"),
        ({"age_s": -5}, "age_s"),
        ({"age_s": 1e3}, "age_s"),
        ({"age_s": True}, "age_s"),
        ({"age_s": 10**30}, "age_s"),
        ({"id": "1"}, "id"),
        ({"id": None}, "id"),
        ({"device": "{6f8ba1a8-1d5e-4d47-9d1c-5a0f4b2f7e11}"}, "device"),
        ({"location": [101.7, 36.6]}, "location"),
        ({"lifecycle": "closed"}, "lifecycle"),
        ({"status": "accepted"}, "status"),
    ],
)
def test_a_forged_report_is_refused_by_name_and_not_stored(
    site: Site, members: dict[str, Any], parameter: str
) -> None:
    refused(site.send(**members), 400, parameter)
    assert (site.count(), site.count(ReportMark), site.count(SpentChallenge)) == (0, 0, 0)


@pytest.mark.parametrize("code", ["63000010", "x", "%00", "..%2f1", "9" * 300])
def test_a_station_that_is_not_there_hears_nothing(site: Site, code: str) -> None:
    assert site.send(code=code).status_code == 404
    assert site.count() == 0


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("我的身份证110101199003074477", "identity_card"),
        ("卡号6222 0212 3456 7894", "bank_card"),
        ("打一三八一二三四五六七八", "phone"),
    ],
)
def test_a_personal_number_is_refused_at_once_and_not_repeated(site: Site, words: str, reason: str) -> None:
    answer = site.send(words=words)
    refused(answer, 400, "words", reason)
    assert not any(part in answer.text for part in (words, "1990", "6222", "三八"))
    assert site.count() == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"[" * 100_000,
        b"\xff\xfe",
        b'{"id": ' + b"9" * 5000 + b"}",
        b'{"id": NaN}',
    ],
)
def test_a_body_that_is_no_report_is_refused(site: Site, body: bytes) -> None:
    answer = site.send(body={"data": body, "content_type": "application/json"})
    assert answer.status_code in {400, 413}
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", None])
def test_another_kind_of_body_is_refused(site: Site, kind: str | None) -> None:
    refused(site.send(body={"data": b'{"id": 1}', "content_type": kind}), 415)
    refused(
        site.send("confirmations", body={"data": {"report": "{}"}, "content_type": "multipart/form-data"}),
        415,
    )


def test_a_form_holds_a_report_and_a_photo_and_nothing_else(site: Site) -> None:
    plain = json.dumps({"id": str(uuid4()), "device": str(DEVICE), "choice": "moved"})
    picture = lambda: (io.BytesIO(door()), "p.jpg", "image/jpeg")  # noqa: E731 - each part needs a stream of its own
    for form, parameter in (
        ({"photo": picture()}, "report"),
        ({"report": plain, "photo": "text"}, "report"),
        ({"report": plain, "extra": "1"}, "extra"),
        ({"report": plain, "photo": [picture(), picture()]}, "report"),
        ({"report": json.dumps({**json.loads(plain), "choice": "correct"}), "photo": picture()}, "photo"),
    ):
        answer = site.send(body={"data": form, "content_type": "multipart/form-data"})
        refused(answer, 400, parameter)
    for broken in ("multipart/form-data", "multipart/form-data; boundary=x"):
        refused(site.send(body={"data": b"--x\r\nContent-Disp", "content_type": broken}), 400, "report")
    assert (site.count(), site.files()) == (0, [])


def test_a_photo_is_kept_without_what_the_camera_wrote_into_it(site: Site) -> None:
    assert site.send(photo=(door(), "image/jpeg"), words="门口").status_code == 201
    (file,) = site.files()
    assert file.stem == sha256(file.read_bytes()).hexdigest()
    assert b"IMEI" not in file.read_bytes()
    with Session(site.engine) as session:
        assert session.scalars(select(Report.photo_sha256)).all() == [file.stem]
    # Nobody sees it before staff release it.
    assert site.client.get(f"/photos/{file.stem}.jpg").status_code == 404


def test_a_photo_of_megabytes_arrives_whole(site: Site) -> None:
    buffer = io.BytesIO()
    Image.effect_noise((2400, 1800), 60).convert("RGB").save(buffer, "JPEG", quality=80)
    assert len(buffer.getvalue()) > 2_000_000
    assert site.send(photo=(buffer.getvalue(), "image/jpeg")).status_code == 201
    with Image.open(site.files()[0]) as kept:
        assert kept.size == (1600, 1200)


def test_a_form_with_too_much_text_is_too_large(site: Site) -> None:
    for size in (20_000, 100_000, 300_000):
        form = {"report": "{" + " " * size + "}"}
        refused(site.send(body={"data": form, "content_type": "multipart/form-data"}), 413)


@pytest.mark.parametrize(
    ("data", "declared", "status"),
    [
        (b"GIF89a=1;alert(1)//" + b"\0" * 100, "image/gif", 415),
        (door() + b"PK\x03\x04\x14\x00\x00\x00 an archive", "image/jpeg", 415),
        (b"\x00\x00\x00\x24ftypheic\x00\x00\x00\x00mif1heic", "image/heic", 415),
        (door(), "image/png", 415),
        (b"<svg onload='alert(1)'/>", "image/svg+xml", 415),
        (door()[:-30], "image/jpeg", 400),
        (b"", "image/jpeg", 415),
        (b"\xff\xd8\xff" + b"\0" * (40 * 1024 * 1024), "image/jpeg", 413),
        (b"\xff\xd8\xff" + b"\0" * (12 * 1024 * 1024), "image/jpeg", 413),
    ],
    ids=["gif_js", "jpeg_zip", "heic", "renamed", "svg", "cut", "empty", "40_mb", "over_12_mb"],
)
def test_a_photo_that_is_none_is_refused_and_leaves_nothing(
    site: Site, data: bytes, declared: str, status: int
) -> None:
    answer = site.send(photo=(data, declared))
    refused(answer, status, None if len(data) > 30_000_000 else "photo")
    assert (site.count(), site.files(), site.count(SpentChallenge)) == (0, [], 0)


def test_a_photo_that_is_too_large_is_taken_in_to_its_end_so_that_a_browser_sees_the_answer() -> None:
    for megabytes, drained in ((13, True), (40, True), (65, False)):
        stream = io.BytesIO(b"x" * (megabytes * 1024 * 1024))
        builder = EnvironBuilder(
            method="POST", input_stream=stream, content_type="multipart/form-data; boundary=x",
            content_length=len(stream.getvalue()),
        )  # fmt: skip
        with pytest.raises(TooLarge):
            read_report(FlaskRequest(builder.get_environ()))
        assert (stream.tell() == len(stream.getvalue())) is drained


def test_a_png_bomb_is_refused_as_too_large(site: Site) -> None:
    buffer = io.BytesIO()
    Image.new("1", (10_000, 9_000)).save(buffer, "PNG")
    assert len(buffer.getvalue()) < 50_000
    refused(site.send(photo=(buffer.getvalue(), "image/png")), 413, "photo")
    assert site.files() == []


def test_a_full_disk_is_said_and_nothing_is_half_stored(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        refused(site.send(photo=(door(), "image/jpeg")), 507)
    assert (site.count(), site.files(), site.count(SpentChallenge)) == (0, [], 0)


def test_a_report_that_the_database_does_not_take_leaves_no_photo_and_no_words_in_the_log(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(session: Session, *_: object, **__: object) -> NoReturn:
        session.execute(text("SELECT 1 / :zero, :words"), {"zero": 0, "words": WORDS})
        raise AssertionError("the database divided by zero")

    monkeypatch.setattr(reports, "say", broken)
    site.engine = create_engine(site.engine.url, hide_parameters=True)
    site.at(NOW)
    with caplog.at_level(logging.DEBUG):
        answer = site.send(photo=(door(), "image/jpeg"), words=WORDS)
    site.engine.dispose()
    assert answer.status_code == 500
    assert site.files() == []
    assert "division by zero" in caplog.text
    assert not any(needle in caplog.text for needle in (WORDS, str(DEVICE), ADDRESS, "Rider-Phone"))


def test_the_engine_of_the_site_keeps_what_readers_write_out_of_errors() -> None:
    from web.db import make_engine

    engine = make_engine(Settings(database_url="postgresql+psycopg://nobody@/none"))
    assert engine.hide_parameters is True


ORIGINS: list[tuple[dict[str, str | None], bool]] = [
    ({"Sec-Fetch-Site": "same-origin"}, True),
    ({"Sec-Fetch-Site": None, "Origin": "http://localhost"}, True),
    ({"Sec-Fetch-Site": None, "Origin": "https://localhost:443"}, True),
    ({"Sec-Fetch-Site": None}, False),
    ({"Sec-Fetch-Site": "cross-site"}, False),
    ({"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"}, False),
    ({"Sec-Fetch-Site": None, "Origin": "http://localhost:8001"}, False),
    ({"Sec-Fetch-Site": None, "Origin": "https://evil.example"}, False),
    ({"Sec-Fetch-Site": None, "Origin": "http://localhost.evil.example"}, False),
    ({"Sec-Fetch-Site": None, "Origin": "null"}, False),
    ({"Sec-Fetch-Site": None, "Origin": "http://[::1"}, False),
]


@pytest.mark.parametrize(("headers", "own"), ORIGINS)
def test_only_our_own_pages_report(site: Site, headers: dict[str, str | None], own: bool) -> None:
    for what in ("reports", "confirmations"):
        answer = site.send(what, headers=headers)
        assert answer.status_code == (201 if own else 403), headers
    assert site.count() == (2 if own else 0)


def test_a_page_at_the_site_s_public_address_is_ours_behind_a_proxy_that_changes_the_host(site: Site) -> None:
    headers: dict[str, str | None] = {"Sec-Fetch-Site": None, "Origin": "https://map.example.org"}
    refused(site.send(headers=headers), 403)
    site.at(NOW, public_url="https://map.example.org")
    assert site.send(headers=headers).status_code == 201


def test_a_proof_serves_once(site: Site) -> None:
    proved = site.proved()
    assert site.send(headers={"X-Yizhan-Proof": proved}).status_code == 201
    refused(site.send(headers={"X-Yizhan-Proof": proved}), 400, "proof", "used")
    assert site.count() == 1


def test_a_report_that_was_refused_may_be_sent_again_with_the_same_proof(site: Site) -> None:
    proved = site.proved()
    refused(site.send(headers={"X-Yizhan-Proof": proved}, words="打13812345678"), 400, "words", "phone")
    assert site.send(headers={"X-Yizhan-Proof": proved}, words="打电话").status_code == 201


def test_a_proof_expires(site: Site) -> None:
    proved = site.proved()
    site.at(NOW + timedelta(minutes=10))
    refused(site.send(headers={"X-Yizhan-Proof": proved}), 400, "proof", "expired")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda proved: None, "missing"),
        (lambda proved: "", "missing"),
        (lambda proved: "0:0", "malformed"),
        (lambda proved: proved + "x", "malformed"),
        (lambda proved: proved.replace(":", ":-"), "malformed"),
        (lambda proved: ("A" if proved[0] != "A" else "B") + proved[1:], "forged"),
        (lambda proved: solved(proof.challenge(secret="another" * 6, now=NOW)), "forged"),
        (lambda proved: f"{proved.partition(':')[0]}:{easy(proved.partition(':')[0])}", "too_easy"),
    ],
)
def test_a_proof_that_is_none_is_refused_with_the_reason(
    site: Site, change: Callable[[str], str | None], reason: str
) -> None:
    refused(site.send(headers={"X-Yizhan-Proof": change(site.proved())}), 400, "proof", reason)
    assert site.count() == 0


def easy(challenge: str) -> int:
    """Find a number that does one bit too little."""
    return next(
        n
        for n in range(10**8)
        if int.from_bytes(sha256(f"{challenge}:{n}".encode()).digest()[:4]) >> (32 - proof.BITS) == 1
    )


@given(st.text(max_size=80))
def test_whatever_stands_for_a_proof_is_refused_and_never_breaks(text_given: str) -> None:
    with pytest.raises(proof.Invalid):
        proof.Proof.read(text_given, secret=SECRET, now=NOW)


def test_the_text_that_is_hashed_fits_into_one_block_of_sha_256(site: Site) -> None:
    body = site.client.get("/api/v1/challenge")
    assert body.json is not None
    assert (body.json["bits"], body.json["expires_in_s"]) == (16, 600)
    assert body.headers["Cache-Control"] == "no-store"
    assert len(f"{body.json['challenge']}:9999999999") <= 55


def test_too_many_requests_are_told_when_to_come_back(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PER_HOUR", {"report": (2, 3), "photo": (1, 9)})
    assert site.send(photo=(door(), "image/jpeg")).status_code == 201
    answer = site.send(photo=(door((90, 60)), "image/jpeg"))
    refused(answer, 429)
    assert answer.headers["Retry-After"] == str(30 * 60)
    assert len(site.files()) == 1
    assert site.send().status_code == 201
    refused(site.send(), 429)
    # Another process of the same site counts on where this one stopped; another phone of the network has one left.
    site.at(NOW + timedelta(minutes=1))
    refused(site.send(), 429)
    assert site.send(device=str(uuid4())).status_code == 201
    refused(site.send(device=str(uuid4())), 429)
    assert site.send(device=str(uuid4()), address="198.51.100.4").status_code == 201
    site.at(NOW + timedelta(minutes=30))
    assert site.send().status_code == 201


def test_a_refused_report_counts_as_a_request(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PER_HOUR", {"report": (9, 9), "photo": (1, 9)})
    refused(site.send(photo=(b"GIF89a", "image/gif")), 415, "photo")
    refused(site.send(photo=(door(), "image/jpeg")), 429)


def addressed(forwarded: list[str], trusted: int, remote: str = "10.0.0.1") -> str | None:
    builder = EnvironBuilder(headers=[("X-Forwarded-For", value) for value in forwarded])
    request = FlaskRequest(builder.get_environ() | {"REMOTE_ADDR": remote})
    return client_address(request, trusted_proxies=trusted)


@pytest.mark.parametrize(
    ("forwarded", "trusted", "address"),
    [
        (["203.0.113.7"], 0, "10.0.0.1"),
        (["203.0.113.7"], 1, "203.0.113.7"),
        (["6.6.6.6, 203.0.113.7"], 1, "203.0.113.7"),
        (["6.6.6.6, 203.0.113.7, 10.0.0.9"], 2, "203.0.113.7"),
        (["6.6.6.6", "203.0.113.7"], 1, "203.0.113.7"),
        (["203.0.113.7:4711"], 1, "203.0.113.7"),
        (["[2001:db8::7]:4711"], 1, "2001:db8::7"),
        (["2001:db8::7"], 1, "2001:db8::7"),
        ([], 1, "10.0.0.1"),
        (["203.0.113.7"], 2, "10.0.0.1"),
        (["unknown"], 1, "10.0.0.1"),
        (["' OR 1=1"], 1, "10.0.0.1"),
    ],
)
def test_a_forwarded_address_is_believed_as_far_as_proxies_are_trusted(
    forwarded: list[str], trusted: int, address: str
) -> None:
    assert addressed(forwarded, trusted) == address


def test_nothing_that_identifies_is_in_any_table_or_log(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        proved = site.proved()
        assert site.send(headers={"X-Yizhan-Proof": proved}, words="门锁着").status_code == 201
        refused(site.send(words="打13812345678"), 400, "words", "phone")
        refused(site.send(headers={"X-Yizhan-Proof": proved}), 400, "proof", "used")
        refused(site.send(photo=(b"GIF89a", "image/gif")), 415, "photo")
    needles = [ADDRESS, "203.0.113", str(DEVICE), DEVICE.hex, "Rider-Phone", "MicroMessenger", "13812345678"]
    assert not any(needle in caplog.text for needle in [*needles, "门锁着"])
    with Session(site.engine) as session:
        tables = session.scalars(
            text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        ).all()
        assert {"reports", "report_marks", "report_requests", "report_keys", "spent_challenges"} <= set(
            tables
        )
        rows = [row for table in tables for row in session.scalars(text(f'SELECT t::text FROM "{table}" t'))]
    assert any("门锁着" in row for row in rows)
    assert [(needle, row) for row in rows for needle in needles if needle in row.lower()] == []


def test_after_the_window_only_the_reports_are_left(site: Site) -> None:
    site.send(words="门锁着")
    site.send("confirmations")
    assert (site.count(ReportMark), site.count(ReportRequest), site.count(SpentChallenge)) == (8, 4, 2)
    with Session(site.engine) as session, session.begin():
        sweep(session, NOW + timedelta(hours=72))
    assert (site.count(ReportMark), site.count(ReportRequest), site.count(SpentChallenge)) == (0, 0, 0)
    assert site.count() == 2


def test_the_hourly_upkeep_and_the_command_sweep(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = site.engine.url.render_as_string(hide_password=False)
    site.send()
    kept = Settings(database_url=url, photos=site.folder, downloads=site.folder.with_name("downloads"))
    upkeep(replace(kept, clock=NOW + timedelta(hours=71)))
    assert (site.count(ReportMark), site.count(ReportRequest)) == (4, 0)
    upkeep(replace(kept, clock=NOW + timedelta(hours=72)))
    assert site.count(ReportMark) == 0
    site.send()
    monkeypatch.setenv("YIZHAN_DATABASE_URL", url)
    monkeypatch.setenv("YIZHAN_CLOCK", (NOW + timedelta(days=4)).isoformat())
    monkeypatch.setenv("YIZHAN_PHOTOS", str(site.folder))
    with photos.kept(site.folder, b"nobody names it") as digest:
        os.utime(photos.path_of(site.folder, digest), (0, 0))
    assert main(["db", "sweep"]) == 0
    told = capsys.readouterr().out
    assert "11 passing rows deleted or forgotten, 4 of them hashes of who spoke." in told
    assert "Files of photos that nothing names: 1 deleted." in told
    assert site.files() == []
    assert (site.count(ReportMark), site.count()) == (0, 2)


def test_readers_are_told_when_as_many_agree_as_the_operator_set(site: Site) -> None:
    with site.made(report_devices=5, report_networks=4, report_hours=24).app_context():
        assert agreement() == Agreement(devices=5, networks=4, hours=24)
    with site.made().app_context():
        assert agreement() == Agreement()


def test_a_photo_is_seen_once_it_is_released_and_no_more_when_it_is_rejected(site: Site) -> None:
    site.send(photo=(door(), "image/jpeg"))
    (file,) = site.files()
    address = f"/photos/{file.stem}.jpg"

    def decide(act: Callable[..., None], **more: object) -> None:
        with Session(site.engine) as session, session.begin():
            operator = actor_id(session, OPERATOR)
            with acting(session, operator, reason="looked at"):
                act(session, session.scalars(select(Report.id)).one(), by=operator, now=NOW, **more)

    decide(reports.release)
    answer = site.client.get(address)
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "image/jpeg", file.read_bytes())
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    decide(reports.reject, note="拍到了人")
    assert site.client.get(address).status_code == 404


def test_a_photo_that_staff_put_to_a_station_is_seen(site: Site) -> None:
    picture = photos.redrawn(door((50, 50)))
    with photos.kept(site.folder, picture) as digest, Session(site.engine) as session, session.begin():
        operator = actor_id(session, OPERATOR)
        with acting(session, operator, reason="a photo"):
            station = session.scalars(select(Station.id)).one()
            session.add(Photo(station_id=station, sha256=digest, shows="door"))
    assert site.client.get(f"/photos/{digest}.jpg").data == picture
    for name in ("0" * 64, "..%2f..%2fsecret-key", "%00"):
        assert site.client.get(f"/photos/{name}.jpg").status_code == 404


def test_no_photo_is_stored_in_the_folder_of_another_registry(site: Site) -> None:
    site.folder.mkdir()
    (site.folder / "registry").write_text("2020-01-01T00:00:00+00:00", encoding="ascii")
    answer = site.send(photo=(door(), "image/jpeg"))
    assert answer.status_code == 503
    assert (site.files(), site.count()) == ([], 0)
    assert site.send().status_code == 201
