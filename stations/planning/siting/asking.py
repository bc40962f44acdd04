"""What a plan of sites asks, as a value: equal questions are equal, and are kept and read back the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from math import isfinite
from typing import Any, Final

from stations.errors import Invalid
from stations.planning.asking import CoverageQuestion
from stations.planning.siting.wants import Further, Offer, Problem, Source

__all__ = ["EACH", "SitingQuestion"]

#: The levels of which every region can be asked to have a station.
EACH: Final = ("prefecture", "county", "township")
_LONGEST_S: Final = 3_600.0
_HEAVIEST: Final = 1_000.0
_FARTHEST_MIN: Final = 24 * 60
#: Times the main limit that who has no station counts as away, where no farther limit is asked about.
_BEYOND: Final = 4
#: Wishes that one problem knows and the others do not.
_OF_PROBLEM: Final = {
    "beyond_min": (Problem.MEDIAN, Problem.CENTRE),
    "once": (Problem.BACKUP,),
    "everybody": (Problem.BACKUP,),
    "holds": (Problem.CAPACITATED,),
    "stations_hold": (Problem.CAPACITATED,),
}


@dataclass(frozen=True, slots=True)
class SitingQuestion:
    """One question of siting.

    reach: who shall be reached, how, and by which existing stations: its region, layers, cells, ways and main limit; with
    ``around_the_clock`` the plan is also told hour by hour. count: so many new sites at most. budget: so much money at
    most. cost: of a site; costs: (key, cost) of those that cost otherwise. spacing_m: sites stand no closer to each other
    or to existing stations. priority: (region, weight) what a person there counts for, 1 elsewhere; of nested regions the
    lowest counts. floors: (region, least) stations there in the end, existing ones included. each: a level of which every
    region shall have a station. must, must_not: keys of candidates. seconds, gap, seed: how the search ends.

    Of the median and the centre, ``beyond_min``: who has no station nearer counts as so many minutes away; where None the
    largest limit of ``reach``, or four times the main one where that is the largest. Of backup, ``once``: the share that
    being reached once counts, beside being reached twice; ``everybody``: all who can be reached must be. Of capacities,
    ``holds``: people whom a site can serve, and ``stations_hold`` an existing station, the same where None. further: what
    is told beyond the plan.
    """

    reach: CoverageQuestion = field(default_factory=CoverageQuestion)
    problem: Problem = Problem.MAXIMAL
    offer: Offer = field(default_factory=Offer)
    count: int | None = None
    budget: float | None = None
    cost: float | None = None
    costs: tuple[tuple[str, float], ...] = ()
    spacing_m: float = 0.0
    priority: tuple[tuple[str, float], ...] = ()
    floors: tuple[tuple[str, int], ...] = ()
    each: str | None = None
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()
    seconds: float = 60.0
    gap: float = 0.0
    seed: int = 1
    beyond_min: float | None = None
    once: float = 0.0
    everybody: bool = False
    holds: float | None = None
    stations_hold: float | None = None
    further: Further = field(default_factory=Further)

    def __post_init__(self) -> None:
        self._check_problem()
        if self.problem is not Problem.LEAST and self.count is None and self.budget is None:
            raise Invalid("how many sites, or for how much money? give a count or a budget", field="count")
        if self.count is not None and self.count < 1:
            raise Invalid(f"{self.count} sites are none: ask for 1 or more", field="count", value=self.count)
        for name in ("budget", "cost", "spacing_m"):
            _amount(name, getattr(self, name))
        for key, cost in self.costs:
            _amount(f"the cost of {key}", cost, field="costs")
        if self.budget is not None and self.cost is None and self.offer.source is not Source.LIST:
            raise Invalid(f"a budget of {self.budget:g} needs the cost of a site", field="cost")
        if self.costs and self.cost is None:
            raise Invalid("some sites have a cost of their own; what do the others cost?", field="cost")
        for region, weight in self.priority:
            if not 0 < weight <= _HEAVIEST:
                raise Invalid(
                    f"a person of {region} counts for {weight!r}? give more than 0, up to {_HEAVIEST:g}",
                    field="priority", value=weight,
                )  # fmt: skip
        for region, least in self.floors:
            if least < 1:
                raise Invalid(f"a floor of {least} for {region} is none: give 1 or more", field="floors")
        for name in ("costs", "priority", "floors"):
            _once(name, [key for key, _ in getattr(self, name)])
        if self.each is not None and self.each not in EACH:
            raise Invalid(f"each of what? {', '.join(EACH)}, not {self.each!r}", field="each")
        if both := sorted(set(self.must) & set(self.must_not)):
            raise Invalid(f"{both[0]} is must and must-not at once: take it out of one", field="must")
        if not 0 < self.seconds <= _LONGEST_S:
            raise Invalid(
                f"{self.seconds!r} seconds of search? more than 0, up to {_LONGEST_S:g}", field="seconds"
            )
        if not 0 <= self.gap < 1:
            raise Invalid(f"a gap of {self.gap!r} is none: give a share from 0 to below 1", field="gap")
        if not 0 <= self.seed < 2**31:
            raise Invalid(f"a seed of {self.seed!r} is none: give 0 to {2**31 - 1}", field="seed")

    def _check_problem(self) -> None:
        """Refuse wishes that another problem has, and numbers of this one's that are none."""
        for name, problems in _OF_PROBLEM.items():
            if getattr(self, name) not in (None, 0.0, False) and self.problem not in problems:
                raise Invalid(
                    f"{name} belongs to {' and '.join(problems)}, not to {self.problem}: leave it out",
                    field=name, value=getattr(self, name), reason="other_problem",
                )  # fmt: skip
        far = self.beyond_min
        if far is not None and not self.reach.main_min <= far <= _FARTHEST_MIN:
            raise Invalid(
                f"who has no station counts as {far!r} minutes away? give {self.reach.main_min} to {_FARTHEST_MIN}",
                field="beyond_min", value=far,
            )  # fmt: skip
        if not 0 <= self.once <= 1:
            raise Invalid(
                f"being reached once cannot count {self.once!r}: give a share from 0 to 1",
                field="once", value=self.once,
            )  # fmt: skip
        for name in ("holds", "stations_hold"):
            _amount(name, getattr(self, name))
        if self.problem is Problem.CAPACITATED and not self.holds:
            raise Invalid("how many people can a site serve? give what it holds, above 0", field="holds")

    @property
    def search_s(self) -> float:
        """How far the search looks, in seconds: the limit, or for minutes themselves what counts as beyond."""
        if not self.problem.by_distance:
            return self.limit_s
        largest, main = max(self.reach.limits_min), self.reach.main_min
        usual = largest if largest > main else _BEYOND * main
        return 60.0 * (usual if self.beyond_min is None else self.beyond_min)

    @property
    def limit_s(self) -> float:
        """How far one may have to go, in seconds."""
        return 60.0 * self.reach.main_min

    def as_dict(self) -> dict[str, Any]:
        """Return the question for JSON."""
        plain = {each.name: getattr(self, each.name) for each in fields(self)}
        return plain | {
            "reach": self.reach.as_dict(),
            "problem": str(self.problem),
            "offer": asdict(self.offer) | {"source": str(self.offer.source)},
            "further": asdict(self.further),
            **{name: [list(pair) for pair in plain[name]] for name in ("costs", "priority", "floors")},
            **{name: list(plain[name]) for name in ("must", "must_not")},
        }

    @classmethod
    def of_dict(cls, given: Mapping[str, Any]) -> SitingQuestion:
        """Read what ``as_dict`` wrote. Raises Invalid naming what is unknown or wrong."""
        if strangers := set(given) - {each.name for each in fields(cls)}:
            raise Invalid(f"a question of siting has no {', '.join(sorted(strangers))}", field=min(strangers))
        values = dict(given)
        try:
            if "reach" in values:
                values["reach"] = CoverageQuestion.of_dict(values["reach"])
            if "problem" in values:
                values["problem"] = Problem(values["problem"])
            if "offer" in values:
                offer = dict(values["offer"])
                values["offer"] = Offer(**offer | {"source": Source(offer.get("source", "places"))})
            if "further" in values:
                values["further"] = Further(**values["further"])
            for name, number in (("costs", float), ("priority", float), ("floors", int)):
                if name in values:
                    values[name] = tuple((str(key), number(value)) for key, value in values[name])
            for name in ("must", "must_not"):
                if name in values:
                    values[name] = tuple(map(str, values[name]))
            return cls(**values)
        except (TypeError, ValueError) as error:
            raise Invalid(f"the question cannot be read: {error}") from error


def _amount(name: str, value: float | None, *, field: str | None = None) -> None:
    if value is not None and not (isfinite(value) and value >= 0):
        raise Invalid(f"{name}: {value!r} is no number of 0 or more", field=field or name, value=value)


def _once(name: str, keys: Sequence[str]) -> None:
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise Invalid(f"{name}: {twice[0]} stands there twice", field=name, value=twice[0])
