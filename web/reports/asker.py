"""Who asks: a page of ours, and from which network. Nothing of it outlives the request."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from flask import Request

from stations.errors import NotAllowed

__all__ = ["client_address", "require_own_page"]


def require_own_page(request: Request, *, public_url: str | None = None) -> None:
    """Raise NotAllowed unless a page of this site sent the request.

    There is no log-in that another site could abuse; but it could make its visitors' phones say things, each from a
    network of its own. Browsers tell where a request comes from, in Sec-Fetch-Site or, where that is not sent (over
    plain http, in older ones), in Origin. public_url: where readers reach this site, for proxies that change the Host.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site == "same-origin":
        return
    origin = request.headers.get("Origin")
    if site is None and origin is not None:
        ours = {request.host.lower()} | ({urlsplit(public_url).netloc.lower()} if public_url else set())
        if _host(origin) in ours:
            return
    raise NotAllowed(
        "reports are taken from the pages of this site alone; open the station's page and send it there"
    )


def client_address(request: Request, *, trusted_proxies: int) -> str | None:
    """Return the address that a request comes from; None where there is none (a Unix socket).

    trusted_proxies: how many proxies of the operator's stand before this server, each of which adds the address that it
    was asked from to X-Forwarded-For. What stands left of those was written by the caller and is not believed.
    """
    if trusted_proxies == 0:
        return request.remote_addr
    said = [part.strip() for value in request.headers.getlist("X-Forwarded-For") for part in value.split(",")]
    if len(said) < trusted_proxies:
        return request.remote_addr
    return _address(said[-trusted_proxies]) or request.remote_addr


def _host(origin: str) -> str:
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return ""
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.netloc.lower().removesuffix(f":{port}") if port == default else parts.netloc.lower()


def _address(text: str) -> str | None:
    """Read an address that a proxy wrote, with its port or without: 203.0.113.7:4711, [2001:db8::1]:4711."""
    bare = text[1:].partition("]")[0] if text.startswith("[") else text
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        return None
