"""The form for a new run: what was written in it, as a question or as what is wrong with each field."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from werkzeug.datastructures import MultiDict

from geo.passing import Mode
from stations import vocabulary
from stations.errors import Invalid
from stations.hours import SHANGHAI
from stations.planning import CENSUS, Along, CoverageQuestion
from stations.query import StationQuery
from web.i18n import say
from web.streets import kept

__all__ = ["Filled", "read"]

_LONGEST_TITLE: Final = 200
_MOST_LIMITS: Final = 8
_LONGEST_LIMIT: Final = 240


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as it was filled in. question: None where something is wrong; wrong: field → what, in words."""

    values: Mapping[str, Any]
    question: CoverageQuestion | None = None
    wrong: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def fresh(cls, now: datetime) -> Filled:
        """Return the form as it is offered first: along the streets, once they are loaded."""
        streets = _streets()
        return cls(
            {
                "title": "",
                "region": "",
                "mode": "walk",
                "limits": "5,10,15,30",
                "main": "15",
                "size_m": "1000",
                "timed": "",
                "date": f"{now.astimezone(SHANGHAI):%Y-%m-%d}",
                "hour": f"{now.astimezone(SHANGHAI):%H}",
                "clock": "",
                "kinds": [],
                "programme": "",
                "amenities": [],
                "unknown": "include",
                "detour": "1.3",
                "layers": {CENSUS: "1"},
                "ways": str(Along.STREETS if streets else Along.STRAIGHT),
                "streets": streets,
            }
        )


def read(
    form: MultiDict[str, str],
    *,
    regions: Mapping[str, str],
    layers: Mapping[str, str] | None = None,
    programmes: Mapping[str, Sequence[str]] | None = None,
) -> Filled:
    """Read what was sent.

    regions: the codes that may be asked about, with their names. layers: the layers of demand that are offered beside the
    census, by what the form calls them. programmes: the kinds that each counts, in place of which none may be named.
    """
    values: dict[str, Any] = {
        name: form.get(name, "").strip()
        for name in ("title", "region", "mode", "limits", "main", "size_m", "timed", "date", "hour", "clock", "unknown",
                     "detour", "programme")
    } | {name: form.getlist(name) for name in ("kinds", "amenities")}  # fmt: skip
    values["streets"] = _streets()
    values["ways"] = form.get("ways", "").strip() or str(
        Along.STREETS if values["streets"] else Along.STRAIGHT
    )
    # A form without the choice asks for what every registry has.
    values["layers"] = {
        name: form.get(f"factor-{name}", "1").strip() for name in form.getlist("layers") or [CENSUS]
    }
    wrong: dict[str, str] = {}

    def taken(name: str, reader: Callable[[str], Any]) -> Any:
        try:
            return reader(values[name])
        except (ValueError, Invalid) as error:
            wrong[name] = str(error)
            return None

    taken("title", _title)
    limits = taken("limits", _limits)
    asked: dict[str, Any] = {
        "region": taken("region", lambda code: _one_of(code, {"", *regions}, say("登记里没有这个区域。")))
        or None,
        "mode": taken("mode", lambda mode: Mode(_one_of(mode, list(Mode), say("请选一种出行方式。")))),
        "limits_min": limits,
        "main_min": taken("main", lambda text: _main(text, limits)),
        "size_m": taken("size_m", lambda text: _number(text, 50, 50_000, say("写50到50000之间的米数。"))),
        "ways": taken(
            "ways",
            lambda ways: Along(
                _one_of(ways, _choices(values["streets"]), say("没有载入街道数据，请选直线。"))
            ),
        ),
        "detour": taken("detour", lambda text: _number(text, 1, 5, say("写1到5之间的数。"))),
    }
    asked["layers"] = taken("layers", lambda _: _layers(values["layers"], layers or {}))
    at = taken("date", lambda _: _moment(values)) if values["timed"] else None
    if values["clock"] and not values["timed"]:
        wrong["clock"] = say("要算一天24小时，请选一个日期。")
    kinds: Sequence[str] = values["kinds"]
    if values["programme"]:
        kinds = (programmes or {}).get(values["programme"], ())
        if not kinds or values["kinds"]:
            wrong["kinds"] = say("选了方案就不要再选种类；方案也要是列出的一个。")
    codes = {"kinds": vocabulary.KINDS, "amenities": vocabulary.AMENITIES}
    for name, known in codes.items():
        if not set(values[name]) <= set(known):
            wrong[name] = say("有不认识的选项。")
    if values["unknown"] not in {"include", "exclude"}:
        wrong["unknown"] = say("请选一项。")
    if wrong:
        return Filled(values, None, wrong)
    serving = [
        *(("kind", code) for code in kinds),
        *(("amenities", code) for code in values["amenities"]),
        ("unknown", values["unknown"]),
    ]
    question = CoverageQuestion(
        **asked, at=at, around_the_clock=bool(values["clock"]), serving=StationQuery.parse(serving)
    )
    return Filled(values, question)


def _streets() -> str:
    """Name the streets that are loaded; empty where none are."""
    found = kept()
    return "" if found is None else f"{found.source} {found.date or ''}".strip()


def _choices(streets: str) -> list[str]:
    return [str(way) for way in Along if streets or way is not Along.STREETS]


def _layers(given: Mapping[str, str], layers: Mapping[str, str]) -> tuple[tuple[str, float], ...]:
    """Return the layers that were chosen, by name, with their factors."""
    offered = {CENSUS: CENSUS, **layers}
    if not set(given) <= set(offered):
        raise ValueError(say("有不认识的图层。"))
    said = say("系数写0到1000000之间的数，至少有一个大于0。")
    chosen = {name: _number(text, 0, 1_000_000, said) for name, text in given.items()}
    if not any(chosen.values()):
        raise ValueError(said)
    return tuple((offered[name], factor) for name, factor in chosen.items())


def _title(text: str) -> str:
    if not 1 <= len(text) <= _LONGEST_TITLE:
        raise ValueError(say("给这次计算起个名字，最多{n}个字。", n=_LONGEST_TITLE))
    return text


def _one_of(text: str, known: Any, said: str) -> str:
    if text not in known:
        raise ValueError(said)
    return text


def _limits(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.replace("，", ",").replace("、", ",").split(",")]
    said = say("写1到{n}个从小到大的整分钟，用逗号隔开，例如 5,10,15,30。", n=_MOST_LIMITS)
    if not all(part.isascii() and part.isdigit() and len(part) < 4 for part in parts):
        raise ValueError(said)
    limits = tuple(map(int, parts))
    if list(limits) != sorted(set(limits)) or limits[0] < 1 or len(limits) > _MOST_LIMITS:
        raise ValueError(said)
    if limits[-1] > _LONGEST_LIMIT:
        raise ValueError(say("最长{n}分钟。", n=_LONGEST_LIMIT))
    return limits


def _main(text: str, limits: tuple[int, ...] | None) -> int:
    said = say("主要时限要是上面时限中的一个。")
    if not (text.isascii() and text.isdigit() and len(text) < 4):
        raise ValueError(said)
    if limits is not None and int(text) not in limits:
        raise ValueError(said)
    return int(text)


def _number(text: str, low: float, high: float, said: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(said) from None
    if not low <= value <= high:
        raise ValueError(said)
    return value


def _moment(values: Mapping[str, str]) -> datetime:
    hour = values["hour"] or "12"
    try:
        day = datetime.strptime(values["date"], "%Y-%m-%d").replace(tzinfo=SHANGHAI)
    except ValueError:
        raise ValueError(say("写一个日期，例如 2026-01-31。")) from None
    if not (hour.isascii() and hour.isdigit() and int(hour) < 24):
        raise ValueError(say("小时是0到23。"))
    if not 2000 <= day.year <= 2100:
        raise ValueError(say("日期要在2000年到2100年之间。"))
    return day.replace(hour=int(hour))
