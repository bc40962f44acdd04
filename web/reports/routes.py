"""The routes by which the public speaks: read, check, store, answer; the same answer to the same sent again."""

from __future__ import annotations

import hmac
from contextlib import AbstractContextManager, nullcontext

from flask import Blueprint, Response, current_app, jsonify, request

from stations.errors import NotFound
from stations.hours import SHANGHAI
from stations.keeping import files, limits, photos, reports, voices
from stations.keeping.marks import Occasion, Speaker, network_prefix
from stations.models import Report
from stations.registry.writing import PUBLIC, acting, actor_id
from web.db import now, session, writing
from web.reports.asker import client_address, require_own_page
from web.reports.proof import BITS, LIFETIME, Proof, challenge
from web.reports.reading import Sent, read_confirmation, read_report
from web.settings import Settings

__all__ = ["agreement", "blueprint"]

blueprint = Blueprint("reports", __name__)

PROOF_HEADER = "X-Yizhan-Proof"
_REASON = "said by the public"


def agreement() -> voices.Agreement:
    """Return when the public is told what the public says, as the operator set it."""
    settings = _settings()
    return voices.Agreement(settings.report_devices, settings.report_networks, settings.report_hours)


@blueprint.get("/api/v1/challenge")
def make_challenge() -> Response:
    """Answer a challenge for the proof of work that a report needs."""
    answer = jsonify(
        challenge=challenge(secret=_settings().require_secret_key(), now=now()),
        bits=BITS,
        expires_in_s=int(LIFETIME.total_seconds()),
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.post("/api/v1/stations/<code>/confirmations")
def confirm(code: str) -> Response:
    """Take a confirmation: the station is as it is shown, and open."""
    proof = _checked()
    return _answer(code, _kept(code, read_confirmation(request), proof))


@blueprint.post("/api/v1/stations/<code>/reports")
def report(code: str) -> Response:
    """Take a report on what is wrong, with words and a photo or without."""
    proof = _checked()
    return _answer(code, _kept(code, read_report(request), proof))


@blueprint.get("/photos/<digest>.jpg")
def photo(digest: str) -> Response:
    """Answer a photo that staff released, or one that they put to a station themselves."""
    path = photos.path_of(_settings().photos, digest)
    if not reports.is_shown(session(), digest) or not path.is_file():
        raise NotFound("there is no such photo")
    answer = Response(path.read_bytes(), content_type="image/jpeg")
    # Not for ever: staff may hide a photo again.
    answer.headers["Cache-Control"] = "public, max-age=3600"
    answer.headers["Content-Security-Policy"] = "default-src 'none'"
    return answer


def _checked() -> Proof:
    """Check what can be checked before the body is read: that a page of ours asks, and that it worked for it."""
    settings = _settings()
    require_own_page(request, public_url=settings.public_url)
    return Proof.read(request.headers.get(PROOF_HEADER), secret=settings.require_secret_key(), now=now())


def _kept(code: str, sent: Sent, proof: Proof) -> dict[str, str | None]:
    settings = _settings()
    network = network_prefix(client_address(request, trusted_proxies=settings.trusted_proxies))
    occasion = Occasion(
        Speaker(sent.device, network),
        now(),
        hmac.digest(settings.require_secret_key().encode(), b"yizhan.reports.marks", "sha256"),
        agreement().window,
    )
    with writing() as opened:
        if (stored := reports.known(opened, code, sent.saying)) is not None:
            return _told(stored)
        # A transaction of its own: a report that is refused below was a request all the same.
        with acting(opened, actor_id(opened, PUBLIC), reason=_REASON):
            limits.admit(opened, "report", occasion)
            if sent.photo is not None:
                limits.admit(opened, "photo", occasion)
        if sent.photo is not None:
            files.claim(opened, settings.photos)
    with (
        _picture(sent) as digest,
        writing() as opened,
        acting(opened, actor_id(opened, PUBLIC), reason=_REASON),
    ):
        limits.spend(opened, proof.challenge, until=proof.until)
        return _told(reports.say(opened, code, sent.saying, occasion, photo=digest))


def _picture(sent: Sent) -> AbstractContextManager[str | None]:
    """Keep the photo, if there is one, for as long as nothing fails."""
    if sent.photo is None:
        return nullcontext()
    return photos.kept(_settings().photos, photos.redrawn(sent.photo, declared=sent.photo_type))


def _told(stored: Report) -> dict[str, str | None]:
    return {
        "id": str(stored.client_id),
        "choice": stored.choice,
        "amenity": stored.amenity,
        "made_at": stored.made_at.astimezone(SHANGHAI).isoformat(),
        "received_at": stored.received_at.astimezone(SHANGHAI).isoformat(),
    }


def _answer(code: str, told: dict[str, str | None]) -> Response:
    answer = jsonify(station=code, **told)
    answer.status_code = 201
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _settings() -> Settings:
    settings: Settings = current_app.config["YIZHAN_SETTINGS"]
    return settings
