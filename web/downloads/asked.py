"""What a download asks for: the one query string, and beside it the datum of the coordinates and the encoding."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from geo.datum import Datum
from stations.query import BadQuery, Open, Problem, StationQuery
from stations.registry import public

__all__ = ["ENCODINGS", "FORMS", "SHIFTED", "Asked"]

#: Ending → media type.
FORMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "gpkg": "application/geopackage+sqlite3",
        "shp.zip": "application/zip",
        "geojson": "application/geo+json",
        "fgb": "application/vnd.flatgeobuf",
        "csv": "text/csv; charset=utf-8",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "kml": "application/vnd.google-earth.kml+xml",
    }
)
#: The forms that are given in another datum too: the others declare WGS 84 by their definition, or by a CRS.
SHIFTED: Final = ("csv", "xlsx", "shp.zip")
ENCODINGS: Final = ("utf-8", "gbk")
_DATUMS: Final = (Datum.WGS84, Datum.GCJ02, Datum.BD09)
#: For so long the state in a file stays that of one moment, so that a broken download can go on.
_STEP: Final = timedelta(minutes=15)
#: Raised when files of the same question are to differ from those made before.
_EDITION: Final = 1


@dataclass(frozen=True, slots=True)
class Asked:
    """One file: which stations, in which form, datum and (of a Shapefile) encoding."""

    query: StationQuery
    form: str
    datum: Datum = Datum.WGS84
    encoding: str = "utf-8"

    @classmethod
    def parse(cls, form: str, items: Iterable[tuple[str, str]]) -> Asked:
        """Read a query string strictly. Raises BadQuery that lists every problem."""
        given = list(items)
        query, problems, strangers = StationQuery.read(given, others=frozenset({"datum", "encoding"}))
        found = [*problems]
        found += [Problem(name, "", f"{name!r} is not a parameter here") for name in strangers]
        if query.cursor is not None:
            found.append(Problem("cursor", query.cursor, "cursor: a file has no pages; leave it out"))
        datum = _one(given, "datum", _DATUMS, Datum.WGS84, found)
        encoding = _one(given, "encoding", ENCODINGS, "utf-8", found)
        if datum != Datum.WGS84 and form not in SHIFTED:
            found.append(
                Problem(
                    "datum",
                    datum,
                    f"datum: a {form} file is always WGS 84; take {', '.join(SHIFTED)} for {datum}",
                )
            )
        if encoding != "utf-8" and form != "shp.zip":
            found.append(Problem("encoding", encoding, "encoding: only a Shapefile has a choice"))
        if found:
            raise BadQuery(tuple(found))
        return cls(query, form, Datum(datum), encoding)

    def moment(self, now: datetime) -> datetime:
        """Return the moment whose states the file tells, and whose open stations ``open=now`` means.

        It is the minute where stations are chosen by it, else the last full quarter of an hour.
        """
        moment = public.moment_of(self.query, now)
        query = self.query
        if query.at is not None or query.open is Open.NOW or query.jobs or query.events:
            return moment
        return moment - timedelta(minutes=moment.minute % (_STEP.seconds // 60))

    def name(self, moment: datetime) -> str:
        """Return the name of the file: it says another datum, and the day."""
        datum = "" if self.datum is Datum.WGS84 else f"-{self.datum}"
        encoding = "" if self.encoding == "utf-8" else f"-{self.encoding}"
        return f"yizhan-stations{datum}{encoding}-{moment:%Y%m%d-%H%M}.{self.form}"

    def key(self, moment: datetime, last_change: int, registry: str) -> str:
        """Return the name under which the file is kept: all that its content depends on."""
        content = [_EDITION, registry, self.query.items(), self.datum, self.encoding]
        told = json.dumps([*content, moment.isoformat(), last_change], ensure_ascii=False)
        return f"{hashlib.sha256(told.encode()).hexdigest()[:32]}.{self.form}"


def _one(
    given: list[tuple[str, str]], name: str, known: tuple[str, ...], default: str, found: list[Problem]
) -> str:
    values = {value.strip().lower() for key, value in given if key == name and value.strip()}
    if not values:
        return default
    if len(values) > 1 or not values <= set(known):
        told = ",".join(sorted(values))[:200]
        found.append(Problem(name, told, f"{name}: {told!r} is not known; one of {', '.join(known)}"))
        return default
    return values.pop()
