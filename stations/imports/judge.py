"""A chunk of rows as received → what each row says of a station, and what is to be said against it.

Worked column by column: a column's cells are read by one cached reader, and positions are judged as whole arrays.
The database is not asked here; whether a row is new, and what it changes, is decided where the rows are staged.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from geo.datum import Datum
from geo.io.rows import Row
from geo.mainland import Mainland
from stations import vocabulary as words
from stations.errors import Invalid
from stations.hours import Hours, parse_words
from stations.imports import cells
from stations.imports.cells import Cell
from stations.imports.columns import Columns
from stations.imports.names import SEPARATOR, identity_key, identity_text, place_key
from stations.imports.positions import locate, stored_datum
from stations.imports.problems import Kind, Problem, Severity
from stations.registry.areas import Areas

__all__ = ["AmenitySet", "Judge", "Judged"]

AmenitySet = tuple[tuple[str, str, bool, str], ...]

_LONGEST: Final = {"name": 200, "id": 200, "host": 200, "co_builder": 200, "funder": 200, "operator": 200}
_LONGEST_TEXT: Final = 1000
_NAMES: Final = {"name": "zh", "name_en": "en", "name_bo": "bo", "name_mn": "mn-Mong"}
_PARTNERS: Final = tuple(words.PARTNER_ROLES)
_TEXTS: Final = (
    "id", "name", "name_en", "name_bo", "name_mn", "address", "province", "prefecture", "district", "position_origin",
    "directions", "lifecycle_reason", *_PARTNERS,
)  # fmt: skip
_READ: Final[dict[str, Callable[[str], Cell]]] = {
    "lifecycle": cells.lifecycle,
    "lifecycle_since": cells.day,
    "opened_on": cells.day,
    "expected_on": cells.day,
    "position_quality": cells.position_quality,
    "premises": cells.premises,
    "access": cells.access,
    "accepted_cards": cells.cards,
    "capacity": cells.capacity,
    "area_m2": cells.area_m2,
}
_MOST_UNKNOWN_WORDS: Final = 1_000


@dataclass(slots=True)
class Judged:
    """One row, judged. ``facts`` are columns of a station that the row gives; what it does not give is not there.

    problems that reject make the rest meaningless. held and doubted say what the problems say.
    """

    number: int
    received: dict[str, str]
    problems: list[Problem] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    external_id: str | None = None
    key: str = ""
    digest: str = ""
    kind_guess: str | None = None
    hours: Hours | None = None
    lon: float | None = None
    lat: float | None = None
    datum: str | None = None
    x: float | None = None
    y: float | None = None
    region_at: str | None = None
    region_named: str | None = None
    amenities: AmenitySet = ()
    partners: dict[str, str] = field(default_factory=dict)

    def has(self, severity: Severity) -> bool:
        """Tell whether something of this weight is said against the row."""
        return any(problem.severity is severity for problem in self.problems)


class Judge:
    """Judges the chunks of one file, and counts the words that it does not know.

    datum: declared for the whole file. kind: of rows whose own words name none. today: what undated words of
    opening hours refer to.
    """

    def __init__(
        self,
        columns: Columns,
        *,
        areas: Areas,
        mainland: Mainland,
        province: str,
        datum: Datum | None,
        kind: str | None,
        today: date,
    ) -> None:
        self.columns = columns
        self.unknown_words: Counter[tuple[str, str]] = Counter()
        self._areas = areas
        self._mainland = mainland
        self._province = province
        self._datum = datum
        self._kind = kind
        self._hours = partial(parse_words, today=today)
        self._readers = dict(_READ)
        if header := columns.one("fee"):
            self._readers["fee"] = partial(cells.fee, header=header)
        self._lists, self._own = columns.of("amenities"), columns.of("amenity")
        self._mapped = tuple(
            column.header for column in columns if column.used and column.field not in {"id", "number"}
        )

    def chunk(self, rows: Sequence[Row]) -> list[Judged]:
        """Judge rows; returns as many, in their order."""
        judged = [Judged(row.number, row.values) for row in rows]
        for row, one in zip(rows, judged, strict=True):
            if row.problem is not None:
                one.problems.append(Problem(Kind.BROKEN_ROW, "", "", row.problem))
        texts = self._texts(judged)
        self._words(judged)
        self._kinds(judged, texts["name"])
        self._opening(judged)
        self._phones(judged)
        self._amenities(judged)
        named = self._districts(judged, texts)
        self._positions(judged, named)
        self._identify(judged, texts)
        return judged

    def _column(self, field: str, judged: Sequence[Judged]) -> tuple[str, list[str]] | None:
        """Return the header of a field and its cells, blanks empty; constants stand in for what is missing."""
        header = self.columns.one(field)
        constant = self.columns.constants.get(field, "")
        if header is None:
            return (field, [constant] * len(judged)) if constant else None
        found = [one.received[header] for one in judged]
        return header, [constant if text in cells.BLANKS else text for text in found]

    def _texts(self, judged: Sequence[Judged]) -> dict[str, list[str]]:
        """Read the columns of plain text: tidy, and not longer than the registry keeps."""
        read: dict[str, list[str]] = {}
        for code in _TEXTS:
            found = self._column(code, judged)
            if found is None:
                read[code] = [""] * len(judged)
                continue
            header, values = found
            longest = _LONGEST.get(code, _LONGEST_TEXT)
            for at, text in enumerate(values):
                if text and (not text.isprintable() or "  " in text):
                    values[at] = self._tidied(judged[at], header, text)
                if len(values[at]) > longest:
                    reason = f"{len(text)} characters; at most {longest} are kept"
                    judged[at].problems.append(Problem(Kind.BAD_TEXT, header, _short(text), reason))
            read[code] = values
        for code in ("address", "position_origin", "directions", "lifecycle_reason"):
            _set(judged, code, read[code])
        _set(judged, "district_received", read["district"])
        for at, one in enumerate(judged):
            one.facts["names"] = {tag: read[code][at] for code, tag in _NAMES.items() if read[code][at]}
            one.partners = {role: read[role][at] for role in _PARTNERS if read[role][at]}
            one.external_id = read["id"][at] or None
            if not read["name"][at] and not one.problems:
                header = self.columns.one("name") or "name"
                received = one.received.get(header, "")
                one.problems.append(Problem(Kind.NO_NAME, header, received, "a station needs a name"))
        return read

    def _tidied(self, one: Judged, header: str, text: str) -> str:
        cell = cells.tidy(text)
        if cell.kind is not None:
            one.problems.append(Problem(cell.kind, header, _short(text), cell.reason))
        return cell.value or ""

    def _words(self, judged: Sequence[Judged]) -> None:
        """Read the columns whose cells are one value each."""
        for code, read in self._readers.items():
            found = self._column(code, judged)
            if found is None:
                continue
            header, values = found
            for one, text in zip(judged, values, strict=True):
                if text:
                    cell = read(text)
                    if cell.value is not None:
                        one.facts[code] = cell.value
                    if cell.kind is not None:
                        one.problems.append(Problem(cell.kind, header, _short(text), cell.reason))
                        if cell.kind is Kind.UNKNOWN_WORD:
                            self._unknown(header, text)

    def _kinds(self, judged: Sequence[Judged], names: Sequence[str]) -> None:
        found = self._column("kind", judged)
        header, values = found or ("", [""] * len(judged))
        for one, text, name in zip(judged, values, names, strict=True):
            kind = cells.kind(text) if text else None
            if kind is not None:
                one.facts["kind"] = kind
                continue
            if text:
                self._unknown(header, text)
                reason = "no kind is known by this word; the kind is guessed from the name"
                one.problems.append(Problem(Kind.UNKNOWN_WORD, header, _short(text), reason))
            one.kind_guess = cells.kind(name, of_name=True) or self._kind
            if one.kind_guess is None:
                one.kind_guess = "outdoor_workers_station"
                reason = "the name tells no kind; taken for 户外劳动者服务站点, the general one"
                one.problems.append(Problem(Kind.GUESSED_KIND, "kind", name, reason))

    def _opening(self, judged: Sequence[Judged]) -> None:
        found = self._column("hours", judged)
        if found is None:
            return
        header, values = found
        for one, text in zip(judged, values, strict=True):
            if not text:
                continue
            said = text if text.isprintable() else self._tidied(one, header, text)
            try:
                parsed = self._hours(said)
            except Invalid as error:
                one.problems.append(Problem(Kind.BAD_HOURS, header, _short(text), str(error)))
                continue
            one.hours = parsed.hours
            if not parsed.understood:
                reason = "；".join(parsed.notes) or "kept as words"
                one.problems.append(Problem(Kind.HOURS_NOT_UNDERSTOOD, header, _short(text), reason))
                self._unknown(header, text)

    def _phones(self, judged: Sequence[Judged]) -> None:
        headers = sorted(column.header for column in self.columns.of("phone"))
        for one in judged if headers else ():
            numbers: dict[str, None] = {}
            for header in headers:
                text = one.received[header]
                if cells.is_blank(text):
                    continue
                cell = cells.phone(text)
                if cell.value is not None:
                    numbers |= dict.fromkeys(cell.value.split("、"))
                if cell.kind is not None:
                    one.problems.append(Problem(cell.kind, header, _short(text), cell.reason))
            if numbers:
                one.facts["phone"] = "、".join(numbers)

    def _amenities(self, judged: Sequence[Judged]) -> None:
        """Read lists of amenities and columns of one amenity; what two columns say differently is not known."""
        headers = [column.header for column in (*self._lists, *self._own)]
        if not headers:
            return
        sets: dict[tuple[str, ...], tuple[AmenitySet, list[Problem], list[tuple[str, str]]]] = {}
        for one in judged:
            received = tuple(one.received[header] for header in headers)
            if received not in sets:
                sets[received] = self._amenity_set(received)
            one.amenities, problems, unknown = sets[received]
            one.problems += problems
            for header, word in unknown:
                self._unknown(header, word)

    def _amenity_set(
        self, received: Sequence[str]
    ) -> tuple[AmenitySet, list[Problem], list[tuple[str, str]]]:
        said: dict[str, set[tuple[str, bool, str]]] = {}
        problems: list[Problem] = []
        unknown: list[tuple[str, str]] = []
        for column, text in zip(self._lists, received, strict=False):
            if cells.is_blank(text):
                continue
            basis = "inferred" if column.inferred else "listed"
            facts, odd = cells.amenities(text)
            for code, value, broken in facts:
                said.setdefault(code, set()).add((value, broken, basis))
            for word in odd:
                reason = "no amenity is known by this word"
                problems.append(Problem(Kind.UNKNOWN_WORD, column.header, _short(word), reason))
                unknown.append((column.header, word))
        for column, text in zip(self._own, received[len(self._lists) :], strict=True):
            # 无 says here that the amenity is not there; only an empty cell says nothing.
            if not text or column.amenity is None:
                continue
            cell = cells.amenity(text)
            if cell.value is None:
                if not cells.is_blank(text):
                    problems.append(Problem(Kind.UNKNOWN_WORD, column.header, _short(text), cell.reason))
                    unknown.append((column.header, text))
                continue
            basis = "inferred" if column.inferred else "listed"
            said.setdefault(column.amenity, set()).add((*cell.value, basis))
        facts_of = []
        for code, ways in sorted(said.items()):
            listed = {way for way in ways if way[2] == "listed"} or ways
            if len(listed) == 1:
                facts_of.append((code, *listed.pop()))
            else:
                reason = "the row says it both ways; left unknown"
                problems.append(Problem(Kind.UNKNOWN_WORD, "", words.AMENITIES[code].zh, reason))
        return tuple(facts_of), problems, unknown

    def _districts(self, judged: Sequence[Judged], texts: dict[str, list[str]]) -> list[str | None]:
        """Find the region that each row names; a name that no region has is a doubt."""
        header = self.columns.one("district") or "district"
        answers: dict[tuple[str, str, str], str | None] = {}
        named: list[str | None] = []
        for at, one in enumerate(judged):
            asked = (texts["province"][at], texts["prefecture"][at], texts["district"][at])
            if asked not in answers:
                answers[asked] = self._region(*asked)
            code = answers[asked]
            if asked[2] and code is None:
                reason = (
                    "no region has this name (a development zone is none); the region follows the position"
                )
                one.problems.append(Problem(Kind.UNKNOWN_DISTRICT, header, _short(asked[2]), reason))
            one.region_named = code
            named.append(code)
        return named

    def _region(self, province: str, prefecture: str, district: str) -> str | None:
        within: str | None = None
        for above in (province, prefecture):
            found = self._areas.named(above, within=within) if above else None
            within = found or within
        if not district:
            return within if prefecture and within else None
        return self._areas.named(district, within=within) or self._areas.named(district)

    def _positions(self, judged: Sequence[Judged], named: Sequence[str | None]) -> None:
        if not self.columns.located:
            return
        headers = (self.columns.one("lon") or "lon", self.columns.one("lat") or "lat")
        lon, lat = self._degrees(judged, headers[0]), self._degrees(judged, headers[1])
        datums: list[Datum | None] = self._datums(judged, ~np.isnan(lon) & ~np.isnan(lat))
        for at in map(int, np.flatnonzero(np.isnan(lon) != np.isnan(lat))):
            one = judged[at]
            if not one.has(Severity.REJECT):
                present, missing = headers if np.isnan(lat[at]) else headers[::-1]
                reason = f"the row has {present} and no {missing}"
                one.problems.append(Problem(Kind.HALF_POSITION, missing, "", reason))
        usable = np.array([datum is not None for datum in datums])
        lon, lat = np.where(usable, lon, np.nan), np.where(usable, lat, np.nan)
        found = locate(
            lon,
            lat,
            datums,
            named,
            areas=self._areas,
            mainland=self._mainland,
            province=self._province,
            fields=headers,
        )
        for at, problem in found.problems.items():
            judged[at].problems.append(problem)
        for at in map(int, np.flatnonzero(~np.isnan(found.x))):
            one, datum = judged[at], datums[at]
            if datum is not None:
                one.lon, one.lat, one.datum = float(lon[at]), float(lat[at]), str(stored_datum(datum))
                one.x, one.y, one.region_at = float(found.x[at]), float(found.y[at]), found.county[at]

    @staticmethod
    def _degrees(judged: Sequence[Judged], header: str) -> NDArray[np.float64]:
        values = np.full(len(judged), np.nan)
        for at, one in enumerate(judged):
            text = one.received[header]
            if text in cells.BLANKS:
                continue
            cell = cells.degrees(text)
            if cell.kind is not None:
                one.problems.append(Problem(cell.kind, header, _short(text), cell.reason))
            else:
                values[at] = cell.value
        return values

    def _datums(self, judged: Sequence[Judged], placed: Iterable[bool]) -> list[Datum | None]:
        """Find the datum of each row that has a position: its own, which must not contradict the file's."""
        found = self._column("datum", judged)
        header, values = found or ("datum", [""] * len(judged))
        datums: list[Datum | None] = []
        for one, has, text in zip(judged, placed, values, strict=True):
            datum = self._datum if has else None
            problem = None
            if has and text:
                cell = cells.datum(text)
                if cell.kind is not None:
                    problem = Problem(cell.kind, header, _short(text), cell.reason)
                elif self._datum is None or stored_datum(cell.value) is stored_datum(self._datum):
                    datum = cell.value
                else:
                    reason = f"the row says {cell.value} and the file was declared {self._datum}"
                    problem = Problem(Kind.DATUM_CONFLICT, header, _short(text), reason)
            elif has and datum is None:
                problem = Problem(
                    Kind.NO_DATUM, header, "", "a position without a datum means nothing; declare it"
                )
            if problem is not None:
                one.problems.append(problem)
                datum = None
            datums.append(datum)
        return datums

    def _identify(self, judged: Sequence[Judged], texts: dict[str, list[str]]) -> None:
        for at, one in enumerate(judged):
            district = one.region_named or identity_text(texts["district"][at])
            if not district and not one.has(Severity.HOLD):
                district = one.region_at or ""
            one.key = identity_key(
                identity_text(texts["name"][at]) or texts["name"][at],
                district,
                identity_text(texts["host"][at]),
                place_key(texts["address"][at], one.lon, one.lat),
            )
            said = SEPARATOR.join([one.received[header] for header in self._mapped])
            one.digest = hashlib.blake2b(said.encode(errors="surrogatepass"), digest_size=8).hexdigest()

    def _unknown(self, header: str, word: str) -> None:
        entry = (header, _short(word))
        if entry in self.unknown_words or len(self.unknown_words) < _MOST_UNKNOWN_WORDS:
            self.unknown_words[entry] += 1


def _set(judged: Sequence[Judged], code: str, values: Iterable[str]) -> None:
    for one, text in zip(judged, values, strict=True):
        if text:
            one.facts[code] = text


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79]}…"
