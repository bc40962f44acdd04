"""What every response says to the browser about trust: nothing is loaded but from us, nobody frames our pages.

Inline scripts carry the nonce of their response; there is no ``unsafe-inline`` and no third party. An operator's
tile server is added to the images that may be shown, and to nothing else.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from flask import Flask, Response, g

__all__ = ["content_policy", "init_app", "nonce"]


def nonce() -> str:
    """Return this response's nonce, made at the first call."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    value: str = g.csp_nonce
    return value


def content_policy(nonce: str | None, *, image_origins: Sequence[str] = ()) -> str:
    """Write the content security policy; ``nonce`` is None where a response has no inline script."""
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
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )


def init_app(app: Flask, *, image_origins: Sequence[str] = ()) -> None:
    """Put the headers on every response; ``image_origins`` are the tile servers that the operator configured."""

    @app.after_request
    def guard(response: Response) -> Response:
        headers = response.headers
        headers.setdefault(
            "Content-Security-Policy", content_policy(g.get("csp_nonce"), image_origins=image_origins)
        )
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
        headers.setdefault("Permissions-Policy", "geolocation=(self), camera=(), microphone=(), payment=()")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        return response

    app.jinja_env.globals["nonce"] = nonce
