"""A reader of vector tiles (MVT 2.1), by hand from its specification: what another program sees in our bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Feature", "decoded"]


@dataclass
class Feature:
    """One feature: its id, attributes, kind of geometry (1 point, 2 line, 3 polygon) and points in units of the tile."""

    id: int | None = None
    properties: dict[str, Any] = field(default_factory=dict)
    kind: int = 0
    points: list[tuple[int, int]] = field(default_factory=list)


def decoded(content: bytes) -> dict[str, list[Feature]]:
    """Return the layers of a tile. Raises ValueError for what breaks the specification."""
    layers: dict[str, list[Feature]] = {}
    for number, value in _fields(content):
        if number != 3:
            raise ValueError(f"a tile has no field {number}")
        name, features = _layer(value)
        if name in layers:
            raise ValueError(f"two layers are called {name}")
        layers[name] = features
    return layers


def _layer(content: bytes) -> tuple[str, list[Feature]]:
    name, keys, values, raw, extent, version = "", [], [], [], 4096, 1
    for number, value in _fields(content):
        if number == 1:
            name = value.decode()
        elif number == 2:
            raw.append(value)
        elif number == 3:
            keys.append(value.decode())
        elif number == 4:
            values.append(_value(value))
        elif number == 5:
            extent = value
        elif number == 15:
            version = value
    if (version, extent) != (2, 4096) or not raw:
        raise ValueError(f"layer {name}: version {version}, extent {extent}, {len(raw)} features")
    return name, [_feature(one, keys, values) for one in raw]


def _feature(content: bytes, keys: list[str], values: list[Any]) -> Feature:
    found = Feature()
    for number, value in _fields(content):
        if number == 1:
            found.id = value
        elif number == 2:
            tags = list(_varints(value))
            found.properties = {keys[tags[at]]: values[tags[at + 1]] for at in range(0, len(tags), 2)}
        elif number == 3:
            found.kind = value
        elif number == 4:
            found.points = list(_points(list(_varints(value))))
    return found


def _points(commands: list[int]) -> Iterator[tuple[int, int]]:
    x = y = at = 0
    while at < len(commands):
        command, count = commands[at] & 7, commands[at] >> 3
        at += 1
        if command == 7:
            continue
        for _ in range(count):
            x, y = x + _zigzag(commands[at]), y + _zigzag(commands[at + 1])
            at += 2
            yield x, y


def _value(content: bytes) -> Any:
    ((number, value),) = _fields(content)
    if number == 1:
        return value.decode()
    if number == 2:
        return struct.unpack("<f", value)[0]
    if number == 3:
        return struct.unpack("<d", value)[0]
    if number == 6:
        return _zigzag(value)
    return bool(value) if number == 7 else value


def _zigzag(value: int) -> int:
    return value >> 1 ^ -(value & 1)


def _varints(content: bytes) -> Iterator[int]:
    at = 0
    while at < len(content):
        value, at = _varint(content, at)
        yield value


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def _fields(content: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(content):
        key, at = _varint(content, at)
        if key & 7 == 0:
            value: Any
            value, at = _varint(content, at)
        else:
            size, at = {1: (8, at), 5: (4, at)}[key & 7] if key & 7 != 2 else _varint(content, at)
            value, at = content[at : at + size], at + size
        yield key >> 3, value
