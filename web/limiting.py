"""How much a program may ask in a minute: by the address it asks from, or by the key that it shows.

Pages for people are not counted: a whole quarter of riders may share one address of a mobile network. Counted is what
programs use, in the memory of each server process, for a minute; no address is written anywhere. The header fields
``RateLimit`` and ``RateLimit-Policy`` are those of draft-ietf-httpapi-ratelimit-headers-10.
"""

from __future__ import annotations

import ipaddress
import math
import time
from dataclasses import dataclass
from typing import Final

from flask import Flask, Response, g, request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from werkzeug.wrappers import Response as AnyResponse

from stations.accounts.api_keys import Allowance, allowance
from web import db
from web.problems import problem
from web.reports.asker import client_address
from web.settings import Settings

__all__ = ["KEY_HEADER", "init_app"]

KEY_HEADER: Final = "X-API-Key"
#: What programs ask, and how many requests each counts for. The first that fits counts; a download reads everything.
_COUNTED: Final = (
    ("/api/v1/challenge", 0),
    ("/api/", 1),
    ("/ogc", 1),
    ("/download/", 20),
    ("/oembed", 1),
    ("/static-map", 4),
)
#: One view of a map asks for some thirty tiles, which are small and mostly kept: they have an account of their own.
_TILES: Final = "/tiles/"
_TILES_FOR_ONE: Final = 10
#: For so long a process believes what it read of a key: one that was taken back ends within it.
_KEY_BELIEVED_S: Final = 60.0
_KEYS_REMEMBERED: Final = 10_000
#: A household has a /64 of IPv6; a single address of it is nobody's.
_IPV6_PREFIX: Final = 64
_MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class _Counted:
    """How the request stands: under which policy, out of how many, and what is left for how long."""

    policy: str
    quota: int
    left: int
    seconds: int


class _Keys:
    """What keys allow, remembered for a minute; also that one allows nothing, so that guessing costs no statement."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Allowance | None]] = {}

    def allowance(self, text: str) -> Allowance | None:
        now = time.monotonic()
        read, found = self._known.get(text, (-math.inf, None))
        if now - read < _KEY_BELIEVED_S:
            return found
        found = allowance(db.session(), text, now=db.now())
        if len(self._known) >= _KEYS_REMEMBERED:
            self._known.clear()
        self._known[text] = now, found
        return found


def init_app(app: Flask, settings: Settings) -> None:
    """Count what programs ask; a setting of 0 requests counts nothing."""
    if not settings.api_per_minute:
        return
    counter = SlidingWindowCounterRateLimiter(MemoryStorage())
    keys = _Keys()

    @app.before_request
    def count() -> Response | None:
        cost = next((cost for path, cost in _COUNTED if request.path.startswith(path)), 0)
        if not cost or request.method == "OPTIONS":
            return None
        shown = request.headers.get(KEY_HEADER)
        if shown is None:
            policy, who, quota = "address", _network(settings), settings.api_per_minute
        else:
            found = keys.allowance(shown)
            if found is None:
                return problem(
                    401,
                    f"{KEY_HEADER}: this key is unknown, taken back or past its day; leave the header out to ask "
                    f"{settings.api_per_minute} times a minute without one",
                    parameter=KEY_HEADER,
                )
            policy, who, quota = "key", str(found.id), found.per_minute
        if request.path.startswith("/ogc") and _TILES in request.path:
            policy, quota = f"{policy}-tiles", quota * _TILES_FOR_ONE
        item = RateLimitItemPerMinute(quota)
        admitted = counter.hit(item, policy, who, cost=min(cost, quota))
        stats = counter.get_window_stats(item, policy, who)
        seconds = max(1, min(_MINUTE, math.ceil(stats.reset_time - time.time())))
        g.counted = _Counted(policy, quota, max(0, stats.remaining), seconds)
        if admitted:
            return None
        answer = problem(
            429,
            f"more than {quota} requests a minute from this {policy.removesuffix('-tiles')}; go on in {seconds} s. Ask for more at a time "
            "(limit=1000), keep a copy and follow /api/v1/changes, take the daily dump, or ask the operator for a key",
        )
        answer.headers["Retry-After"] = str(seconds)
        return answer

    @app.after_request
    def tell(response: AnyResponse) -> AnyResponse:
        counted: _Counted | None = g.pop("counted", None)
        if counted is not None:
            response.headers["RateLimit-Policy"] = f'"{counted.policy}";q={counted.quota};w={_MINUTE}'
            response.headers["RateLimit"] = f'"{counted.policy}";r={counted.left};t={counted.seconds}'
        return response


def _network(settings: Settings) -> str:
    address = client_address(request, trusted_proxies=settings.trusted_proxies)
    if address is None:
        return "here"
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, _IPV6_PREFIX), strict=False))
