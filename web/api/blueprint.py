"""Where the addresses of the API hang."""

from __future__ import annotations

from typing import Final

from flask import Blueprint

__all__ = ["blueprint"]

blueprint: Final = Blueprint("api", __name__, url_prefix="/api/v1")
