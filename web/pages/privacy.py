"""What this site keeps of the people who use it, said of the site as it is set up, and the numbers that the law wants in its foot."""

from __future__ import annotations

import re

from flask import current_app, render_template, request, url_for
from flask.sansio.blueprints import BlueprintSetupState

from stations.registry import public
from web.db import session
from web.i18n import lang
from web.pages.views import blueprint
from web.settings import Settings

__all__ = ["filings"]

_ICP = "https://beian.miit.gov.cn/"
_POLICE = "https://beian.mps.gov.cn/#/query/webSearch?code={code}"


def filings(settings: Settings) -> list[dict[str, str]]:
    """List the numbers under which the site is filed, each with the address where a reader can look it up."""
    found = []
    if settings.icp_number is not None:
        found.append({"text": settings.icp_number, "url": _ICP})
    if settings.police_number is not None:
        code = "".join(re.findall(r"\d", settings.police_number))
        found.append({"text": settings.police_number, "url": _POLICE.format(code=code)})
    return found


@blueprint.record
def _tell_pages(state: BlueprintSetupState) -> None:
    state.app.jinja_env.globals["filings"] = filings(state.app.config["YIZHAN_SETTINGS"])


@blueprint.get("/privacy")
def privacy() -> str:
    """Tell what this site keeps, for how long, and what it never asks."""
    settings: Settings = current_app.config["YIZHAN_SETTINGS"]
    other, tag, label = ("en", "en", "English") if lang() == "zh" else ("zh", "zh-Hans", "中文")
    return render_template(
        "privacy.html",
        settings=settings,
        demonstration=public.info(session()).demonstration,
        third_parties=current_app.config["YIZHAN_BASE_MAP"].image_origins,
        other_language={
            "lang": other,
            "tag": tag,
            "label": label,
            "url": url_for("pages.privacy", lang=other),
        },
        asked=request.args.get("lang"),
    )
