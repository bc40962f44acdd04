"""Which column of a file means what: declared by a mapping, else guessed from the header, and shown either way."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from geo.datum import Datum
from geo.errors import DatumError
from stations.errors import Invalid
from stations.imports.fields import FIELDS, HEADERS, IGNORED, bracketed, header_key
from stations.imports.mapping import Mapping, Rule

__all__ = ["Column", "Columns", "How"]

_LEAST_ENDING = 3
#: What headers call longitude and latitude.
_AXES = (("经", "lon", "lng"), ("纬", "lat"))
_AMENITY = "amenity"


class How(StrEnum):
    """How the meaning of a column was found."""

    MAPPED = "mapped"
    DECLARED = "declared"
    HEADER = "header"
    ENDING = "ending"
    UNKNOWN = "unknown"
    TAKEN = "taken"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the file.

    field: a code of ``FIELDS``, ``amenity`` or None for a column that is only kept as received. amenity: of a column
    that tells one amenity alone. inferred: guessed by the list's author. taken_by: the column that already says it.
    """

    header: str
    field: str | None
    how: How
    amenity: str | None = None
    inferred: bool = False
    taken_by: str | None = None

    @property
    def used(self) -> bool:
        """Whether its cells reach the registry."""
        if self.field is None or (self.field != _AMENITY and not FIELDS[self.field].stored):
            return self.field in {"province", "prefecture"}
        return not self.inferred or self.field in {"amenities", _AMENITY}


@dataclass(frozen=True, slots=True)
class Columns:
    """All columns of a file in its order, and what is the same for every row."""

    columns: tuple[Column, ...]
    constants: dict[str, str]
    #: Declared in the brackets of the coordinate headers: 经度（GCJ-02）.
    header_datum: Datum | None = None

    @classmethod
    def guess(
        cls, headers: Sequence[str], mapping: Mapping | None = None, *, id_column: str | None = None
    ) -> Columns:
        """Find out what the columns mean.

        The mapping wins; then a header that is known, then one that ends in a known one (站点详细地址). Of two
        columns with one meaning the surer header is taken, whatever their order. Raises Invalid where the mapping
        or the declared id names a column that is not there, or says one thing twice, or no column is the name.
        """
        mapping = mapping or Mapping()
        _check(headers, mapping, id_column)
        rules = dict(mapping.columns)
        if id_column is not None:
            rules[id_column] = Rule("id")
        found: dict[str, Column] = {}
        for header in headers:
            if (rule := rules.get(header)) is not None:
                how = How.DECLARED if header == id_column else How.MAPPED
                found[header] = _ruled(header, rule, how)
        taken = {c.field: c.header for c in found.values() if c.field and not _many(c.field)}
        rest = sorted((_guess(header), header) for header in headers if header not in found)
        for (sureness, _, code, amenity), header in rest:
            field = code or None
            if field is not None and not _many(field):
                if field in taken:
                    found[header] = Column(header, None, How.TAKEN, taken_by=taken[field])
                    continue
                taken[field] = header
            named = (How.HEADER, How.ENDING, How.UNKNOWN)[sureness]
            found[header] = Column(header, field, named, amenity or None)
        if "name" not in taken:
            raise Invalid(
                f"no column is the station's name; say which one with a mapping. Columns: {', '.join(headers)}",
                field="name",
            )
        if "lonlat" in taken:
            whole = "lon" in taken and "lat" in taken
            for field in ("lonlat",) if whole else ("lon", "lat"):
                if field in taken:
                    header = taken.pop(field)
                    found[header] = Column(
                        header, None, How.TAKEN, taken_by=taken["lon" if whole else "lonlat"]
                    )
        if ("lon" in taken) != ("lat" in taken):
            there = taken.get("lon") or taken.get("lat")
            raise Invalid(
                f"column {there!r} is one half of a position and the other half is missing; "
                f"map the other column or ignore this one",
                field=there,
            )
        columns = tuple(found[header] for header in headers)
        return cls(columns, dict(mapping.constants), _header_datum(columns))

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def of(self, field: str) -> tuple[Column, ...]:
        """Return the columns that carry a field and reach the registry."""
        return tuple(column for column in self.columns if column.field == field and column.used)

    def one(self, field: str) -> str | None:
        """Return the header of the column that carries a field; None where it is absent."""
        found = self.of(field)
        return found[0].header if found else None

    @property
    def located(self) -> bool:
        """Whether the file has coordinates."""
        return self.one("lonlat") is not None or (self.one("lon") is not None and self.one("lat") is not None)

    @property
    def lon_first(self) -> bool | None:
        """Whether a column of both coordinates says in its header that longitude comes first; None if it does not.

        经纬度 is a word and no order: lists under it have either.
        """
        words = unicodedata.normalize("NFKC", self.one("lonlat") or "").casefold().replace("经纬", "")
        at = [min((words.find(word) for word in axis if word in words), default=-1) for axis in _AXES]
        return None if -1 in at else at[0] < at[1]

    def to_mapping(self) -> Mapping:
        """Return the mapping that says outright what was found, for the next file of the same source."""
        rules = {}
        for column in self.columns:
            code = f"amenity:{column.amenity}" if column.field == _AMENITY else column.field
            rules[column.header] = Rule(code or IGNORED, column.inferred)
        return Mapping(rules, self.constants)

    def describe(self) -> list[str]:
        """Return one line a column: its header, what it is taken for and how that was found."""
        return [_line(column) for column in self.columns]


def _check(headers: Sequence[str], mapping: Mapping, id_column: str | None) -> None:
    asked = [*mapping.columns, *([id_column] if id_column is not None else [])]
    if missing := [header for header in asked if header not in headers]:
        raise Invalid(
            f"the file has no column {', '.join(map(repr, missing))}; its columns are {', '.join(headers)}",
            field=missing[0],
        )
    said: dict[str, str] = {}
    for header, rule in mapping.columns.items():
        if rule.field == "id" and id_column not in {None, header}:
            raise Invalid(
                f"the mapping declares {header!r} as the id and the option {id_column!r}", field=header
            )
        if rule.field != IGNORED and not _many(rule.field) and said.setdefault(rule.field, header) != header:
            raise Invalid(
                f"the mapping calls both {said[rule.field]!r} and {header!r} {rule.field}", field=header
            )


def _many(field: str) -> bool:
    return field.startswith(_AMENITY) or FIELDS[field].many


def _ruled(header: str, rule: Rule, how: How) -> Column:
    if rule.field == IGNORED:
        return Column(header, None, how)
    if rule.field.startswith("amenity:"):
        return Column(header, _AMENITY, how, rule.field.removeprefix("amenity:"), rule.inferred)
    return Column(header, rule.field, how, inferred=rule.inferred)


def _guess(header: str) -> tuple[int, int, str, str]:
    """Return how sure (0 is surest), the rank of the alias, the field and the amenity; sortable."""
    key = header_key(header)
    if key in HEADERS:
        field, amenity, rank = HEADERS[key]
        return 0, rank, field, amenity or ""
    for start in range(1, len(key) - _LEAST_ENDING + 1):
        field, amenity, rank = HEADERS.get(key[start:], ("", None, 0))
        if field and field not in {"number", _AMENITY}:
            return 1, rank, field, ""
    return 2, 0, "", ""


def _header_datum(columns: Sequence[Column]) -> Datum | None:
    found: dict[Datum, str] = {}
    for column in columns:
        if column.field in {"lon", "lat", "lonlat"}:
            for words in _datum_words(column.header):
                try:
                    found[Datum.parse(words)] = column.header
                except DatumError:
                    continue
    if len(found) > 1:
        raise Invalid(
            f"the coordinate columns name two datums: {' and '.join(found.values())}", field="datum"
        )
    return next(iter(found), None)


def _datum_words(header: str) -> list[str]:
    """Return what may name a datum in a header: what stands in its brackets, and 百度 in 百度坐标."""
    named = [word for word in ("百度", "高德", "腾讯", "天地图", "谷歌") if header.startswith(word)]
    return [*bracketed(header), *named]


def _line(column: Column) -> str:
    if column.how is How.TAKEN:
        return f"{column.header} → not read: {column.taken_by} already says it"
    if column.how is How.UNKNOWN:
        return f"{column.header} → not understood, kept as received"
    if column.field is None:
        return f"{column.header} → ignored, as the mapping says"
    meaning = f"amenity:{column.amenity}" if column.field == _AMENITY else column.field
    how = {
        How.MAPPED: "as the mapping says",
        How.DECLARED: "declared",
        How.HEADER: "by its header",
        How.ENDING: "by how its header ends",
    }[column.how]
    told = f"{column.header} → {meaning} ({how})"
    if column.inferred:
        return told + (", inferred" if column.used else ", inferred: kept as received, no fact")
    if column.field == "number":
        return told + ", never identity unless declared as id"
    return told if column.used else told + ", kept as received"
