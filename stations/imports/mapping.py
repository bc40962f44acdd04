"""What an operator says of a file's columns: a mapping file in TOML, or the same as a dictionary.

[columns]
"站名" = "name"
"编码" = "id"                                        # declares the identity of this source
"服务设施" = { field = "amenities", inferred = true }  # guessed by the list's author: no facts
"负责人" = "ignore"

[constants]
kind = "union_station"
datum = "gcj02"
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stations import vocabulary as words
from stations.errors import Invalid
from stations.imports.fields import FIELDS, IGNORED

__all__ = ["CONSTANTS", "Mapping", "Rule"]

#: What can be said once for all rows of a file.
CONSTANTS = ("kind", "datum", "district", "province", "prefecture", "lifecycle", "fee", "access", "premises")


@dataclass(frozen=True, slots=True)
class Rule:
    """What one column means. ``field`` is a code of ``FIELDS``, ``amenity:CODE`` or ``ignore``."""

    field: str
    inferred: bool = False


@dataclass(frozen=True, slots=True)
class Mapping:
    """Rules for columns, by header, and constants for all rows, by field."""

    columns: AnyMapping[str, Rule] = field(default_factory=dict)
    constants: AnyMapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path | str) -> Mapping:
        """Read a mapping file. Raises Invalid, naming the file, where it is missing or not understood."""
        path = Path(path)
        try:
            with path.open("rb") as file:
                return cls.parse(tomllib.load(file))
        except OSError as error:
            raise Invalid(f"the mapping {path.name} cannot be read: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise Invalid(f"the mapping {path.name} is no TOML in UTF-8: {error}") from error

    @classmethod
    def parse(cls, content: AnyMapping[str, Any]) -> Mapping:
        """Check the content of a mapping. Raises Invalid on anything that it would otherwise leave unread."""
        if extra := sorted(set(content) - {"columns", "constants"}):
            raise Invalid(f"a mapping has the tables columns and constants, not {', '.join(extra)}")
        columns = {header: _rule(header, said) for header, said in _table(content, "columns").items()}
        constants = {}
        for name, value in _table(content, "constants").items():
            if name not in CONSTANTS:
                raise Invalid(f"{name!r} cannot be a constant; these can: {', '.join(CONSTANTS)}", field=name)
            if not isinstance(value, str) or not value.strip():
                raise Invalid(f"the constant {name} must be text, not {value!r}", field=name, value=value)
            constants[name] = value.strip()
        return cls(columns, constants)

    def to_json(self) -> dict[str, Any]:
        """Return what ``parse`` reads."""
        return {
            "columns": {
                header: {"field": rule.field, "inferred": rule.inferred}
                for header, rule in self.columns.items()
            },
            "constants": dict(self.constants),
        }


def _table(content: AnyMapping[str, Any], name: str) -> AnyMapping[str, Any]:
    found = content.get(name, {})
    if not isinstance(found, dict):
        raise Invalid(f"[{name}] of a mapping must be a table, not {found!r}", field=name, value=found)
    return found


def _rule(header: str, said: Any) -> Rule:
    parts = {"field": said} if isinstance(said, str) else said
    if not isinstance(parts, dict) or not isinstance(parts.get("field"), str):
        raise Invalid(
            f'column {header!r}: write "{header}" = "name" or {{ field = "name" }}, not {said!r}', value=said
        )
    if extra := sorted(set(parts) - {"field", "inferred"}):
        raise Invalid(
            f"column {header!r}: {', '.join(extra)} is not understood; there are field and inferred"
        )
    inferred = parts.get("inferred", False)
    if not isinstance(inferred, bool):
        raise Invalid(f"column {header!r}: inferred is true or false, not {inferred!r}", value=inferred)
    code = parts["field"]
    amenity = code.removeprefix("amenity:") if code.startswith("amenity:") else None
    if (amenity is None and code not in FIELDS and code != IGNORED) or (
        amenity is not None and amenity not in words.AMENITIES
    ):
        raise Invalid(
            f"column {header!r}: there is no field {code!r}; there are {', '.join(FIELDS)}, amenity:CODE and {IGNORED}",
            value=code,
        )
    return Rule(code, inferred)
