"""XLS, the workbooks of Excel 97 to 2003, which counties still send: cells by python-calamine, after a look of our own.

The parser is native code and takes a file at its word: a few bytes that claim 65,536 rows of 256 columns, or a list of
four thousand million strings, would end the process. So the records ([MS-XLS], clause 2.4) are walked first: what they
claim is held against what they have, and merged cells, hidden sheets and passwords are read on the way.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from geo.errors import TableError
from geo.io.compound import Compound, CompoundError
from geo.io.grids import MOST_HELD_CELLS, MOST_MERGES, Grid, Grids, Merge, Record, cell_name
from geo.io.values import BUILT_IN, format_kind, serial_text, value_text

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

__all__ = ["read_xls"]

_MOST_BYTES: Final = 64 << 20
#: Cells of the rectangle that holds all of a sheet's, which the parser lays out in memory.
_MOST_LAID_OUT: Final = 5_000_000
_MOST_SHEETS: Final = 1_000
_BOF, _EOF, _FILEPASS, _BOUNDSHEET, _SST, _DIMENSIONS, _MERGED, _MULRK, _BOOLERR, _FORMULA, _FORMAT, _XF = (
    0x0809, 0x000A, 0x002F, 0x0085, 0x00FC, 0x0200, 0x00E5, 0x00BD, 0x0205, 0x0006, 0x041E, 0x00E0,
)  # fmt: skip
#: Records of one cell: formula, number, label, boolean or error, RK, rich string, shared string.
_CELLS: Final = frozenset({_FORMULA, 0x0203, 0x0204, _BOOLERR, 0x027E, 0x00D6, 0x00FD, 0x0003, 0x0004})
_NUMBERS: Final = frozenset({_FORMULA, 0x0203, 0x027E})
#: Built-in formats that the parser turns into dates and times.
_OF_THE_WEST: Final = frozenset({*range(14, 23), 45, 46, 47})
_IS_ERROR: Final = 2
_ERRORS: Final = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A",
}  # fmt: skip
_OTHERS: Final = (
    ("EncryptedPackage", "a workbook with a password; save it without one"),
    ("WordDocument", "a Word document; save its table as .xlsx or CSV"),
    ("PowerPoint Document", "a presentation; ask for the table itself"),
    ("VisioDocument", "a drawing; ask for the table itself"),
)


@dataclass(slots=True)
class _Claims:
    """What the records of one sheet say."""

    rows: tuple[int, int] = (1 << 16, -1)
    columns: tuple[int, int] = (1 << 16, -1)
    merges: list[Merge] = field(default_factory=list)
    errors: dict[int, dict[int, str]] = field(default_factory=dict)
    #: Number formats that the parser does not know, by row from 1 and column.
    formats: dict[int, dict[int, str]] = field(default_factory=dict)
    cells: int = 0

    def meet(self, row: int, first: int, last: int) -> None:
        """Count a cell, or several in a row."""
        self.cells += last - first + 1
        self.rows = min(self.rows[0], row), max(self.rows[1], row)
        self.columns = min(self.columns[0], first), max(self.columns[1], last)

    @property
    def laid_out(self) -> int:
        """How many cells the rectangle of all cells has."""
        return max(0, self.rows[1] - self.rows[0] + 1) * max(0, self.columns[1] - self.columns[0] + 1)


def read_xls(path: Path) -> Grids:
    """Read all worksheets; raises TableError for what is no workbook, has a password, is damaged or beyond bounds."""
    if (size := path.stat().st_size) > _MOST_BYTES:
        raise TableError(
            f"{path.name} has {size >> 20} MiB: too much for an .xls ledger; save it as .xlsx or CSV"
        )
    data = path.read_bytes()
    try:
        claims = _walked(_workbook(Compound(data), path.name), path.name)
    except (CompoundError, struct.error) as error:
        raise TableError(
            f"{path.name} is a damaged .xls workbook: {error}; open it in Excel and save it as .xlsx"
        ) from error
    return Grids(path, _parsed(data, claims, path.name))


def _workbook(compound: Compound, name: str) -> bytes:
    streams = {stream.lower() for stream in compound.streams}
    for stream in ("workbook", "book"):
        if stream in streams:
            return compound.read(stream)
    for stream, kind in _OTHERS:
        if stream.lower() in streams:
            raise TableError(f"{name} is {kind}")
    raise TableError(f"{name} is an old Office file without a workbook; save the table as .xlsx or CSV")


def _walked(stream: bytes, name: str) -> list[_Claims]:
    """Walk the records, sheet by sheet, and refuse what claims more than it has."""
    offsets: list[int] = []
    formats = _Formats()
    sheets: dict[int, _Claims] = {}
    sheet: _Claims | None = None
    depth = at = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        body = stream[at + 4 : at + 4 + length]
        if len(body) < length:
            raise CompoundError(f"a record at byte {at} is cut short")
        if kind == _BOF:
            depth += 1
            if depth == 1:
                sheet = sheets.setdefault(at, _Claims())
        elif kind == _EOF:
            depth = max(0, depth - 1)
        elif kind == _FILEPASS:
            raise TableError(f"{name} is a workbook with a password; save it without one")
        elif kind == _BOUNDSHEET:
            offsets.append(struct.unpack_from("<I", body)[0])
            if len(offsets) > _MOST_SHEETS:
                raise TableError(f"{name} has more than {_MOST_SHEETS:,} sheets; keep those of the ledger")
        elif kind == _SST:
            _plausible(struct.unpack_from("<I", body, 4)[0], len(stream) // 3 + 1, "texts")
        elif kind in {_FORMAT, _XF}:
            formats.take(kind, body)
        elif sheet is not None and depth == 1:
            _claimed(sheet, kind, body, formats)
        at += 4 + length
    _bounded([sheets[offset] for offset in offsets if offset in sheets], name)
    return [sheets.get(offset, _Claims()) for offset in offsets]


class _Formats:
    """The number formats of cells, as far as the parser, which knows dates of the West alone, leaves them out."""

    def __init__(self) -> None:
        self._written: dict[int, str] = {}
        self._cells: list[int] = []

    def take(self, kind: int, body: bytes) -> None:
        """Take the record of a format or of a style of cells."""
        if kind == _XF:
            self._cells.append(struct.unpack_from("<H", body, 2)[0])
        elif len(body) > 5:
            wide = body[4] & 1
            text = body[5:].decode("utf-16-le" if wide else "latin-1", "replace")
            self._written[struct.unpack_from("<H", body)[0]] = text[:255]

    def of(self, style: int) -> str:
        """Return the format of a style; nothing where the parser shows it rightly."""
        code = self._cells[style] if style < len(self._cells) else 0
        if code in _OF_THE_WEST:
            return ""
        found = self._written.get(code) or BUILT_IN.get(code, "")
        return found if code not in self._written or format_kind(found) in {"number", "percent"} else ""


def _claimed(sheet: _Claims, kind: int, body: bytes, formats: _Formats) -> None:
    if kind in _CELLS:
        row, column, style = struct.unpack_from("<HHH", body)
        sheet.meet(row, column, column)
        if kind in _NUMBERS and (code := formats.of(style)):
            sheet.formats.setdefault(row + 1, {})[column] = code
        error = None
        if kind == _BOOLERR and len(body) >= 8 and body[7]:
            error = body[6]
        elif kind == _FORMULA and body[12:14] == b"\xff\xff" and body[6] == _IS_ERROR:
            error = body[8]
        if error is not None:
            sheet.errors.setdefault(row + 1, {})[column] = _ERRORS.get(error, f"#{error}")
    elif kind == _MULRK and len(body) >= 6:
        row, first = struct.unpack_from("<HH", body)
        last = struct.unpack_from("<H", body, len(body) - 2)[0]
        sheet.meet(row, first, max(first, last))
        for at in range((len(body) - 6) // 6):
            if code := formats.of(struct.unpack_from("<H", body, 4 + 6 * at)[0]):
                sheet.formats.setdefault(row + 1, {})[first + at] = code
    elif kind == _DIMENSIONS:
        wide = len(body) >= 14
        top, bottom, left, right = struct.unpack_from("<IIHH" if wide else "<HHHH", body)
        _plausible(max(0, bottom - top) * max(0, right - left), 1 << 24, "cells")
    elif kind == _MERGED:
        (count,) = struct.unpack_from("<H", body)
        for top, bottom, left, right in struct.iter_unpack("<HHHH", body[2 : 2 + 8 * count]):
            sheet.merges.append(Merge(top + 1, left, bottom + 1, right))


def _plausible(claimed: int, most: int, what: str) -> None:
    if claimed > most:
        raise CompoundError(f"it claims {claimed:,} {what}, and has room for {most:,}")


def _bounded(sheets: list[_Claims], name: str) -> None:
    for sheet in sheets:
        if len(sheet.merges) > MOST_MERGES:
            raise TableError(f"{name} has more than {MOST_MERGES:,} merged cells; unmerge them")
    if sum(sheet.cells for sheet in sheets) > MOST_HELD_CELLS:
        raise TableError(f"{name} has more than {MOST_HELD_CELLS:,} cells; save it as .xlsx or CSV")
    if sum(sheet.laid_out for sheet in sheets) > _MOST_LAID_OUT:
        far = max(sheets, key=lambda sheet: sheet.laid_out)
        raise TableError(
            f"{name} reaches to the cell {cell_name(far.rows[1] + 1, far.columns[1])}: too much for an .xls ledger; "
            "delete what stands far from the table, or save it as .xlsx"
        )


def _parsed(data: bytes, claims: list[_Claims], name: str) -> list[Grid]:
    from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    grids: list[Grid] = []
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        if len(book.sheets_metadata) != len(claims):
            raise TableError(f"{name} is a damaged .xls workbook: its list of sheets is; save it as .xlsx")
        for at, (about, claim) in enumerate(zip(book.sheets_metadata, claims, strict=True)):
            if about.typ is not SheetTypeEnum.WorkSheet:
                continue
            grid = Grid(about.name, about.visible is SheetVisibleEnum.Visible, merges=claim.merges)
            grid.records = list(_records(book.get_sheet_by_index(at), claim))
            grids.append(grid)
    except TableError:
        raise
    except (CalamineError, ValueError, OSError) as error:
        raise TableError(
            f"{name} is a damaged .xls workbook ({error}); open it in Excel and save it as .xlsx"
        ) from error
    except BaseException as error:
        # A panic of the parser, which is no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise TableError(
            f"{name} is a damaged .xls workbook; open it in Excel and save it as .xlsx"
        ) from error
    if not grids:
        raise TableError(f"{name} has no worksheet, only charts or macros; save the table itself")
    return grids


def _records(sheet: CalamineSheet, claim: _Claims) -> Iterator[Record]:
    start = sheet.start
    if start is None:
        return
    top, left = start
    for at, row in enumerate(sheet.to_python(), top + 1):
        codes = claim.formats.get(at, {})
        texts = [""] * left + [_shown(value, codes.get(column, "")) for column, value in enumerate(row, left)]
        while texts and not texts[-1]:
            texts.pop()
        spoilt = {
            column: f"cell {cell_name(at, column)} holds the spreadsheet error {code}"
            for column, code in claim.errors.get(at, {}).items()
        }
        if texts or spoilt:
            yield Record(at, texts, None, spoilt)


def _shown(value: object, code: str) -> str:
    """Write a value, a number by the format that the parser has not applied."""
    if code and isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return serial_text(value, code)
        except ValueError:
            return value_text(value)
    return value_text(value)
