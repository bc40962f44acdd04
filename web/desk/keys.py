"""Keys for single purposes, drawn from the one secret of the site."""

from __future__ import annotations

from flask import current_app

from web.settings import Settings

__all__ = ["key_for"]


def key_for(purpose: str) -> bytes:
    """Return the 32 bytes that serve one purpose of this site, and no other."""
    settings: Settings = current_app.config["YIZHAN_SETTINGS"]
    return settings.key_for(purpose)
