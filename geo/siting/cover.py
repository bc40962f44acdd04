"""Which candidate sites reach which demand: sparse rows by site, and the same by demand. Never a dense matrix."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from geo.errors import SitingError

__all__ = ["Cover", "ranges"]

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Cover:
    """The pairs of a site and a demand within reach.

    starts: (m + 1,). demand: (q,) indices below ``demands``, ascending and without repeats in each row.
    """

    starts: _Ints
    demand: _Ints
    demands: int

    def __post_init__(self) -> None:
        starts, demand = self.starts, self.demand
        if starts.ndim != 1 or not len(starts) or starts[0] != 0 or starts[-1] != len(demand):
            raise SitingError("the rows of a cover must begin at 0 and end with its last pair")
        if (np.diff(starts) < 0).any():
            raise SitingError("the rows of a cover must not run backwards")
        if len(demand) and (demand.min() < 0 or demand.max() >= self.demands):
            raise SitingError(
                f"a cover names demand {int(demand.min())} to {int(demand.max())}; there is 0 to {self.demands - 1}"
            )
        steps = np.diff(demand)
        inside = np.ones(len(steps), dtype=bool)
        ends = starts[1:-1]
        inside[ends[(ends > 0) & (ends < len(demand))] - 1] = False
        if (steps[inside] <= 0).any():
            raise SitingError("each row of a cover must ascend without repeats")

    @property
    def sites(self) -> int:
        """How many sites there are."""
        return len(self.starts) - 1

    def __len__(self) -> int:
        return len(self.demand)

    @classmethod
    def of_pairs(cls, site: ArrayLike, demand: ArrayLike, *, sites: int, demands: int) -> Cover:
        """Make a cover of pairs in any order; a pair that is given twice counts once. Raises SitingError."""
        rows, columns = np.asarray(site, dtype=np.int64), np.asarray(demand, dtype=np.int64)
        if rows.shape != columns.shape or rows.ndim != 1:
            raise SitingError(
                f"pairs need one site and one demand each, not {rows.shape} and {columns.shape}"
            )
        if len(rows) and (rows.min() < 0 or rows.max() >= sites):
            raise SitingError(
                f"a pair names site {int(rows.min())} to {int(rows.max())}; there is 0 to {sites - 1}"
            )
        if len(columns) and (columns.min() < 0 or columns.max() >= demands):
            raise SitingError(
                f"a pair names demand {int(columns.min())} to {int(columns.max())}; there is 0 to {demands - 1}"
            )
        key = np.unique(rows * max(demands, 1) + columns)
        rows, columns = np.divmod(key, max(demands, 1))
        return cls(_starts(rows, sites), columns, demands)

    @classmethod
    def of_matrix(cls, matrix: Any) -> Cover:
        """Make a cover of a sparse or dense matrix, (sites, demands): whatever is not 0 is within reach."""
        found = csr_array(matrix)
        found.eliminate_zeros()
        found.sum_duplicates()
        return cls(found.indptr.astype(np.int64), found.indices.astype(np.int64), int(found.shape[1]))

    @cached_property
    def by_demand(self) -> tuple[_Ints, _Ints]:
        """The same pairs by demand: starts (n + 1,) and sites (q,), ascending in each row."""
        matrix = self.matrix.T.tocsr()
        return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64)

    @cached_property
    def matrix(self) -> csr_array[Any]:
        """(m, n), 1 where a site reaches a demand."""
        return csr_array(
            (np.ones(len(self.demand)), self.demand, self.starts), shape=(self.sites, self.demands)
        )

    def row(self, site: int) -> _Ints:
        """Return the demand that a site reaches."""
        return self.demand[self.starts[site] : self.starts[site + 1]]

    def reached(self, sites: ArrayLike) -> _Ints:
        """Return how many of these sites reach each demand, (n,)."""
        return np.bincount(self.demand[self.pairs_of(sites)], minlength=self.demands)

    def pairs_of(self, sites: ArrayLike) -> _Ints:
        """Return the positions of the pairs of some sites, row after row."""
        return ranges(self.starts, np.asarray(sites, dtype=np.int64))

    def sums(self, value: _Floats) -> _Floats:
        """Return for each site what the demand within its reach adds up to, (m,). value: (n,)."""
        found: _Floats = self.matrix @ value
        return found

    def take(self, sites: ArrayLike, demand: ArrayLike) -> Cover:
        """Keep some sites and some demand, in the order given; both are numbered anew."""
        kept = self.matrix[np.asarray(sites, dtype=np.int64)][:, np.asarray(demand, dtype=np.int64)]
        kept.sort_indices()
        return Cover(kept.indptr.astype(np.int64), kept.indices.astype(np.int64), int(kept.shape[1]))


def _starts(rows: _Ints, count: int) -> _Ints:
    starts = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.bincount(rows, minlength=count), out=starts[1:])
    return starts


def ranges(starts: _Ints, rows: _Ints) -> _Ints:
    """Return the positions of rows that lie one after the other, without a loop over them."""
    lengths = starts[rows + 1] - starts[rows]
    total = int(lengths.sum())
    if not total:
        return np.empty(0, dtype=np.int64)
    ends = np.cumsum(lengths)
    found: _Ints = np.arange(total) - np.repeat(ends - lengths - starts[rows], lengths)
    return found
