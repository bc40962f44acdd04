"""The routes of downloads, gathered under one name."""

from __future__ import annotations

from flask import Blueprint

__all__ = ["blueprint"]

blueprint = Blueprint("downloads", __name__)
