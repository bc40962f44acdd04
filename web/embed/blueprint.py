"""The blueprint of everything that is made for other people's pages, and who may read its data from there."""

from __future__ import annotations

from flask import Blueprint, Response, request

__all__ = ["blueprint"]

blueprint = Blueprint("embed", __name__)

#: What an embed asks for. In a sandboxed frame it has no origin of its own, so that even we are another site to it.
#: All of it is public, and no cookie is sent along or looked at.
_READ_FROM_ANYWHERE = frozenset(
    {"pages.regions_json", "pages.places_json", "pages.stations_json", "pages.gaps_json", "api.station"}
)


@blueprint.after_app_request
def let_others_read(response: Response) -> Response:
    """Let scripts of any origin read the data of the public map."""
    if request.endpoint in _READ_FROM_ANYWHERE or (
        request.blueprint == "embed" and request.endpoint != "embed.builder"
    ):
        response.headers["Access-Control-Allow-Origin"] = "*"
    return response
