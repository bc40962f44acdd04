"""Stations out of nothing, the same each time: drawn from a fixed seed over real counties and places.

Everything that a real list does is here: hours of every shape, amenities nobody checked or out of order, positions that
are missing, doubted or only roughly known, stations suspended, closed and planned, facts of every age.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any, Final, TypeVar

from geo.datum import Datum
from stations import vocabulary as words
from stations.demo import lexicon
from stations.demo.ground import Anchor, Ground, share_out
from stations.hours import SHANGHAI, Hours, parse_words
from stations.imports.problems import Kind
from stations.registry.registry import AmenityFact

__all__ = ["Honour", "Invented", "Use", "invent"]

_SEED: Final = "驿站地图演示数据 1"
_UNLOCATED: Final = 0.05
_HELD: Final = 0.01
_DATUMS: Final = {Datum.WGS84: 35, Datum.GCJ02: 45, Datum.BD09: 20}
_QUALITIES: Final = {"door": 35, "building": 40, "approximate": 20, "place": 5}
_LIVES: Final = {"open": 91, "suspended": 3, "closed": 3, "planned": 1.5, "building": 1.5}

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Honour:
    """An honour or a rating that a station was given."""

    title: str
    level: str
    year: int
    standard: str | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """Visits in a month; ``at_least`` where the count is a round one."""

    first: date
    after: date
    visits: int
    at_least: bool


@dataclass(slots=True)
class Invented:
    """One station before it is stored: columns of ``Station``, and what hangs on it."""

    facts: dict[str, Any]
    hours: Hours
    #: True position in WGS 84, longitude first, and the datum that its list used; None for 未定位.
    position: tuple[float, float] | None
    datum: Datum
    #: Why the position is not believed; it is then received and not drawn.
    hold: list[dict[str, str]] | None
    amenities: dict[str, AmenityFact] = field(default_factory=dict)
    partners: list[tuple[str, str]] = field(default_factory=list)
    honours: list[Honour] = field(default_factory=list)
    visits: list[Use] = field(default_factory=list)


def invent(grounds: Sequence[Ground], *, count: int, today: date) -> list[Invented]:
    """Invent ``count`` stations over the counties, and a rights centre for each prefecture.

    Equal arguments give equal stations. Ages and dated exceptions count from ``today``.
    """
    inventor = _Inventor(Random(_SEED), today)  # noqa: S311 - a demonstration, no secret
    found = []
    for ground, share in zip(grounds, share_out(grounds, count), strict=True):
        found += [inventor.station(ground) for _ in range(share)]
    prefectures = {ground.prefecture_code: ground for ground in sorted(grounds, key=lambda each: each.people)}
    found += [inventor.rights_centre(prefectures[code]) for code in sorted(prefectures)]
    return found


class _Inventor:
    def __init__(self, random: Random, today: date) -> None:
        self._random = random
        self._today = today
        self._names: set[str] = set()
        self._number = 0

    def station(self, ground: Ground) -> Invented:
        """Invent a station of any kind but a rights centre."""
        kind = self._one({code: each.share for code, each in lexicon.KINDS.items()})
        premises = self._one(lexicon.KINDS[kind].premises)
        anchor = self._anchor(ground)
        spelling = self._spelling(ground, anchor, lexicon.KINDS[kind].names)
        name = spelling.pop("name")
        made = self._made(
            ground,
            anchor,
            kind=kind,
            premises=premises,
            name=name,
            door=f"{spelling['road']}{1 + self._below(200)}号",
        )
        made.facts["directions"] = self._maybe(0.55, self._pick(lexicon.DIRECTIONS))
        made.hours = self._hours(premises)
        made.partners = self._partners(ground, premises, spelling)
        if words.KINDS[kind].station_class is words.StationClass.REST:
            made.amenities = self._amenities(lexicon.AMENITY_ODDS)
            self._decorate(made)
        else:
            made.amenities = self._amenities({"drinking_water": 0.5, "seating": 0.5, "toilet": 0.2})
            made.facts["accepted_cards"] = self._random.sample(lexicon.CARDS, 1 + self._below(2))
        return made

    def rights_centre(self, ground: Ground) -> Invented:
        """Invent the rights centre of a prefecture, in its most populous county."""
        anchor = ground.seat
        name = f"{ground.prefecture}职工维权服务中心"
        made = self._made(
            ground,
            anchor,
            kind="rights_centre",
            premises="union_building",
            name=name,
            door=f"{self._pick(lexicon.ROADS)}{1 + self._below(90)}号",
        )
        # The union's own hotline, the same everywhere.
        made.facts |= {"phone": "12351", "fee": "free", "access": "open_door", "directions": "一楼大厅"}
        made.hours = self._read("工作日 08:30-12:00,14:30-18:00")
        made.amenities = {
            "legal_aid": AmenityFact(basis=words.Basis.LISTED),
            "seating": AmenityFact(basis=words.Basis.LISTED),
            "drinking_water": AmenityFact(basis=words.Basis.LISTED),
        }
        made.partners = [("operator", f"{ground.prefecture}总工会（演示）")]
        return made

    def _made(
        self, ground: Ground, anchor: Anchor, *, kind: str, premises: str, name: str, door: str
    ) -> Invented:
        self._number += 1
        self._names.add(name)
        located = kind == "rights_centre" or self._random.random() >= _UNLOCATED
        verified = self._verified()
        facts: dict[str, Any] = {
            "names": {"zh": name},
            "kind": kind,
            "address": f"{ground.prefecture}{ground.name}{'' if anchor.name == ground.name else anchor.name}{door}",
            "district_received": ground.name,
            "region_code": ground.code,
            "premises": premises,
            "access": self._one(
                {"open_door": 58, "ask_staff": 17, "scan": 6, "card": 3, "app": 2, "unknown": 14}
            ),
            "fee": self._one({"free": 88, "unknown": 11, "fee": 1}),
            "phone": self._maybe(0.7, self._phone(ground)),
            "capacity": self._maybe(0.6, 4 + self._below(16)),
            "area_m2": self._maybe(0.6, 8 + self._below(60)),
            "verified_at": verified,
            "verified_how": self._pick(("现场核实", "电话核实", "名单所列")) if verified else None,
        } | self._life(kind)
        position = ground.spot(self._random, anchor)
        hold = self._hold(ground) if located and self._random.random() < _HELD else None
        quality = self._one(_QUALITIES)
        datum = Datum(self._one({str(datum): share for datum, share in _DATUMS.items()}))
        if located:
            facts["position_quality"] = quality
            facts["position_origin"] = "surveyed" if quality == "door" else self._pick(("poi", "geocoded"))
        return Invented(facts, Hours(None), position if located else None, datum, hold)

    def _spelling(self, ground: Ground, anchor: Anchor, patterns: Sequence[str]) -> dict[str, str]:
        """Return a name that no other station has, and the words in it."""
        while True:
            spelling = {
                "place": anchor.name,
                "county": ground.name,
                "road": self._pick(lexicon.ROADS),
                "community": self._pick(lexicon.COMMUNITIES),
            }
            name = self._pick(patterns).format_map(spelling)
            if name not in self._names:
                return spelling | {"name": name}

    def _life(self, kind: str) -> dict[str, Any]:
        opened = self._days_ago(30, 365 * (self._today.year - lexicon.FIRST_OPENED))
        life = "open" if kind == "rights_centre" else self._one(_LIVES)
        facts: dict[str, Any] = {"lifecycle": life, "opened_on": self._maybe(0.7, opened)}
        if life in {"suspended", "closed"}:
            since = max(opened, self._days_ago(3, 90 if life == "suspended" else 700))
            reasons = lexicon.SUSPENDED_FOR if life == "suspended" else lexicon.CLOSED_FOR
            facts |= {"lifecycle_since": since, "lifecycle_reason": self._pick(reasons)}
        if life not in {"open", "closed"}:
            facts["expected_on"] = self._today + timedelta(days=10 + self._below(200))
        if life in {"planned", "building"}:
            facts["opened_on"] = None
        return facts

    def _verified(self) -> datetime | None:
        """Return when the facts were last seen to hold: mostly within the year, sometimes three years ago or never."""
        if self._random.random() < 0.14:
            return None
        days = min(3 * 365, int(self._random.expovariate(1 / 200)))
        at = time(9 + self._below(8), self._below(60))
        return datetime.combine(self._today - timedelta(days=days + 1), at, tzinfo=SHANGHAI)

    def _hours(self, premises: str) -> Hours:
        offered = lexicon.HOURS.get(premises, ())
        if not offered or self._random.random() < 0.25:
            offered = lexicon.HOURS[""]
        return self._read(self._one(dict(offered)))

    def _read(self, text: str) -> Hours:
        ahead = self._today + timedelta(days=20 + self._below(60))
        text = text.format(month=ahead.month, day=ahead.day)
        return parse_words(text, today=self._today).hours if text else Hours(None)

    def _amenities(self, odds: Mapping[str, float]) -> dict[str, AmenityFact]:
        basis = words.Basis(self._one({"observed": 25, "listed": 65, "inferred": 10}))
        found = {}
        for code, likely in odds.items():
            drawn = self._random.random()
            if drawn < likely * 0.92:
                broken = self._random.random() < 0.03
                seen = words.Basis.OBSERVED if broken else basis
                checked = self._days_ago(2, 500) if seen is words.Basis.OBSERVED else None
                found[code] = AmenityFact(words.Value.YES, seen, out_of_order=broken, verified_at=checked)
            elif drawn > 0.90:
                found[code] = AmenityFact(words.Value.UNKNOWN, basis)
            elif drawn > 0.55:
                found[code] = AmenityFact(words.Value.NO, basis)
        return found

    def _partners(self, ground: Ground, premises: str, spelling: Mapping[str, str]) -> list[tuple[str, str]]:
        host = lexicon.HOST_NAMES[premises].format_map(spelling)
        found = [("host", host)]
        union = f"{ground.name}总工会（演示）"
        if self._random.random() < 0.6:
            found.append(("co_builder", union))
        if self._random.random() < 0.3:
            found.append(("funder", f"{ground.prefecture}总工会（演示）"))
        if self._random.random() < 0.4:
            found.append(("operator", host if self._random.random() < 0.7 else union))
        return found

    def _decorate(self, made: Invented) -> None:
        """Give a few stations honours, a rating, a record of their use."""
        if made.facts["lifecycle"] != "open":
            return
        year = self._today.year - 1 - self._below(4)
        if self._random.random() < 0.03:
            level = self._one({"national": 1, "provincial": 3})
            title = f"{'全国' if level == 'national' else '全省'}最美户外劳动者服务站点（演示）"
            made.honours.append(Honour(title, level, year))
        if self._random.random() < 0.06:
            made.honours.append(
                Honour(
                    f"{self._pick(('三', '四', '五'))}星级站点（演示）",
                    "prefecture",
                    year,
                    "演示星级标准 2023",
                )
            )
        if self._random.random() < 0.12:
            month = self._today.replace(day=1)
            for _ in range(3):
                before = (month - timedelta(days=1)).replace(day=1)
                visits = 60 + self._below(540)
                rough = self._random.random() < 0.2
                made.visits.append(Use(before, month, visits // 100 * 100 if rough else visits, rough))
                month = before

    def _hold(self, ground: Ground) -> list[dict[str, str]]:
        return [
            {
                "kind": str(Kind.OUTSIDE_COUNTY),
                "field": "lon",
                "value": "",
                "reason": f"演示：坐标存疑，可能不在{ground.name}",
            }
        ]

    def _phone(self, ground: Ground) -> str:
        area = lexicon.AREA_CODES.get(ground.code) or lexicon.AREA_CODES.get(ground.prefecture_code, "0970")
        return f"{area}-0{self._number:06d}"

    def _anchor(self, ground: Ground) -> Anchor:
        weights = [anchor.people**0.7 for anchor in ground.anchors]
        return self._random.choices(ground.anchors, weights)[0]

    def _days_ago(self, least: int, most: int) -> date:
        return self._today - timedelta(days=self._random.randint(least, most))

    def _one(self, shares: Mapping[str, float]) -> str:
        return self._random.choices(list(shares), list(shares.values()))[0]

    def _pick(self, among: Sequence[_T]) -> _T:
        return self._random.choice(among)

    def _maybe(self, likely: float, value: _T) -> _T | None:
        return value if self._random.random() < likely else None

    def _below(self, limit: int) -> int:
        return self._random.randrange(limit)
