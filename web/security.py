"""What every response says to the browser about trust: nothing is loaded but from us, nobody frames our pages.

Inline scripts carry the nonce of their response; there is no ``unsafe-inline`` and no third party. An operator's
tile server is added to the images that may be shown, and to nothing else. One page is made for frames, ``/embed``: it
may be shown by every site, or by those that the operator names.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from flask import Flask, Response, g, request

__all__ = ["FRAMED", "content_policy", "init_app", "nonce"]

FRAMED = "/embed"
"""The one path that may be shown in a frame; what stands below it may not."""


def nonce() -> str:
    """Return this response's nonce, made at the first call."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    value: str = g.csp_nonce
    return value


def content_policy(
    nonce: str | None,
    *,
    image_origins: Sequence[str] = (),
    ancestors: str = "'none'",
    framing: str | None = None,
) -> str:
    """Write the content security policy.

    nonce: None where a response has no inline script. ancestors: who may show it in a frame. framing: what it may show
    in a frame itself; None for nothing.
    """
    own = "'self'" if nonce is None else f"'self' 'nonce-{nonce}'"
    images = " ".join(["'self'", "data:", *image_origins])
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {own}",
            f"style-src {own}",
            f"img-src {images}",
            "connect-src 'self'",
            "font-src 'self'",
            "manifest-src 'self'",
            *([] if framing is None else [f"frame-src {framing}"]),
            "base-uri 'none'",
            "form-action 'self'",
            f"frame-ancestors {ancestors}",
        ]
    )


def init_app(app: Flask, *, image_origins: Sequence[str] = (), ancestors: str | None = None) -> None:
    """Put the headers on every response.

    image_origins: the tile servers that the operator configured. ancestors: the sites that may frame ``FRAMED``, ``none``
    for none of them, or None for all.
    """
    # The builder shows a preview: where others are named, we are one of them.
    framed_by = {None: "*", "none": "'none'"}.get(ancestors) or f"'self' {ancestors}"

    @app.after_request
    def guard(response: Response) -> Response:
        headers = response.headers
        # By the path and not by the view: an error in a frame is read there, and no error of another page is.
        policy = content_policy(
            g.get("csp_nonce"),
            image_origins=image_origins,
            ancestors=framed_by if request.path == FRAMED else "'none'",
            framing=g.get("csp_framing"),
        )
        headers.setdefault("Content-Security-Policy", policy)
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
        headers.setdefault("Permissions-Policy", "geolocation=(self), camera=(), microphone=(), payment=()")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        return response

    app.jinja_env.globals["nonce"] = nonce
