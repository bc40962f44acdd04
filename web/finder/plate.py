"""The plate for a station's door, to be printed: its name, its code, and the code to scan."""

from __future__ import annotations

import io

import orjson
import segno
from flask import render_template, request
from markupsafe import Markup

from stations import vocabulary as words
from stations.registry import public
from stations.registry.schedules import to_hours
from web.db import now, session
from web.finder import sheet
from web.finder.blueprint import blueprint
from web.finder.door import plate_address
from web.finder.opening import usual_week
from web.i18n import lang
from web.origin import absolute

__all__ = ["qr", "station_plate"]

#: Sheets of ISO 216 as a style sheet writes them; it has a word for A5 but none for A6.
SIZES = {"a5": "148mm 210mm", "a6": "105mm 148mm"}


@blueprint.get("/s/<code>/plate")
def station_plate(code: str) -> str:
    """Show the plate, in A5 or A6. The address on it is short and carries no language: the scanner's browser
    has one. It carries the mark by which scans are counted."""
    p = orjson.loads(public.station(session(), code, now=now()))["properties"]
    hours = to_hours(p["hours"]["expression"], p["hours"]["calendar"], ())
    address = absolute(plate_address(code))
    name, tag = sheet.title(p)
    size = request.args.get("size", "")
    size = size if size in SIZES else "a5"
    return render_template(
        "plate.html",
        p=p,
        name=name,
        name_tag=tag,
        other_names=sheet.other_names(p),
        kind=words.KINDS[p["kind"]],
        code_groups=sheet.code_groups(code),
        hours=usual_week(hours) or p["hours"]["words"] or "",
        address=address,
        qr=qr(address),
        size=size,
        sheet=SIZES[size],
        sizes=tuple(SIZES),
        demonstration=p["demonstration"],
        languages=[("zh", "中文"), ("en", "English")],  # each language is named in itself
        shown=lang(),
    )


def qr(address: str) -> Markup:
    """Return a QR code as an SVG element: middle error correction, which survives a scratched plate."""
    text = io.BytesIO()
    segno.make(address, error="m", boost_error=True, micro=False).save(
        text,
        kind="svg",
        border=2,
        xmldecl=False,
        svgns=True,
        omitsize=True,
        nl=False,
        dark="#000",
        light="#fff",
    )
    return Markup(text.getvalue().decode())  # noqa: S704 - modules of a QR code, no words
