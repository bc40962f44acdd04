"""Workbooks of Excel 97 to 2003 for tests: BIFF8 records ([MS-XLS]) in a container of sectors ([MS-CFB])."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Sheet", "container", "record", "workbook_stream", "write_xls"]

Cell = str | float | int | bool | None
_SECTOR = 512
_FREE, _CHAIN_END, _FAT = 0xFFFF_FFFF, 0xFFFF_FFFE, 0xFFFF_FFFD
_MIN_STREAM = 4096


@dataclass
class Sheet:
    """A sheet: its rows, merged ranges (first row, last row, first column, last column; from 0), errors by cell."""

    name: str
    rows: Sequence[Sequence[Cell]]
    merges: Sequence[tuple[int, int, int, int]] = ()
    hidden: bool = False
    errors: dict[tuple[int, int], int] = field(default_factory=dict)
    #: The style of a cell, by its place: 1 is a date, 2 a date in Chinese, 3 a percentage, 4 eleven digits with zeros.
    styles: dict[tuple[int, int], int] = field(default_factory=dict)
    extra: bytes = b""


def record(kind: int, body: bytes = b"") -> bytes:
    """Return one record."""
    return struct.pack("<HH", kind, len(body)) + body


def _text(text: str) -> bytes:
    return struct.pack("<HB", len(text), 1) + text.encode("utf-16-le")


def _bof(kind: int) -> bytes:
    return record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0x0DBB, 0x07CC, 0, 6))


def _xf(format_index: int) -> bytes:
    return record(0x00E0, struct.pack("<HHH", 0, format_index, 0) + bytes(14))


def workbook_stream(sheets: Sequence[Sheet], *, globals_extra: bytes = b"") -> bytes:
    """Return the stream of a workbook. globals_extra: records put before the list of sheets."""
    texts = list(
        dict.fromkeys(cell for s in sheets for row in s.rows for cell in row if isinstance(cell, str))
    )
    total = sum(isinstance(cell, str) for s in sheets for row in s.rows for cell in row)
    head = _bof(0x0005) + globals_extra + record(0x0042, struct.pack("<H", 1200))
    head += record(0x041E, struct.pack("<H", 164) + _text("0" * 11))
    head += b"".join(map(_xf, (0, 14, 31, 9, 164)))
    body = struct.pack("<II", total, len(texts)) + b"".join(map(_text, texts))
    assert len(body) < 8000, "this writer puts all texts into one record"
    tail = record(0x00FC, body) + record(0x000A)
    names = [s.name.encode("utf-16-le") for s in sheets]
    at = len(head) + sum(4 + 8 + len(name) for name in names) + len(tail)
    listed, bodies = b"", b""
    for sheet, name in zip(sheets, names, strict=True):
        start = at + len(bodies)
        listed += record(0x0085, struct.pack("<IBBBB", start, sheet.hidden, 0, len(sheet.name), 1) + name)
        bodies += _sheet(sheet, texts)
    return head + listed + tail + bodies


def _sheet(sheet: Sheet, texts: Sequence[str]) -> bytes:
    width = max((len(row) for row in sheet.rows), default=0)
    out = _bof(0x0010) + record(0x0200, struct.pack("<IIHHH", 0, len(sheet.rows), 0, width, 0))
    for y, row in enumerate(sheet.rows):
        for x, cell in enumerate(row):
            place = struct.pack("<HHH", y, x, sheet.styles.get((y, x), 0))
            if isinstance(cell, bool):
                out += record(0x0205, place + struct.pack("<BB", cell, 0))
            elif isinstance(cell, int | float):
                out += record(0x0203, place + struct.pack("<d", cell))
            elif cell is not None:
                out += record(0x00FD, place + struct.pack("<I", texts.index(cell)))
    for (y, x), code in sheet.errors.items():
        out += record(0x0205, struct.pack("<HHHBB", y, x, 0, code, 1))
    out += sheet.extra
    if sheet.merges:
        ranges = b"".join(struct.pack("<HHHH", *merge) for merge in sheet.merges)
        out += record(0x00E5, struct.pack("<H", len(sheet.merges)) + ranges)
    return out + record(0x000A)


def container(stream: bytes, name: str = "Workbook") -> bytes:
    """Return a container with one stream."""
    stream = stream.ljust(_MIN_STREAM, b"\0")
    sectors = -(-len(stream) // _SECTOR)
    tables = 1
    while tables * (_SECTOR // 4) < sectors + tables + 1:
        tables += 1
    assert tables <= 109, "this writer knows no second list of tables"
    fat = [_FAT] * tables + [_CHAIN_END] + [tables + 2 + at for at in range(sectors - 1)] + [_CHAIN_END]
    fat += [_FREE] * (tables * (_SECTOR // 4) - len(fat))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, tables, tables, 0, _MIN_STREAM, _CHAIN_END, 0, _CHAIN_END, 0)
    header += b"".join(struct.pack("<I", at if at < tables else _FREE) for at in range(109))
    directory = _entry("Root Entry", 5, child=1, start=_CHAIN_END, size=0)
    directory += _entry(name, 2, child=_FREE, start=tables + 1, size=len(stream))
    directory += bytes(128) * 2
    return header + struct.pack(f"<{len(fat)}I", *fat) + directory + stream.ljust(sectors * _SECTOR, b"\0")


def _entry(name: str, kind: int, *, child: int, start: int, size: int) -> bytes:
    raw = (name + "\0").encode("utf-16-le")
    links = struct.pack("<BBIII", kind, 1, _FREE, _FREE, child)
    return (
        raw.ljust(64, b"\0")
        + struct.pack("<H", len(raw))
        + links
        + bytes(36)
        + struct.pack("<IQ", start, size)
    )


def write_xls(path: Path, *sheets: Sheet, name: str = "Workbook") -> Path:
    """Write a workbook."""
    path.write_bytes(container(workbook_stream(sheets), name))
    return path
