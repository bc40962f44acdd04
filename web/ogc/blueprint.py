"""The blueprint of /ogc, and what every answer below it says to programs of other sites: read me from anywhere."""

from __future__ import annotations

from flask import Blueprint, request
from werkzeug.wrappers import Response

__all__ = ["blueprint"]

blueprint = Blueprint("ogc", __name__, url_prefix="/ogc")

_METHODS = "GET, HEAD, OPTIONS"
#: What a script of another site may read beside the few headers that browsers show anyway.
_SHOWN = "Content-Crs, ETag, Link, RateLimit, RateLimit-Policy, Retry-After"
_A_DAY_S = "86400"


# Of the application and not of the blueprint: an address below /ogc that does not exist has no blueprint.
@blueprint.after_app_request
def _open_to_other_sites(response: Response) -> Response:
    if request.path != "/ogc" and not request.path.startswith("/ogc/"):
        return response
    headers = response.headers
    headers["Access-Control-Allow-Origin"] = "*"
    headers["Access-Control-Expose-Headers"] = _SHOWN
    headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if request.method == "OPTIONS":
        headers["Access-Control-Allow-Methods"] = _METHODS
        headers["Access-Control-Allow-Headers"] = "*"
        headers["Access-Control-Max-Age"] = _A_DAY_S
    return response
