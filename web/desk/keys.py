"""Keys for single purposes, drawn from the one secret of the site."""

from __future__ import annotations

import hmac

from flask import current_app

from web.settings import Settings

__all__ = ["drawn", "key_for"]


def key_for(purpose: str) -> bytes:
    """Return the 32 bytes that serve one purpose of this site, and no other purpose or registry."""
    settings: Settings = current_app.config["YIZHAN_SETTINGS"]
    return drawn(settings, purpose)


def drawn(settings: Settings, purpose: str) -> bytes:
    """Return the key of a purpose outside a request, as the commands need it."""
    return hmac.digest(settings.require_secret_key().encode(), f"yizhan {purpose}".encode(), "sha256")
