"""The desk's routes, gathered under one name and one address, /desk."""

from __future__ import annotations

from flask import Blueprint

__all__ = ["PREFIX", "blueprint"]

PREFIX = "/desk"

blueprint = Blueprint("desk", __name__, url_prefix=PREFIX)
