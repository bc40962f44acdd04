"""Other plans that are nearly as good and really differ, and what it costs to insist: why this site and not that one."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from geo.errors import SitingError
from geo.siting.answer import Answer, Status
from geo.siting.asking import Question, grows, share_time, sites_of, solve, under
from geo.siting.rules import Floor
from geo.siting.solver import Limits

__all__ = ["Insisted", "alternatives", "with_site", "without_site"]

_Ints = NDArray[np.int64]


def alternatives(
    asked: Question, found: Answer, *, count: int, differing: int, limits: Limits | None = None
) -> tuple[Answer, ...]:
    """Return up to so many further plans, each the best of those that differ from every plan before it.

    Two plans differ where the later one has at least ``differing`` sites that the earlier one has not. The bound of each
    is over the plans that differ so. Fewer are returned where no further plan keeps to the rules, or time ended.
    limits: time for all of them together. Raises SitingError for numbers below 1.
    """
    if count < 1 or differing < 1:
        raise SitingError(f"{count} plans with {differing} other sites are none: give 1 or more of each")
    if not len(found.sites):
        raise SitingError("there is no plan to differ from")
    limits = limits or Limits()
    began, rules = time.monotonic(), asked.rules
    every = np.arange(sites_of(asked))
    plans: list[Answer] = [found]
    while len(plans) <= count and not limits.stop():
        others = Floor(f"sites other than plan {len(plans)}", np.setdiff1d(every, plans[-1].sites), differing)
        rules = replace(rules, floors=(*rules.floors, others))
        try:
            question = under(asked, rules)
        except SitingError:
            # The rules leave no room for so many other sites.
            break
        answer = solve(question, share_time(limits, began, count + 1 - len(plans)))
        if not len(answer.sites):
            break
        plans.append(answer)
    return tuple(plans[1:])


@dataclass(frozen=True, eq=False)
class Insisted:
    """What it costs to insist on a site, or on doing without it.

    answer: the best plan then. least, most: the loss lies between the two, as far as bounds tell; equal where both plans
    are proven, inf where no plan keeps to the rules. comes, goes: sites that the plan then has beside the first one, and
    sites that it gives up.
    """

    site: int
    answer: Answer
    least: float
    most: float
    comes: _Ints
    goes: _Ints


def without_site(asked: Question, found: Answer, site: int, limits: Limits | None = None) -> Insisted:
    """Tell what is lost without a site of a plan, with the best plan in its place. Raises SitingError for a must-site."""
    _known(asked, site)
    if site in asked.rules.must:
        raise SitingError(f"site {site} must be chosen by the rules: take it out of them first")
    return _insist(asked, found, site, inside=False, limits=limits)


def with_site(asked: Question, found: Answer, site: int, limits: Limits | None = None) -> Insisted:
    """Tell what is lost if a site that a plan does not have is insisted on, with the best plan around it.

    Raises SitingError where the rules bar the site, alone or with what must be chosen.
    """
    _known(asked, site)
    if site in asked.rules.must_not:
        raise SitingError(f"site {site} must not be chosen by the rules: take it out of them first")
    return _insist(asked, found, site, inside=True, limits=limits)


def _known(asked: Question, site: int) -> None:
    if not 0 <= site < sites_of(asked):
        raise SitingError(f"there is no site {site}: give 0 to {sites_of(asked) - 1}")


def _insist(asked: Question, found: Answer, site: int, *, inside: bool, limits: Limits | None) -> Insisted:
    if not len(found.sites):
        raise SitingError("there is no plan to compare with")
    none = np.empty(0, dtype=np.int64)
    if inside == (site in found.sites):
        return Insisted(site, found, 0.0, 0.0, none, none)
    rules = asked.rules
    named = np.array([site], dtype=np.int64)
    rules = (
        replace(rules, must=np.union1d(rules.must, named))
        if inside
        else replace(rules, must_not=np.union1d(rules.must_not, named))
    )
    try:
        question = under(asked, rules)
    except SitingError as error:
        if inside:
            raise
        barred = Answer(found.problem, Status.INFEASIBLE, reason=str(error))
        return Insisted(site, barred, np.inf, np.inf, none, none)
    answer = solve(question, limits)
    sign = 1.0 if grows(asked) else -1.0
    if not len(answer.sites) and not np.isfinite(answer.objective):
        lost = (
            np.inf
            if answer.status is Status.INFEASIBLE
            else max(0.0, sign * (found.objective - answer.bound))
        )
        return Insisted(site, answer, lost, np.inf, none, none)
    return Insisted(
        site,
        answer,
        max(0.0, sign * (found.objective - answer.bound)),
        sign * (found.bound - answer.objective),
        np.setdiff1d(answer.sites, found.sites),
        np.setdiff1d(found.sites, answer.sites),
    )
