"""The search: stations, places and regions by what people type, over our own index.

The database gives candidates, by indexes alone; how well each answers is judged here, by ``asked``. Names that are only
like the question are looked for where what answers it does not fill the list.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Float,
    Select,
    SmallInteger,
    Text,
    and_,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from stations.models import GazetteerEntry, PublicStation
from stations.registry import queries
from stations.registry.asked import Answer, Asked, Step
from stations.registry.gazetteer import REGION
from stations.registry.reading import bigrams
from stations.registry.spelling import syllables

__all__ = ["STATION", "Hit", "search"]

STATION: Final = "station"

_ENOUGH: Final = 100
_ENOUGH_ALIKE: Final = 30
_LEVELS: Final = {"country": 0, "province": 1, "prefecture": 2, "county": 3, "township": 4}
_PLACES_RANK: Final = 5
_STATIONS_RANK: Final = 6
_FAR: Final = 1e9
#: A station has neither level nor population.
_EMPTY: Final = (cast(null(), Text), cast(null(), BigInteger))
_TABLES: Final[tuple[queries.Names, ...]] = (GazetteerEntry, PublicStation)


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that answers a search.

    kind: ``station``, ``place`` or ``region``. code: of the station or the region, the id of a place. detail: the
    address of a station, or the regions it lies in, from the lowest up. lon, lat: None for a station that is not
    located. lifecycle: of a station. distance_m: where the search had a point. why: the step of ``asked.Step``.
    """

    kind: str
    code: str
    name: str
    detail: str
    lon: float | None
    lat: float | None
    lifecycle: str | None
    distance_m: float | None
    why: str


class _Found(NamedTuple):
    row: Any
    answer: Answer

    @property
    def key(self) -> tuple[Any, ...]:
        """Return the order: how well it answers, what it is, in service or not, how near, how big, how much longer."""
        row = self.row
        return (
            self.answer.step,
            _STATIONS_RANK if row.kind == STATION else _LEVELS.get(row.level, _PLACES_RANK),
            row.kind == STATION and row.lifecycle != "open",
            _FAR if row.metres is None else row.metres,
            -(row.population or 0),
            self.answer.longer,
            row.name,
            row.code,
        )


def search(
    session: Session,
    text: str,
    *,
    near: tuple[float, float] | None = None,
    limit: int = 10,
    lang: str = "zh",
) -> list[Hit]:
    """Return what answers a text best, at most ``limit``.

    text: a name or a part of it, an address, words with spaces between, pinyin, initials, a station's code; one wrong
    letter or character is forgiven. near: longitude and latitude; among equals the nearer comes first. lang: of names.
    Nothing for a text without a letter or figure.
    """
    asked = Asked.read(text)
    if not asked.whole:
        return []
    regions = _regions_named(session, asked)
    found = _ask(
        session, asked, [each for entry in _TABLES for each in _as_asked(entry, asked, regions, near)]
    )
    if len(found) < limit:
        found = (
            _ask(session, asked, [each for entry in _TABLES for each in _as_meant(entry, asked, near)])
            | found
        )
    best = sorted(found.values(), key=lambda each: each.key)[:limit]
    return _hits(session, best, lang)


def _ask(session: Session, asked: Asked, candidates: Sequence[Select[Any]]) -> dict[tuple[str, str], _Found]:
    """Return the candidates that do answer, each once with its best answer."""
    found: dict[tuple[str, str], _Found] = {}
    if not candidates:
        return found
    for row in session.execute(union_all(*(each.subquery().select() for each in candidates))):
        answer = asked.judge(row.search_text, None if row.proves is None else Step(row.proves))
        known = found.get((row.kind, row.code))
        if answer is not None and (known is None or answer < known.answer):
            found[row.kind, row.code] = _Found(row, answer)
    return found


def _regions_named(session: Session, asked: Asked) -> dict[str, list[str]]:
    """Return the regions that a word of the question names, or its beginning: {name: codes}."""
    whole = asked.whole
    names = set(asked.words) if len(asked.words) > 1 else set()
    if len(whole) >= 4 and not whole.isascii():
        names |= {whole[:end] for end in range(2, len(whole) - 1)}
    if not names:
        return {}
    rows = session.execute(
        select(GazetteerEntry.code, GazetteerEntry.search_text).where(
            GazetteerEntry.kind == REGION,
            or_(*(queries.named(GazetteerEntry, f"|{name}|") for name in names)),
        )
    )
    found: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        for name in names:
            if f"|{name}|" in row.search_text:
                found[name].append(row.code)
    return found


def _as_asked(
    entry: queries.Names, asked: Asked, regions: Mapping[str, list[str]], near: tuple[float, float] | None
) -> Iterator[Select[Any]]:
    """Yield the ways to look for what answers the question as it was typed."""
    whole = asked.whole
    for pattern in (f"|{whole}|", f"|{whole}"):
        yield _candidates(entry, queries.named(entry, pattern), near)
    if len(whole) > 2 or (len(whole) == 2 and not whole.isascii()):
        # What is found by its pairs and not in its names has them in its address.
        proves = Step.WORDS if entry is PublicStation and not whole.isascii() else None
        yield _candidates(entry, queries.written_in(entry, whole), near, proves=proves)
    if entry is PublicStation and whole.isascii() and whole.isalnum():
        yield _candidates(entry, PublicStation.code == whole.upper(), near, proves=Step.EXACT)
    if asked.letters and asked.sounds:
        spoken = or_(*(queries.sounding(entry, cut) for cut in asked.sounds))
        yield _candidates(entry, spoken, near)
    if len(asked.words) > 1:
        each = [_word(entry, word, regions.get(word, [])) for word in asked.words]
        # Syllables typed apart are weak words: they stand in many names.
        yield _candidates(entry, and_(*each), near, proves=Step.SOUND_WITHIN if asked.letters else Step.WORDS)
    for name, codes in regions.items():
        rest = whole.removeprefix(name)
        if len(asked.words) == 1 and len(rest) > 1:
            inside = and_(queries.in_regions(codes, entry), queries.written_in(entry, rest))
            yield _candidates(entry, inside, near, proves=Step.WORDS)


def _word(entry: queries.Names, word: str, regions: Sequence[str]) -> ColumnElement[bool]:
    ways = [queries.written_in(entry, word), *([queries.in_regions(regions, entry)] if regions else [])]
    if word.isascii() and word.isalpha():
        ways += [queries.sounding(entry, cut) for cut in syllables(word, unfinished=True)]
    return or_(*ways)


def _as_meant(entry: queries.Names, asked: Asked, near: tuple[float, float] | None) -> Iterator[Select[Any]]:
    """Yield the ways to look for what the question may have meant: like sounds, one letter or one character away."""
    if asked.alike:
        sets = {" ".join(f"{a}'{b}" for a, b in pairwise(cut)) for cut in asked.alike}
        wanted = select(func.unnest(literal(sorted(sets), ARRAY(Text))).label("pairs")).subquery()
        alike = _candidates(
            entry, queries.holds_pairs_of(entry, wanted.c.pairs), near, limit=_ENOUGH_ALIKE
        ).lateral()
        yield select(alike).select_from(wanted).join(alike, true())
    misread = [_misread(entry, pattern) for pattern in asked.misread()]
    if misread:
        yield _candidates(entry, or_(*misread), near)


def _misread(entry: queries.Names, pattern: str) -> ColumnElement[bool]:
    """Return the condition of a name with one character left open; its pairs make it quick to find."""
    pairs = [pair for part in pattern.split("_") if len(part) > 1 for pair in bigrams(part).split()]
    if not pairs:
        return queries.named(entry, f"|{pattern}")
    return and_(queries.holds_pairs(entry, pairs), queries.named(entry, pattern))


def _candidates(
    entry: queries.Names,
    condition: ColumnElement[bool],
    near: tuple[float, float] | None,
    *,
    proves: Step | None = None,
    limit: int = _ENOUGH,
) -> Select[Any]:
    """Return some of what meets a condition, the nearest where there is a point.

    proves: the step at which a candidate answers even where its names do not tell.
    """
    own: list[Any]
    order: list[Any] = []
    if entry is PublicStation:
        own = [
            literal(STATION),
            PublicStation.code,
            PublicStation.lifecycle,
            cast(null(), Text),
            cast(null(), BigInteger),
        ]
        condition = and_(PublicStation.listed, condition)
        # One key alone, so that an index can give the order and the reading can stop early.
        order = [PublicStation.station_id if near is None else queries.roughly_nearest_first(near)]
    else:
        own = [
            GazetteerEntry.kind,
            GazetteerEntry.code,
            cast(null(), Text),
            GazetteerEntry.level,
            GazetteerEntry.population,
        ]
    columns = zip(("kind", "code", "lifecycle", "level", "population"), own, strict=True)
    return (
        select(
            *(column.label(name) for name, column in columns),
            entry.name,
            entry.search_text,
            entry.lineage,
            queries.x(entry.location).label("lon"),
            queries.y(entry.location).label("lat"),
            (cast(null(), Float) if near is None else queries.metres_to(near, entry)).label("metres"),
            literal(proves, SmallInteger).label("proves"),
        )
        .where(condition)
        .order_by(*order)
        .limit(limit)
    )


def _hits(session: Session, best: Sequence[_Found], lang: str) -> list[Hit]:
    """Return the hits with their names in a language, and where they are."""
    stations = {each.row.code for each in best if each.row.kind == STATION}
    told = {
        row.code: orjson.loads(row.feature)["properties"]
        for row in session.execute(
            select(PublicStation.code, PublicStation.feature).where(PublicStation.code.in_(stations))
        )
    }
    codes = {code for each in best for code in each.row.lineage}
    entries = {
        (row.kind, row.code): row
        for row in session.execute(
            select(GazetteerEntry.kind, GazetteerEntry.code, GazetteerEntry.names).where(
                tuple_(GazetteerEntry.kind, GazetteerEntry.code).in_(
                    [(REGION, code) for code in codes]
                    + [(each.row.kind, each.row.code) for each in best if each.row.kind != STATION]
                )
            )
        )
    }

    def name(names: Mapping[str, str]) -> str:
        return names.get(lang) or names.get("zh") or next(iter(names.values()), "")

    def around(row: Any) -> str:
        above = [code for code in reversed(row.lineage) if row.kind != REGION or code != row.code]
        named = [name(entries[REGION, code].names) for code in above if (REGION, code) in entries]
        # The province is the registry's own and says nothing, unless there is nothing else.
        return " · ".join(named[:-1] or named)

    hits = []
    for row, answer in best:
        station = told.get(row.code) if row.kind == STATION else None
        hits.append(
            Hit(
                kind=row.kind,
                code=row.code,
                name=name(station["names"] if station else entries[row.kind, row.code].names),
                detail=(station["address"] if station else None) or around(row),
                lon=row.lon,
                lat=row.lat,
                lifecycle=row.lifecycle,
                distance_m=row.metres,
                why=answer.step.name.lower(),
            )
        )
    return hits
