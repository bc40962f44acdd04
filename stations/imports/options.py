"""How one file is to be taken: what a person chose before it was read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeAlias

from geo.datum import Datum

__all__ = ["AS_IT_COMES", "Options", "Progress", "quiet"]

#: Called with what is being done (judge, compare, apply, derive) and how much of it is done, 0 to 1.
Progress: TypeAlias = Callable[[str, float], None]

#: What a batch keeps, to take the same file in the same way again.
_KEPT: Final = ("keep_going", "id_column", "kind", "sheet", "layer", "encoding", "crs", "partial")


@dataclass(frozen=True, slots=True)
class Options:
    """How one file is to be taken.

    accept: row numbers whose doubted positions and conflicts are believed; None believes all. rejects: where rejected
    rows are written, if there are any. today: what undated words refer to; the present day in Shanghai where it is
    None. partial: the file is a part of its list, so nothing that it leaves out is called absent.
    """

    dry_run: bool = False
    keep_going: bool = False
    accept: frozenset[int] | None = field(default_factory=frozenset)
    demonstration: bool = False
    id_column: str | None = None
    kind: str | None = None
    sheet: str | None = None
    layer: str | None = None
    encoding: str | None = None
    crs: str | None = None
    rejects: Path | None = None
    today: date | None = None
    partial: bool = False

    def to_json(self, datum: Datum | None, today: date) -> dict[str, Any]:
        """Return what a batch keeps of its options."""
        said: dict[str, Any] = {name: getattr(self, name) for name in _KEPT}
        said |= {"datum": datum, "accept": "all" if self.accept is None else sorted(self.accept)}
        return {name: value for name, value in said.items() if value} | {"today": today.isoformat()}

    @classmethod
    def of(cls, stored: dict[str, Any], *, demonstration: bool) -> Options:
        """Read what a batch has kept."""
        said = {name: stored[name] for name in _KEPT if name in stored}
        today = date.fromisoformat(stored["today"]) if "today" in stored else None
        return cls(**said, demonstration=demonstration, today=today)


AS_IT_COMES: Final = Options()


def quiet(step: str, part: float) -> None:
    """Tell nobody."""
