"""The container of old Office files (.xls, .doc, a workbook with a password): which streams it has, and their bytes.

After Microsoft's open specification [MS-CFB]. A chain of sectors can be no longer than the file, so that one that
runs in a circle ends.
"""

from __future__ import annotations

import struct
from array import array
from typing import Final

__all__ = ["COMPOUND_MARK", "Compound", "CompoundError"]

COMPOUND_MARK: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_END: Final = 0xFFFF_FFFA  # the smallest of the marks that are no sector
_ENTRY: Final = 128
_MINI: Final = 64
_STREAM: Final = 2
_ROOT: Final = 5


class CompoundError(ValueError):
    """The container contradicts itself; the message says where."""


class Compound:
    """A container in memory. Raises CompoundError where it is damaged."""

    def __init__(self, data: bytes) -> None:
        if len(data) < 512 or not data.startswith(COMPOUND_MARK):
            raise CompoundError("its header is cut short")
        self._data = data
        self._shift = struct.unpack_from("<H", data, 0x1E)[0]
        if self._shift not in {9, 12}:
            raise CompoundError(f"its sectors have 2^{self._shift} bytes, not 2^9 or 2^12")
        tables, first, self._cutoff, mini, _, more, _ = struct.unpack_from("<II4xIIIII", data, 0x2C)
        self._fat = self._table(self._fat_sectors(tables, more))
        self._entries = self._directory(first)
        self._mini_fat = self._table(self._chain(mini))

    @property
    def streams(self) -> list[str]:
        """The names of all streams, those of nested storages too."""
        return [name for name, kind, _, _ in self._entries if kind == _STREAM]

    def read(self, name: str) -> bytes:
        """Return the bytes of the first stream of this name; KeyError where there is none."""
        for found, kind, start, size in self._entries:
            if kind == _STREAM and found.lower() == name.lower():
                return self._stream(start, size)
        raise KeyError(name)

    def _stream(self, start: int, size: int) -> bytes:
        if size > len(self._data):
            raise CompoundError(f"a stream claims {size} bytes in a file of {len(self._data)}")
        if size >= self._cutoff:
            body = b"".join(map(self._sector, self._chain(start)))
        else:
            root = next((entry for entry in self._entries if entry[1] == _ROOT), None)
            holder = b"".join(map(self._sector, self._chain(root[2]))) if root else b""
            parts = self._chain(start, self._mini_fat)
            body = b"".join(holder[at * _MINI : (at + 1) * _MINI] for at in parts)
        if len(body) < size:
            raise CompoundError(f"a stream of {size} bytes ends after {len(body)}")
        return body[:size]

    def _sector(self, number: int) -> bytes:
        at = (number + 1) << self._shift
        if at >= len(self._data):
            raise CompoundError(f"sector {number} lies behind the end of the file")
        return self._data[at : at + (1 << self._shift)]

    def _table(self, sectors: list[int]) -> array[int]:
        table = array("I")
        for number in sectors:
            sector = self._sector(number)
            table.frombytes(sector[: len(sector) // 4 * 4])
        return table

    def _fat_sectors(self, count: int, more: int) -> list[int]:
        most = len(self._data) >> self._shift
        if count > most:
            raise CompoundError(f"it claims {count} tables of sectors and has {most} sectors")
        found = list(struct.unpack_from("<109I", self._data, 0x4C))
        seen = 0
        while len(found) < count and more < _END:
            sector = self._sector(more)
            if len(sector) < 1 << self._shift or seen > most:
                raise CompoundError("its list of tables does not end")
            *numbers, more = struct.unpack(f"<{len(sector) // 4}I", sector)
            found += numbers
            seen += 1
        return [number for number in found[:count] if number < _END]

    def _chain(self, start: int, table: array[int] | None = None) -> list[int]:
        table = self._fat if table is None else table
        chain: list[int] = []
        while start < _END:
            if start >= len(table) or len(chain) > len(table):
                raise CompoundError("a chain of its sectors is broken or runs in a circle")
            chain.append(start)
            start = table[start]
        return chain

    def _directory(self, first: int) -> list[tuple[str, int, int, int]]:
        body = b"".join(map(self._sector, self._chain(first)))
        entries = []
        for at in range(0, len(body) - _ENTRY + 1, _ENTRY):
            length, kind = struct.unpack_from("<HB", body, at + 64)
            start, size = struct.unpack_from("<II", body, at + 116)
            name = body[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
            if kind:
                entries.append((name, kind, start, size))
        return entries
