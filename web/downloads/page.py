"""The page of downloads for people: the forms of what the query string asks for, and the dumps of the last days."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from flask import current_app, render_template, request, url_for

from stations.query import StationQuery
from stations.registry import exports, public
from web.db import now, session
from web.downloads import dumps
from web.downloads.asked import SHIFTED
from web.downloads.blueprint import blueprint
from web.i18n import lang, mark, plural, say

__all__ = ["download_page"]

#: Form: what people call it, and what it is good for.
_FORMS: Final = {
    "xlsx": ("Excel", mark("用 Excel 或 WPS 打开")),
    "csv": ("CSV", mark("表格文本，任何程序都能读")),
    "gpkg": ("GeoPackage", mark("QGIS 等地理信息软件")),
    "shp.zip": ("Shapefile", mark("中文字段，UTF-8")),
    "geojson": ("GeoJSON", mark("与接口相同的完整信息")),
    "fgb": ("FlatGeobuf", mark("大数据量，按范围读取")),
    "kml": ("KML", mark("奥维、谷歌地球")),
}
_DATUMS: Final = {"gcj02": mark("高德、腾讯"), "bd09": mark("百度")}


@blueprint.get("/download")
def download_page() -> str:
    """Show what can be taken along of what the address asks for."""
    query, problems, _ = StationQuery.read(request.args.items(multi=True))
    query = replace(query, cursor=None, lang=lang())
    total, located = exports.count(session(), query, now=now())
    total = total if query.limit is None else min(total, query.limit)
    registry = public.info(session())
    items = query.items()
    bare = [item for item in items if item[0] != "lang"]
    other, tag, label = ("en", "en", "English") if lang() == "zh" else ("zh", "zh-Hans", "中文")
    return render_template(
        "download.html",
        demonstration=registry.demonstration,
        problems=[say("“{value}”看不懂，没有用它筛选。", value=p.value) for p in problems],
        count=plural("共 {n} 个站点可下载", "共 {n} 个站点可下载", total).format(n=f"{total:,}"),
        unlocated=0 if query.limit is not None else total - located,
        filtered=bool(bare),
        map_url=_at("pages.map_page", items),
        embed_url=_at("embed.builder", items),
        all_url=_at("downloads.download_page", [("lang", lang())]),
        forms=[
            {"form": form, "name": name, "about": say(about), "url": _file(form, items)}
            for form, (name, about) in _FORMS.items()
        ],
        gbk_url=_file("shp.zip", [*items, ("encoding", "gbk")]),
        shifted=[
            {
                "name": "GCJ-02" if datum == "gcj02" else "BD-09",
                "about": say(about),
                "files": [
                    {"name": _FORMS[form][0], "url": _file(form, [*items, ("datum", datum)])}
                    for form in SHIFTED
                ],
            }
            for datum, about in _DATUMS.items()
        ],
        dumps=[
            _dump(dump) for dump in dumps.listed(current_app.config["YIZHAN_SETTINGS"].downloads / "daily")
        ],
        list_url=url_for("downloads.daily_list"),
        last_change=exports.last_change(session()),
        changes_url=_at(
            "downloads.changes_file",
            [("since", "0"), *(item for item in bare if item[0] in _LASTING)],
            form="ndjson",
        ),
        other_language={
            "lang": other,
            "tag": tag,
            "label": label,
            "url": _at("downloads.download_page", [*bare, ("lang", other)]),
        },
    )


#: What of a query a copy of the set can be kept by: time alone does not change it.
_LASTING: Final = ("kind", "class", "amenities", "access", "fee", "lifecycle", "region", "bbox", "unknown")


def _dump(dump: dumps.Dump) -> dict[str, Any]:
    return {
        "date": dump.date,
        "stations": dump.stations,
        "checksums": url_for("downloads.daily_file", date=dump.date, name=dumps.CHECKSUMS),
        "files": [
            {
                "name": file.name,
                "size": _size(file.bytes),
                "url": url_for("downloads.daily_file", date=dump.date, name=file.name),
            }
            for file in dump.files
        ],
    }


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count >= 100_000 else f"{count / 1e3:,.0f} kB"


def _file(form: str, items: list[tuple[str, str]]) -> str:
    return _at("downloads.stations_file", items, form=form)


def _at(endpoint: str, items: list[tuple[str, str]], **values: Any) -> str:
    query = urlencode(items, safe=",:")
    return url_for(endpoint, **values) + (f"?{query}" if query else "")
