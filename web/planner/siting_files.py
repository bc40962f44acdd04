"""The sites of a plan as a file: GeoPackage, Shapefile with Chinese fields, GeoJSON, CSV or a workbook."""

from __future__ import annotations

import io
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from flask import send_file
from werkzeug.wrappers import Response as AnyResponse

from stations.accounts import ROLES
from stations.planning.siting import plans
from stations.planning.siting.adopting import adopted
from stations.planning.siting.exporting import write_sites
from web import db
from web.desk.blueprint import blueprint
from web.desk.staff import desk_page
from web.planner.downloads import FORMS
from web.planner.page import Regions

__all__ = ["site_file"]

_NAME: Final = "sites"


@blueprint.get("/planner/sites/<int:plan_id>.<any('gpkg', 'shp.zip', 'geojson', 'csv', 'xlsx'):form>")
@desk_page(*ROLES)
def site_file(plan_id: int, form: str) -> AnyResponse:
    """Send the sites of a plan in their order, with the stations that they became."""
    plan = plans.get(db.session(), plan_id)
    stations = {each.key: each.code for each in adopted(db.session(), plan_id) if not each.withdrawn}
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{_NAME}.{form}"
        write_sites(plan, path, form, names=Regions.load().names, stations=stations)
        content = path.read_bytes()
    mime, _ = FORMS[form]
    return send_file(
        io.BytesIO(content), mimetype=mime, as_attachment=True, download_name=f"{_NAME}-{plan_id}.{form}"
    )
