"""Where this site is, as its readers reach it: for door plates, share cards and canonical addresses.

The operator's setting counts. Without it the host of the request does, if it is one that nobody on the Internet can put
there for another: this machine's own name or address, a private address, a name that only a local network knows. What a
stranger writes into that header must not end on a plate or in a cache. Who is reached under a public name says which.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from functools import cache
from typing import Final

from flask import current_app, request
from werkzeug.exceptions import BadRequest

from web.settings import Settings

__all__ = ["absolute", "origin"]

_HOST: Final = re.compile(
    r"([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", re.IGNORECASE
)
#: Names that the public name service never gives to anybody (RFC 6761, 6762, 8375; ICANN keeps "internal" private).
_LOCAL: Final = (".localhost", ".local", ".internal", ".home.arpa", ".test")


def origin() -> str:
    """Return scheme and host, without a slash at the end.

    Raises BadRequest where the request names no host, or one that may be anybody's while none is configured.
    """
    settings: Settings = current_app.config["YIZHAN_SETTINGS"]
    if settings.public_url is not None:
        return settings.public_url
    host = request.environ.get("HTTP_HOST") or request.host
    found = _HOST.fullmatch(host)
    if not found:
        raise BadRequest(f"the Host header {host[:80]!r} is no host name")
    name = found[1].lower()
    if not (name == settings.host.lower() or _is_ours(name)):
        raise BadRequest(
            f"this site was never told that it is reached as {host[:80]!r}: set YIZHAN_PUBLIC_URL to the address that "
            f"readers type, such as {request.scheme}://{host.lower()[:80]}, and start it again"
        )
    return f"{request.scheme}://{host.lower()}"


def absolute(path: str) -> str:
    """Return the whole address of a path of this site."""
    return origin() + path


def _is_ours(name: str) -> bool:
    """Return whether a host can only be this machine, or something in the same local network."""
    try:
        address = ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        # A name without a dot, "map" or "yizhan-server", is looked up in the local network alone.
        return "." not in name or name.endswith(_LOCAL) or name in _own_names()
    # Not is_private: that counts the addresses of manuals too, and not those that providers share among customers.
    return address.is_loopback or any(
        address in net for net in (_PRIVATE_4 if address.version == 4 else _PRIVATE_6)
    )


#: RFC 1918, 3927, 6598; RFC 4193, 4291.
_PRIVATE_4: Final = tuple(
    map(
        ipaddress.ip_network,
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10"),
    )
)
_PRIVATE_6: Final = tuple(map(ipaddress.ip_network, ("fc00::/7", "fe80::/10")))


@cache
def _own_names() -> frozenset[str]:
    """Return what this machine calls itself, asked of nobody else."""
    return frozenset({socket.gethostname().lower()})
