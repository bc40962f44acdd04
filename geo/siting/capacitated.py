"""Where sites that hold only so many serve most: capacitated maximal covering (Current and Storbeck 1988).

Demand may be split between the sites that reach it. Existing stations hold so many too and serve without being chosen.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, hstack, vstack

from geo.errors import SitingError
from geo.siting import solver
from geo.siting.answer import Answer, Sizes, Status, status_of
from geo.siting.cover import Cover
from geo.siting.infeasible import explain
from geo.siting.maximal import weights
from geo.siting.quick import Room
from geo.siting.reduce import identical
from geo.siting.rows import rule_rows
from geo.siting.rules import Rules
from geo.siting.solver import NO_PLAN, Ended, Limits, Model

__all__ = ["Allotted", "CapacitatedCover", "solve_capacitated"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]

Told = Callable[[str, float, float], None]
_DUST: Final = 1e-9


@dataclass(frozen=True, eq=False)
class Allotted(Answer):
    """An answer with who goes where. at: (k,) sites, existing stations numbered from ``m`` on; demand, amount: (k,) how
    much of which demand goes there. adds: the load of each chosen site.
    """

    at: _Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    demand: _Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    amount: _Floats = field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True, eq=False)
class CapacitatedCover:
    """The question: which sites, within the rules, serve most weight, none beyond what it holds.

    cover: candidates and, after them, existing stations × demand. holds: (m + e,) weight. sites: m, how many candidates.
    """

    cover: Cover
    weight: _Floats
    holds: _Floats
    rules: Rules
    sites: int

    @classmethod
    def of(
        cls,
        cover: Cover,
        weight: ArrayLike,
        holds: ArrayLike,
        rules: Rules,
        *,
        existing: Cover | None = None,
        existing_holds: ArrayLike = (),
    ) -> CapacitatedCover:
        """Check a question. holds, existing_holds: weight that each candidate and each existing station can serve."""
        amounts = weights(weight, cover.demands)
        if not cover.sites:
            raise SitingError("there are no candidates: bring points where a station could stand")
        own, theirs = np.asarray(holds, dtype=np.float64), np.asarray(existing_holds, dtype=np.float64)
        there = 0 if existing is None else existing.sites
        for name, each, count in (("candidates", own, cover.sites), ("existing stations", theirs, there)):
            if each.shape != (count,):
                raise SitingError(f"what they hold was given for {each.size} of {count} {name}")
            if len(bad := np.flatnonzero(np.isnan(each) | (each < 0))):
                raise SitingError(
                    f"number {int(bad[0])} of the {name} holds {each[bad[0]]!r}: give 0 or more"
                )
        whole = cover
        if existing is not None:
            if existing.demands != cover.demands:
                raise SitingError(
                    f"existing stations see {existing.demands} demand, candidates {cover.demands}"
                )
            whole = Cover(
                np.concatenate([cover.starts, existing.starts[1:] + len(cover)]),
                np.concatenate([cover.demand, existing.demand]), cover.demands,
            )  # fmt: skip
        rules.check(cover.sites)
        if rules.count is None and rules.budget is None:
            raise SitingError("how many sites, or for how much money? give a count or a budget")
        return cls(whole, amounts, np.concatenate([own, theirs]), rules, cover.sites)

    def allot(self, sites: ArrayLike, limits: Limits | None = None) -> tuple[_Ints, _Ints, _Floats]:
        """Send as much demand as possible to these sites and the existing stations: sites, demand and amounts."""
        open_ones = np.zeros(self.cover.sites, dtype=bool)
        open_ones[np.asarray(sites, dtype=np.int64)] = open_ones[self.sites :] = True
        small = _Small.of(self, np.flatnonzero(open_ones))
        found = solver.solve(small.flow(self), limits or Limits(), relaxed=True)
        if found.values is None:
            raise SitingError("whom the sites serve was not found in the time given: give more")
        return small.split(self, found.values)

    def value(self, sites: ArrayLike) -> float:
        """Return the weight that a plan serves, with what existing stations serve."""
        return float(self.allot(sites)[2].sum())


@dataclass(frozen=True, eq=False)
class _Small:
    """Some sites and the demand they reach; what the same sites reach is one demand. pair_site, pair_demand: (q,)."""

    sites: _Ints
    cover: Cover
    weight: _Floats
    demand: _Ints
    group: _Ints
    pair_site: _Ints

    @classmethod
    def of(cls, asked: CapacitatedCover, sites: _Ints) -> _Small:
        demand = np.flatnonzero((asked.cover.reached(sites) > 0) & (asked.weight > 0))
        left = asked.cover.take(sites, demand)
        group = identical(*left.by_demand)
        _, first = np.unique(group, return_index=True)
        amounts = np.bincount(group, weights=asked.weight[demand], minlength=len(first)).astype(np.float64)
        cover = left.take(np.arange(len(sites)), first)
        return cls(
            sites, cover, amounts, demand, group, np.repeat(np.arange(len(sites)), np.diff(cover.starts))
        )

    def _sums(self, index: _Ints, count: int) -> csr_array[Any]:
        pairs = len(index)
        return csr_array((np.ones(pairs), (index, np.arange(pairs))), shape=(count, pairs))

    def holds(self, asked: CapacitatedCover) -> _Floats:
        """Return what each site can hold of what it reaches."""
        return np.minimum(asked.holds[self.sites], self.cover.sums(self.weight))

    def flow(self, asked: CapacitatedCover) -> Model:
        """One column a pair: how much goes there."""
        n, m, pairs = self.cover.demands, len(self.sites), len(self.cover)
        rows = vstack([self._sums(self.cover.demand, n), self._sums(self.pair_site, m)], format="csr")
        return Model(
            np.ones(pairs), np.zeros(pairs), self.weight[self.cover.demand], csr_array(rows),
            np.full(n + m, -np.inf), np.concatenate([self.weight, self.holds(asked)]),
            np.zeros(pairs, dtype=bool),
        )  # fmt: skip

    def split(self, asked: CapacitatedCover, amounts: _Floats) -> tuple[_Ints, _Ints, _Floats]:
        """Undo the merging: each demand takes its share of what goes where."""
        sent = np.maximum(amounts, 0.0)
        sent[sent <= _DUST * np.maximum(1.0, self.weight[self.cover.demand])] = 0.0
        # The solver keeps to rows within a tolerance; what it sends too much is taken back here.
        for index, most in ((self.cover.demand, self.weight), (self.pair_site, self.holds(asked))):
            load = np.bincount(index, weights=sent, minlength=len(most))
            sent *= np.minimum(1.0, most / np.maximum(load, 1e-300))[index]
        at, demand, amount = [], [], []
        order = np.argsort(self.group, kind="stable")
        edges = np.searchsorted(self.group[order], np.arange(self.cover.demands + 1))
        for pair in np.flatnonzero(sent > 0).tolist():
            row = int(self.cover.demand[pair])
            members = self.demand[order[edges[row] : edges[row + 1]]]
            at.append(np.full(len(members), self.sites[self.pair_site[pair]]))
            demand.append(members)
            amount.append(sent[pair] * asked.weight[members] / self.weight[row])
        none = np.empty(0, dtype=np.int64)
        return (
            np.concatenate([none, *at]), np.concatenate([none, *demand]), np.concatenate([np.empty(0), *amount]),
        )  # fmt: skip


def solve_capacitated(
    asked: CapacitatedCover, limits: Limits | None = None, *, told: Told = lambda step, best, bound: None
) -> Allotted:
    """Search for the plan that serves most. told: called with the step, the best value and the bound so far."""
    limits = limits or Limits()
    began = time.monotonic()
    told("reduce", 0.0, np.inf)
    rules, total = asked.rules, asked.sites
    open_ones = np.setdiff1d(np.arange(asked.cover.sites), rules.must_not)
    small = _Small.of(asked, open_ones)
    shared: dict[str, Any] = {
        "problem": "capacitated cover",
        "sizes": Sizes(
            total, asked.cover.demands, len(asked.cover), len(small.sites), small.cover.demands, len(small.cover)
        ),
        "parameters": {
            "count": rules.count, "budget": rules.budget, "seconds": limits.seconds, "gap": limits.gap,
            "seed": limits.seed,
        },
        "versions": {"solver": solver.version(), "numpy": np.__version__},
    }  # fmt: skip
    start = _greedy(asked)
    known = not rules.broken(start, total)
    found = solver.solve(
        _model(asked, small), replace(limits, seconds=max(0.01, limits.seconds - (time.monotonic() - began))),
        start=np.isin(small.sites, start).astype(np.float64) if known else None,
        told=lambda value, bound: told("search", value, bound),
    )  # fmt: skip
    if found.values is None and not (known and found.ended is Ended.STOPPED):
        seconds = time.monotonic() - began
        if found.ended is Ended.INFEASIBLE:
            reason, relaxation = explain(rules, total, replace(limits, seconds=10.0))
            return Allotted(
                status=Status.INFEASIBLE, reason=reason, relaxation=relaxation, seconds=seconds, **shared
            )
        return Allotted(
            status=Status.STOPPED, reason=NO_PLAN, bound=found.bound,
            seconds=seconds, **shared,
        )  # fmt: skip
    chosen = start
    if found.values is not None:
        chosen = small.sites[(found.values[: len(small.sites)] > 0.5) & (small.sites < total)]
    at, demand, amount = asked.allot(chosen)
    value = float(amount.sum())
    load = np.bincount(at, weights=amount, minlength=asked.cover.sites).astype(np.float64)
    sites = chosen[np.lexsort((chosen, -load[chosen]))]
    bound = max(value, min(found.bound, float(asked.weight.sum())))
    return Allotted(
        status=status_of(value, bound, asked=limits.gap),
        sites=sites,
        adds=load[sites],
        serves=tuple(np.unique(demand[at == each]) for each in sites.tolist()),
        objective=value,
        bound=bound,
        gap=Answer.gap_of(value, bound),
        seconds=time.monotonic() - began,
        at=at,
        demand=demand,
        amount=amount,
        **shared,
    )


def _greedy(asked: CapacitatedCover) -> _Ints:
    """Take the site that can serve most of what is left, again and again; each demand gives as much of itself as the
    others that the site reaches.
    """
    rules, total = asked.rules, asked.sites
    sites = np.setdiff1d(np.arange(total), np.union1d(rules.must, rules.must_not))
    room, left, chosen = Room(rules, sites, total), asked.weight.copy(), rules.must

    def serve(site: int) -> None:
        row = asked.cover.row(site)
        whole = left[row].sum()
        if whole > 0:
            left[row] *= 1.0 - min(1.0, asked.holds[site] / whole)

    for site in (*range(total, asked.cover.sites), *chosen.tolist()):
        serve(site)
    taken = np.zeros(len(sites), dtype=bool)
    while True:
        may_serve = np.minimum(asked.cover.sums(left), asked.holds)[sites]
        may = room.open() & ~taken
        if not may.any() or (room.complete() and not may_serve[may].any()):
            return chosen
        best = int(np.argmax(np.where(may, may_serve, -np.inf)))
        taken[best] = True
        room.take(best)
        chosen = np.union1d(chosen, sites[best])
        serve(int(sites[best]))


def _model(asked: CapacitatedCover, small: _Small) -> Model:
    """Columns: sites, then how much goes along each pair; a pair carries nothing where its site is not chosen."""
    flow = small.flow(asked)
    m, n, pairs = len(small.sites), small.cover.demands, len(small.cover)
    holds = small.holds(asked)
    fixed = np.isin(small.sites, asked.rules.must) | (small.sites >= asked.sites)
    gate = csr_array((-holds, (n + np.arange(m), np.arange(m))), shape=(n + m, m))
    most = np.minimum(small.weight[small.cover.demand], holds[small.pair_site])
    # A pair never carries more than its demand, which bounds fractions of sites where the load alone would not.
    each = csr_array((-most, (np.arange(pairs), small.pair_site)), shape=(pairs, m))
    free = np.flatnonzero(~fixed)
    own, lower, upper = rule_rows(asked.rules, small.sites[free], asked.sites)
    spread = csr_array((np.ones(len(free)), (np.arange(len(free)), free)), shape=(len(free), m))
    eye = csr_array((np.ones(pairs), (np.arange(pairs), np.arange(pairs))), shape=(pairs, pairs))
    rows = vstack(
        [
            hstack([gate, flow.rows]),
            hstack([each, eye]),
            hstack([own @ spread, csr_array((own.shape[0], pairs))]),
        ],
        format="csr",
    )
    return Model(
        np.concatenate([np.zeros(m), np.ones(pairs)]),
        np.concatenate([fixed.astype(np.float64), np.zeros(pairs)]),
        np.concatenate([np.ones(m), flow.upper]),
        csr_array(rows),
        np.concatenate([np.full(n + m + pairs, -np.inf), lower]),
        np.concatenate([small.weight, np.zeros(m + pairs), upper]),
        np.arange(m + pairs) < m,
    )
