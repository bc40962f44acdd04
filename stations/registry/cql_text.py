"""CQL2 Text (OGC 21-065) read into the syntax tree of pygeofilter.

pygeofilter's own reader of this spelling is of an older draft: it gives AND and OR the same rank, does not read
``T_AFTER(a, b)``, ``BBOX(…)``, doubled quotes or names of one letter, and has no bound on depth. Its tree is kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import shapely
from pygeofilter import ast  # type: ignore[import-untyped]
from pygeofilter.cql2 import COMPARISON_MAP, SPATIAL_PREDICATES_MAP  # type: ignore[import-untyped]

from stations.errors import Invalid
from stations.registry.cql_times import RELATIONS, Related
from stations.registry.cql_values import MAX_CHARACTERS, Builder, date_of, interval_of, timestamp_of

__all__ = ["read"]

_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^'\\]|''|\\.)*')
    | (?P<quoted>"[^"]*")
    | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)
    | (?P<name>[^\W\d][\w.:]*)
    | (?P<sign><=|>=|<>|[=<>(),+-])
    )""",
    re.VERBOSE,
)
_SHAPES: Final = frozenset(
    ("POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION")
)
_BOXES: Final = frozenset(("BBOX", "ENVELOPE"))
#: Words that name nothing unless they are quoted.
_RESERVED: Final = frozenset(("AND", "OR", "NOT", "LIKE", "BETWEEN", "IN", "IS", "NULL", "TRUE", "FALSE"))


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    value: str
    at: int


def read(text: str, builder: Builder) -> Any:
    """Read a filter. Raises Invalid that says where it stops making sense."""
    if len(text) > MAX_CHARACTERS:
        raise Invalid(f"the filter has {len(text)} characters; at most {MAX_CHARACTERS}")
    reader = _Reader(text, builder)
    found = reader.condition(0)
    reader.end()
    return found


class _Reader:
    """Reads from left to right, one token ahead."""

    def __init__(self, text: str, builder: Builder) -> None:
        self._text, self._builder = text, builder
        self._tokens = _tokens(text)
        self._next = 0

    def condition(self, depth: int) -> Any:
        found = [self._all_of(depth)]
        while self._word("OR"):
            found.append(self._all_of(depth))
        return self._builder.joined(ast.Or, found)

    def end(self) -> None:
        if self._peek().kind != "end":
            raise self._wrong("AND, OR or the end")

    def _all_of(self, depth: int) -> Any:
        found = [self._one(depth)]
        while self._word("AND"):
            found.append(self._one(depth))
        return self._builder.joined(ast.And, found)

    def _one(self, depth: int) -> Any:
        if self._word("NOT"):
            return self._builder.made(ast.Not(self._one(self._builder.deeper(depth))))
        if self._sign("("):
            found = self.condition(self._builder.deeper(depth))
            self._expect(")")
            return found
        return self._predicate(depth)

    def _predicate(self, depth: int) -> Any:
        word = self._peek()
        if word.kind == "name" and self._peek(1).value == "(":
            relation = word.value.lower()
            if relation in RELATIONS or relation in SPATIAL_PREDICATES_MAP:
                self._next += 2
                left = self._operand(depth)
                self._expect(",")
                right = self._operand(depth)
                self._expect(")")
                if relation in RELATIONS:
                    return self._builder.made(Related(relation, left, right))
                return self._builder.made(SPATIAL_PREDICATES_MAP[relation](left, right))
        left = self._operand(depth)
        sign = self._peek()
        if sign.kind == "sign" and sign.value in COMPARISON_MAP:
            self._next += 1
            return self._builder.made(COMPARISON_MAP[sign.value](left, self._operand(depth)))
        if self._word("IS"):
            denied = self._word("NOT")
            if not self._word("NULL"):
                raise self._wrong("NULL")
            return self._builder.made(ast.IsNull(left, denied))
        denied = self._word("NOT")
        if self._word("LIKE"):
            pattern = self._operand(depth)
            return self._builder.made(ast.Like(left, pattern, False, "%", "_", "\\", denied))
        if self._word("BETWEEN"):
            low = self._operand(depth)
            if not self._word("AND"):
                raise self._wrong("AND")
            return self._builder.made(ast.Between(left, low, self._operand(depth), denied))
        if self._word("IN"):
            self._expect("(")
            found = [self._operand(depth)]
            while self._sign(","):
                found.append(self._operand(depth))
            self._expect(")")
            return self._builder.made(ast.In(left, found, denied))
        if isinstance(left, bool) and not denied:
            return left
        raise self._wrong("a comparison, LIKE, BETWEEN, IN or IS")

    def _operand(self, depth: int) -> Any:
        token = self._peek()
        upper = token.value.upper()
        if token.kind == "text":
            self._next += 1
            return self._builder.text(_unquoted(token.value))
        if token.kind == "quoted":
            self._next += 1
            return self._builder.attribute(token.value[1:-1])
        if token.kind == "number" or token.value in {"+", "-"}:
            return self._number()
        if upper in _SHAPES and self._peek(1).value.upper() in {"Z", "M", "ZM"}:
            return self._shape()
        if token.kind == "name" and self._peek(1).value == "(":
            return self._called(upper, depth)
        if token.kind == "name" and (upper not in _RESERVED or upper in {"TRUE", "FALSE"}):
            self._next += 1
            if upper in {"TRUE", "FALSE"}:
                return self._builder.made(upper == "TRUE")
            return self._builder.attribute(token.value)
        raise self._wrong("a property or a value")

    def _called(self, word: str, depth: int) -> Any:
        if word in _SHAPES:
            return self._shape()
        if word not in {"CASEI", "DATE", "TIMESTAMP", "INTERVAL", *_BOXES}:
            raise Invalid(f"{self._peek().value!r} is no function that a filter can call")
        self._next += 2
        found: Any
        if word == "CASEI":
            found = self._builder.made(ast.Function("casei", [self._operand(self._builder.deeper(depth))]))
        elif word == "DATE":
            found = self._builder.made(date_of(self._quoted()))
        elif word == "TIMESTAMP":
            found = self._builder.made(timestamp_of(self._quoted()))
        elif word == "INTERVAL":
            start = self._end_of_interval()
            self._expect(",")
            found = self._builder.made(interval_of(start, self._end_of_interval()))
        else:
            numbers = [self._number()]
            while self._sign(","):
                numbers.append(self._number())
            found = self._builder.box(numbers)
        self._expect(")")
        return found

    def _end_of_interval(self) -> Any:
        if self._peek().kind != "text":
            return self._operand(0)
        text = self._quoted()
        if text == "..":
            return None
        return timestamp_of(text) if "T" in text else date_of(text)

    def _quoted(self) -> str:
        token = self._peek()
        if token.kind != "text":
            raise self._wrong("a text in single quotes")
        self._next += 1
        return _unquoted(token.value)

    def _number(self) -> float:
        minus = self._sign("-")
        if not minus:
            self._sign("+")
        token = self._peek()
        if token.kind != "number":
            raise self._wrong("a number")
        self._next += 1
        # A whole number stays one: beyond 2^53 a float would ask for its neighbour.
        found = int(token.value) if token.value.isdigit() and len(token.value) < 19 else float(token.value)
        return self._builder.number(-found if minus else found)

    def _shape(self) -> Any:
        begin, depth = self._peek().at, 0
        while True:
            token = self._peek()
            if token.kind == "end":
                raise self._wrong("the end of the geometry")
            self._next += 1
            depth += {"(": 1, ")": -1}.get(token.value, 0)
            if depth == 0 and token.value == ")":
                break
        written = self._text[begin : token.at + 1]
        try:
            shape = shapely.from_wkt(written)
        except shapely.errors.ShapelyError as error:
            raise Invalid(f"{written[:80]!r} is no geometry: {error}") from None
        return self._builder.geometry(shape)

    def _peek(self, ahead: int = 0) -> _Token:
        return self._tokens[min(self._next + ahead, len(self._tokens) - 1)]

    def _word(self, word: str) -> bool:
        token = self._peek()
        if token.kind == "name" and token.value.upper() == word:
            self._next += 1
            return True
        return False

    def _sign(self, sign: str) -> bool:
        token = self._peek()
        if token.kind == "sign" and token.value == sign:
            self._next += 1
            return True
        return False

    def _expect(self, sign: str) -> None:
        if not self._sign(sign):
            raise self._wrong(f"{sign!r}")

    def _wrong(self, wanted: str) -> Invalid:
        token = self._peek()
        found = "the filter ends" if token.kind == "end" else f"{token.value[:40]!r} stands"
        return Invalid(f"{found} at character {token.at + 1}, where {wanted} should")


def _tokens(text: str) -> list[_Token]:
    found, at = [], 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            rest = text[at:].lstrip()
            raise Invalid(f"{rest[:20]!r} at character {len(text) - len(rest) + 1} is not CQL2")
        kind = str(match.lastgroup)
        found.append(_Token(kind, match[kind], match.start(kind)))
        at = match.end()
    return [*found, _Token("end", "", len(text))]


def _unquoted(token: str) -> str:
    return re.sub(r"''|\\'", "'", token[1:-1])
