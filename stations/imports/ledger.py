"""A county's ledger as a workbook: downloaded, edited in Excel or WPS, and read back cell by cell.

The workbook remembers in a hidden sheet what each cell held when it was written, so that on the way back only what
somebody edited is a change, whatever was sorted, moved or left out meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from geo.io.grids import Book
from geo.io.workbooks import is_workbook, open_book
from stations.editing.draft import drafts
from stations.errors import Invalid, NotFound
from stations.imports.ledger_columns import CODE, Labels, LedgerColumn, columns_of, text_of
from stations.models import Commit, Region, RegistryInfo, Station

__all__ = ["BASE", "Ledger", "LedgerLine", "labels_for", "read_ledger", "source_code", "write_ledger"]

_MARK: Final = "yizhan-ledger"
_VERSION: Final = "1"
#: The hidden sheet that says what the cells held when the ledger was downloaded.
BASE: Final = "_base"
_LISTS: Final = "_lists"
#: Rows below the last station that take new ones, with the same drop-downs.
_ROOM: Final = 500
_PAGE: Final = 500
_ILLEGAL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_TEXT: Final = "@"
_GREY: Final = PatternFill("solid", fgColor="E7E6E6")
_HEAD: Final = PatternFill("solid", fgColor="D9E7F5")


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One row of an uploaded ledger. cells: text by the code of the column; problem: what is wrong with the line."""

    number: int
    code: str
    cells: Mapping[str, str]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Ledger:
    """An uploaded ledger: where and when it was downloaded, what its cells held then, and what they hold now.

    seq: the commits that were visible then. base: code of the station → text by the code of the column. present: the
    columns that are still there. ignored: headers that nobody knows.
    """

    region: str
    registry: str
    seq: int
    lang: str
    base: Mapping[str, Mapping[str, str]]
    present: tuple[str, ...]
    lines: tuple[LedgerLine, ...]
    ignored: tuple[str, ...]


def source_code(region_code: str) -> str:
    """Return the code of the source that the ledger of a region is."""
    return f"ledger-{region_code}"


def labels_for(session: Session, region_code: str, lang: str = "zh") -> Labels:
    """Return the labels of a region's ledger. Raises NotFound."""
    rows = session.execute(
        select(Region.code, Region.names)
        .where(Region.lineage.contains([region_code]), Region.merged_into.is_(None))
        .order_by(Region.lineage)
    ).all()
    if not rows:
        raise NotFound(f"there is no region {region_code!r}")
    names: dict[str, str] = {}
    for row in rows:
        name = row.names.get(lang) or row.names["zh"]
        names[row.code] = name if name not in names.values() else f"{name} {row.code}"
    return Labels(lang, names)


def write_ledger(session: Session, region_code: str, target: Path | str | BinaryIO, lang: str = "zh") -> int:
    """Write the ledger of a region and all below it as XLSX; returns how many stations are in it.

    target: a path or an open binary stream. lang: ``zh`` or ``en``, of headers, notes and choices. Withdrawn stations
    are left out. Raises NotFound for an unknown region.
    """
    labels = labels_for(session, region_code, lang)
    columns = columns_of(labels)
    # Asked before the rows are read: what is committed meanwhile counts as later.
    seq = session.scalar(select(func.max(Commit.seq))) or 0
    info = session.get(RegistryInfo, 1)
    ids = session.scalars(
        select(Station.id)
        .join(Region, Region.code == Station.region_code)
        .where(Region.lineage.contains([region_code]), Station.withdrawn_reason.is_(None))
        .order_by(Region.lineage, Station.id)
    ).all()
    book = Workbook(write_only=True)
    sheet = book.create_sheet(labels.pick("台账", "Ledger"))
    base = book.create_sheet(BASE)
    lists = book.create_sheet(_LISTS)
    _lay_out(sheet, columns, labels, len(ids))
    base.append([_MARK, _VERSION, region_code, info.name if info else "", str(seq), lang])
    base.append([column.code for column in columns])
    base.append([column.header for column in columns])
    sheet.append([_head(sheet, column) for column in columns])
    for texts in _rows(session, ids, columns, labels):
        sheet.append([_cell(sheet, text, grey=at == 0) for at, text in enumerate(texts)])
        base.append([_cell(base, text) for text in texts])
    for labelled in _lists(columns):
        lists.append([_cell(lists, label) for label in labelled])
    for hidden in (base, lists):
        hidden.sheet_state = "veryHidden"
    book.save(target)
    return len(ids)


def _rows(
    session: Session, ids: Sequence[int], columns: Sequence[LedgerColumn], labels: Labels
) -> Iterator[list[str]]:
    for first in range(0, len(ids), _PAGE):
        found = drafts(session, ids[first : first + _PAGE])
        for number in ids[first : first + _PAGE]:
            draft = found[number]
            yield [
                draft.code if column.code == CODE else _ILLEGAL.sub("", text_of(column, draft.fields, labels))
                for column in columns
            ]


def _lay_out(sheet: Any, columns: Sequence[LedgerColumn], labels: Labels, stations: int) -> None:
    sheet.freeze_panes = "C2"
    last = stations + 1 + _ROOM
    lists = [column for column in columns if column.choices is not None]
    for at, column in enumerate(columns, start=1):
        letter = get_column_letter(at)
        sheet.column_dimensions[letter].width = column.width
        # An empty cell takes the format of its column: what is typed there stays as it was typed.
        sheet.column_dimensions[letter].number_format = _TEXT
        cells = f"{letter}2:{letter}{last}"
        if column.code == CODE:
            rule = DataValidation(type="custom", formula1="FALSE", allow_blank=True, showErrorMessage=True)
            rule.error, rule.errorTitle = column.note, column.header
        elif column.choices is not None:
            row = lists.index(column) + 1
            end = get_column_letter(len(column.choices))
            rule = DataValidation(
                type="list",
                formula1=f"'{_LISTS}'!$A${row}:${end}${row}",
                allow_blank=True,
                showErrorMessage=True,
            )
            rule.error = labels.pick("请从下拉列表中选择", "Choose from the list")
            rule.errorTitle = column.header
        else:
            continue
        rule.add(cells)
        sheet.data_validations.append(rule)
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{stations + 1}"


def _lists(columns: Sequence[LedgerColumn]) -> Iterator[list[str]]:
    for column in columns:
        if column.choices is not None:
            yield list(column.choices.values())


def _head(sheet: Any, column: LedgerColumn) -> Any:
    cell = _cell(sheet, column.header)
    cell.font, cell.fill = Font(bold=True), _HEAD
    cell.alignment = Alignment(wrap_text=True, vertical="center")
    if column.note:
        cell.comment = Comment(column.note, "Yizhan Map", width=260, height=80)
    return cell


def _cell(sheet: Any, text: str, *, grey: bool = False) -> Any:
    cell: Any = WriteOnlyCell(sheet, value=text or None)
    if text:
        # A name that begins with = is a name.
        cell.data_type = "s"
    cell.number_format = _TEXT
    if grey:
        cell.fill = _GREY
    return cell


def read_ledger(path: Path | str) -> Ledger:
    """Read an uploaded ledger.

    The order of rows and columns, removed columns, further sheets and columns make no difference. Raises TableError for
    a file that cannot be read, and Invalid for a workbook that is no ledger of this system.
    """
    path = Path(path)
    with path.open("rb") as file:
        head = file.read(512)
    if not is_workbook(head):
        raise Invalid(f"{path.name} is no workbook: upload the ledger as it was saved, as XLSX", field="file")
    book = open_book(path, head)
    names = [name for name, _ in book.sheets]
    if BASE not in names:
        raise Invalid(
            f"{path.name} was not downloaded here as a ledger, or has lost its hidden sheet: download the ledger anew, "
            "or import the file as a list",
            field="file",
        )
    stamp, codes, headers, *stood = (list(record.cells) for record in book.records(names.index(BASE)))
    if len(stamp) < 6 or stamp[0] != _MARK or not stamp[4].isdecimal():
        raise Invalid(f"{path.name} has a hidden sheet {BASE} that is no ledger's", field="file")
    if stamp[1] != _VERSION:
        raise Invalid(
            f"{path.name} is a ledger of form {stamp[1]!r}, this program reads {_VERSION}: download it anew",
            field="file",
        )
    base = {row[0]: _texts(codes, row) for row in stood if row and row[0]}
    present, lines, ignored = _lines(book, dict(zip(headers, codes, strict=False)), path)
    return Ledger(stamp[2], stamp[3], int(stamp[4]), stamp[5], base, present, lines, ignored)


def _lines(
    book: Book, known: Mapping[str, str], path: Path
) -> tuple[tuple[str, ...], tuple[LedgerLine, ...], tuple[str, ...]]:
    """Find the sheet whose header has the code and the name, wherever it went, and read what stands below."""
    code = next(header for header, found in known.items() if found == CODE)
    for at, (sheet, _) in enumerate(book.sheets):
        if sheet in {BASE, _LISTS}:
            continue
        records = book.records(at)
        for record in records:
            if code not in record.cells:
                continue
            headers = list(record.cells)
            columns = [known.get(header.strip(), "") for header in headers]
            twice = {column for column in columns if column and columns.count(column) > 1}
            if twice:
                raise Invalid(f"{path.name} has a column twice: {', '.join(sorted(twice))}", field="file")
            lines = [
                _line(record.number, columns, list(record.cells), record.problem, record.spoilt)
                for record in records
            ]
            ignored = [
                header for header, column in zip(headers, columns, strict=True) if header and not column
            ]
            present = tuple(column for column in columns if column)
            return present, tuple(line for line in lines if line is not None), tuple(ignored)
    raise Invalid(
        f"{path.name} has no sheet with a column {code}: it is what tells stations apart", field="file"
    )


def _line(
    number: int, columns: Sequence[str], row: Sequence[str], problem: str | None, spoilt: Mapping[int, str]
) -> LedgerLine | None:
    cells = _texts(columns, row)
    if not any(cells.values()) and problem is None:
        return None
    wrong = [reason for at, reason in spoilt.items() if at < len(columns) and columns[at]]
    code = cells.pop(CODE, "")
    return LedgerLine(number, code, cells, problem or ("; ".join(wrong) or None))


def _texts(columns: Sequence[str], row: Sequence[str]) -> dict[str, str]:
    cells = [*row, *([""] * (len(columns) - len(row)))]
    return {column: _plain(text) for column, text in zip(columns, cells, strict=False) if column}


def _plain(text: str) -> str:
    """Return a cell without what saving alone changes: line ends, spaces at its edges."""
    return text.replace("_x000D_", "").replace("\r\n", "\n").replace("\r", "\n").strip()
