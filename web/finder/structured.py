"""A station in the words of Schema.org, for search engines and assistants: only what is known, nothing guessed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import url_for
from markupsafe import Markup

from stations import vocabulary as words
from stations.hours import Hours, State, week
from web.finder.facts import standings
from web.i18n import lang
from web.maps.lean import script_json

__all__ = ["structured"]

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def structured(
    feature: Mapping[str, Any], hours: Hours, moment: datetime, absolute: Callable[[str], str]
) -> Markup:
    """Return the station as a Schema.org Place: JSON that is safe inside a script element.

    Opening hours are those of the seven days from ``moment`` on, each with its date, so that holidays are right.
    """
    p = feature["properties"]
    known: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Place",
        "@id": absolute(url_for("finder.station_page", code=p["code"])),
        "name": p["names"].get("zh", p["code"]),
        "alternateName": [name for tag, name in p["names"].items() if tag != "zh"],
        "identifier": p["code"],
        "additionalType": words.KINDS[p["kind"]].en,
        "address": p["address"],
        "telephone": p["phone"],
        "isAccessibleForFree": {"free": True, "fee": False}.get(p["fee"]),
        "amenityFeature": [
            {
                "@type": "LocationFeatureSpecification",
                "name": words.AMENITIES[code].label(lang()),
                "value": value,
            }
            for kind, value in (("yes", True), ("broken", False), ("no", False))
            for code in standings(p["amenities"])[kind]
        ],
    }
    if feature["geometry"] is not None:
        lon, lat = feature["geometry"]["coordinates"]
        known["geo"] = {"@type": "GeoCoordinates", "latitude": lat, "longitude": lon}
    if p["lifecycle"] == words.Lifecycle.OPEN:
        known["openingHoursSpecification"] = [
            {
                "@type": "OpeningHoursSpecification",
                "dayOfWeek": f"https://schema.org/{_DAYS[day.date.weekday()]}",
                "validFrom": day.date.isoformat(),
                "validThrough": day.date.isoformat(),
                "opens": f"{span.starts:%H:%M}",
                # A day that does not end is written as one that ends at its last minute.
                "closes": "23:59" if span.ends - span.starts >= timedelta(days=1) else f"{span.ends:%H:%M}",
            }
            for day in week(hours, moment.date())
            for span in day.spans
            if span.state is State.OPEN
        ]
    told = {name: value for name, value in known.items() if value not in (None, [], "")}
    return Markup(script_json(told))  # noqa: S704 - every character with a meaning in markup is escaped in it
