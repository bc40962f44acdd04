"""Who watches this server: requests that come from networks that the operator named, and through no stranger's proxy."""

from __future__ import annotations

import ipaddress

from flask import Request
from werkzeug.exceptions import NotFound

from web.reports.asker import client_address
from web.settings import Settings

__all__ = ["is_monitor", "require_monitor"]


def is_monitor(request: Request, settings: Settings) -> bool:
    """Tell whether a request may see how the server is.

    Behind a proxy that is not counted in YIZHAN_TRUSTED_PROXIES everybody seems to come from its address: such a request
    is nobody's.
    """
    if settings.trusted_proxies == 0 and "X-Forwarded-For" in request.headers:
        return False
    said = client_address(request, trusted_proxies=settings.trusted_proxies)
    if said is None:
        return False
    try:
        address = ipaddress.ip_address(said)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any(
        (mapped or address) in network for network in map(ipaddress.ip_network, settings.monitors.split())
    )


def require_monitor(request: Request, settings: Settings) -> None:
    """Raise NotFound, as for any address that is not there, unless a monitor asks."""
    if not is_monitor(request, settings):
        raise NotFound
