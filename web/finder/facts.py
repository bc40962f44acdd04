"""A station's facts as a row of values: what the list shows of it, the same over the network and from the pocket."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from stations.vocabulary import AMENITIES, Basis, Value

__all__ = ["BITS", "COLUMNS", "facts", "standings"]

#: The amenity columns are bit sets over ``AMENITIES``; bit 0 is the first.
COLUMNS = (
    "code", "lon", "lat", "names", "kind", "lifecycle", "address", "directions", "access", "fee", "phone", "hours",
    "verified", "has", "inferred", "broken", "lacks",
)  # fmt: skip
BITS = {code: 1 << place for place, code in enumerate(AMENITIES)}


def facts(feature: Mapping[str, Any]) -> list[Any]:
    """Return the values of ``COLUMNS`` of a station's public feature; coordinates to six decimals, None unlocated."""
    p = feature["properties"]
    lon, lat = feature["geometry"]["coordinates"] if feature["geometry"] else (None, None)
    held = standings(p["amenities"])
    verified = p["verified_at"]
    return [
        p["code"], lon, lat, p["names"], p["kind"], p["lifecycle"], p["address"], p["directions"],
        p["access"] or "unknown", p["fee"] or "unknown", p["phone"], (p["hours"] or {}).get("words") or None,
        verified[:10] if verified else None,
        *(sum(BITS[code] for code in held[name]) for name in ("yes", "inferred", "broken", "no")),
    ]  # fmt: skip


def standings(amenities: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Sort the amenities of a feature by standing: yes, inferred (only guessed), broken (out of order) and no.

    What is in none of them is unknown.
    """
    found: dict[str, list[str]] = {"yes": [], "inferred": [], "broken": [], "no": []}
    by_code = {row["amenity"]: row for row in amenities}
    for code in AMENITIES:
        row = by_code.get(code)
        if row is None or row["value"] == Value.UNKNOWN:
            continue
        if row["value"] == Value.NO:
            found["no"].append(code)
        elif row["out_of_order"]:
            found["broken"].append(code)
        else:
            found["inferred" if row["basis"] == Basis.INFERRED else "yes"].append(code)
    return found
