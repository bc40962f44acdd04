"""A county's ledger: downloaded as a workbook, edited in Excel or WPS, sent back through the same form as any list."""

from __future__ import annotations

import io

from flask import render_template, request, send_file
from werkzeug.wrappers import Response as AnyResponse

from stations.accounts import where
from stations.errors import NotAllowed
from stations.imports.ledger import write_ledger
from web import db
from web.desk.blueprint import blueprint
from web.desk.staff import current, desk_page
from web.ground import name_in
from web.i18n import lang, say

__all__ = ["ledger_file", "ledger_page"]


@blueprint.get("/imports/ledger")
@desk_page("viewer", "editor")
def ledger_page() -> str:
    """Show the regions whose ledger one may take along."""
    return render_template("desk/import_ledger.html", regions=_regions())


@blueprint.get("/imports/ledger.xlsx")
@desk_page("viewer", "editor")
def ledger_file() -> AnyResponse:
    """Send the ledger of a region."""
    region = request.args.get("region", "")
    name = next((name for code, name, _ in _regions() if code == region), None)
    if name is None:
        raise NotAllowed(f"{region!r} is no region whose ledger you keep")
    out = io.BytesIO()
    write_ledger(db.session(), region, out, lang())
    out.seek(0)
    return send_file(
        out,
        mimetype="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        as_attachment=True,
        download_name=say("{name}站点台账{day}", name=name, day=f"{db.now():%Y%m%d}") + ".xlsx",
    )


def _regions() -> list[tuple[str, str, int]]:
    """Return the regions where one's roles hold: code, name, how deep."""
    within = current().regions("viewer", "editor")
    found = where.choices(db.session(), within)
    return [(one.code, name_in(one.names), len(one.lineage) - 1) for one in found]
