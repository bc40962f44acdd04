"""A chunk of rows as received → what each row says of a station, and what is to be said against it.

Worked column by column: a column's cells are read by one cached reader, and positions are judged as whole arrays.
The database is not asked here; whether a row is new, and what it changes, is decided where the rows are staged.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import partial
from typing import Final

from geo.datum import Datum
from geo.io.rows import Row
from geo.mainland import Mainland
from stations import vocabulary as words
from stations.errors import Invalid
from stations.hours import parse_words
from stations.imports import cells, terms
from stations.imports.amenities import AmenityColumns
from stations.imports.cells import Cell
from stations.imports.columns import Columns
from stations.imports.judged import Judged, cells_of, short
from stations.imports.names import SEPARATOR, identity_key, identity_text, place_key
from stations.imports.placing import Placing
from stations.imports.problems import Kind, Severity
from stations.registry.areas import Areas

__all__ = ["Judge"]

_LONGEST: Final = {"name": 200, "id": 200, "host": 200, "co_builder": 200, "funder": 200, "operator": 200}
_LONGEST_TEXT: Final = 1000
_NAMES: Final = {"name": "zh", "name_en": "en", "name_bo": "bo", "name_mn": "mn-Mong"}
_PARTNERS: Final = tuple(words.PARTNER_ROLES)
_TEXTS: Final = (
    "id", "name", "name_en", "name_bo", "name_mn", "address", "province", "prefecture", "district", "position_origin",
    "directions", "lifecycle_reason", *_PARTNERS,
)  # fmt: skip
_READ: Final[dict[str, Callable[[str], Cell]]] = {
    "lifecycle": terms.lifecycle,
    "lifecycle_since": cells.day,
    "opened_on": cells.day,
    "expected_on": cells.day,
    "position_quality": terms.position_quality,
    "premises": terms.premises,
    "access": terms.access,
    "accepted_cards": terms.cards,
    "capacity": cells.capacity,
    "area_m2": cells.area_m2,
}
_MOST_UNKNOWN_WORDS: Final = 1_000


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
        self._kind = kind
        self._hours = partial(parse_words, today=today)
        self._readers = dict(_READ)
        if header := columns.one("fee"):
            self._readers["fee"] = partial(terms.fee, header=header)
        self._amenities = AmenityColumns(columns)
        self._placing = Placing(columns, areas=areas, mainland=mainland, province=province, datum=datum)
        self._mapped = tuple(
            column.header for column in columns if column.used and column.field not in {"id", "number"}
        )

    def chunk(self, rows: Sequence[Row]) -> list[Judged]:
        """Judge rows; returns as many, in their order."""
        judged = [Judged(row.number, row.values) for row in rows]
        for row, one in zip(rows, judged, strict=True):
            if row.problem is not None:
                one.against(Kind.BROKEN_ROW, "", "", row.problem)
        texts = self._texts(judged)
        self._words(judged)
        self._kinds(judged, texts["name"])
        self._opening(judged)
        self._phones(judged)
        for header, word in self._amenities.read(judged):
            self._unknown(header, word)
        self._placing.place(judged, texts)
        self._identify(judged, texts)
        return judged

    def _texts(self, judged: Sequence[Judged]) -> dict[str, list[str]]:
        """Read the columns of plain text: tidy, and not longer than the registry keeps."""
        read: dict[str, list[str]] = {}
        for code in _TEXTS:
            found = cells_of(self.columns, code, judged)
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
                    judged[at].against(Kind.BAD_TEXT, header, text, reason)
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
                one.against(Kind.NO_NAME, header, received, "a station needs a name")
        return read

    def _tidied(self, one: Judged, header: str, text: str) -> str:
        cell = cells.tidy(text)
        if cell.kind is not None:
            one.against(cell.kind, header, text, cell.reason)
        return cell.value or ""

    def _words(self, judged: Sequence[Judged]) -> None:
        """Read the columns whose cells are one value each."""
        for code, read in self._readers.items():
            found = cells_of(self.columns, code, judged)
            if found is None:
                continue
            header, values = found
            for one, text in zip(judged, values, strict=True):
                if text:
                    cell = read(text)
                    if cell.value is not None:
                        one.facts[code] = cell.value
                    if cell.kind is not None:
                        one.against(cell.kind, header, text, cell.reason)
                        if cell.kind is Kind.UNKNOWN_WORD:
                            self._unknown(header, text)

    def _kinds(self, judged: Sequence[Judged], names: Sequence[str]) -> None:
        found = cells_of(self.columns, "kind", judged)
        header, values = found or ("", [""] * len(judged))
        for one, text, name in zip(judged, values, names, strict=True):
            kind = terms.kind(text) if text else None
            if kind is not None:
                one.facts["kind"] = kind
                continue
            if text:
                self._unknown(header, text)
                reason = "no kind is known by this word; the kind is guessed from the name"
                one.against(Kind.UNKNOWN_WORD, header, text, reason)
            one.kind_guess = terms.kind(name, of_name=True) or self._kind
            if one.kind_guess is None:
                one.kind_guess = "outdoor_workers_station"
                reason = "the name tells no kind; taken for 户外劳动者服务站点, the general one"
                one.against(Kind.GUESSED_KIND, "kind", name, reason)

    def _opening(self, judged: Sequence[Judged]) -> None:
        found = cells_of(self.columns, "hours", judged)
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
                one.against(Kind.BAD_HOURS, header, text, str(error))
                continue
            one.hours = parsed.hours
            if not parsed.understood:
                reason = "；".join(parsed.notes) or "kept as words"
                one.against(Kind.HOURS_NOT_UNDERSTOOD, header, text, reason)
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
                    one.against(cell.kind, header, text, cell.reason)
            if numbers:
                one.facts["phone"] = "、".join(numbers)

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
        entry = (header, short(word))
        if entry in self.unknown_words or len(self.unknown_words) < _MOST_UNKNOWN_WORDS:
            self.unknown_words[entry] += 1


def _set(judged: Sequence[Judged], code: str, values: Iterable[str]) -> None:
    for one, text in zip(judged, values, strict=True):
        if text:
            one.facts[code] = text
