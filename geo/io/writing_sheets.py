"""A workbook written as a stream: sheets of cells that are text or numbers and never formulas, and a sheet about them.

Only what Excel, WPS and LibreOffice need of the format (ECMA-376) is written; a table longer than a sheet goes on in the
next one, under its heads.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import IO, Final
from xml.sax.saxutils import escape

from geo.io.cells import is_formula, printable

__all__ = ["write_workbook"]

_MOST_ROWS: Final = 1_048_576
_LONGEST: Final = 32_767
_AT_A_TIME: Final = 2_000
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPES: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
#: 0 ordinary, 1 heads, 2 text that would be a formula if somebody typed it: it stays text when its cell is edited.
_STYLES: Final = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="3">'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" quotePrefix="1" applyNumberFormat="1"/>'
    '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)

_Cell = str | int | float | None


def write_workbook(
    path: Path,
    heads: Sequence[str],
    rows: Iterable[Sequence[_Cell]],
    *,
    title: str = "",
    about: Mapping[str, str] | None = None,
    most_rows: int = _MOST_ROWS,
) -> None:
    """Write a table to an XLSX file.

    rows: cells of text, numbers, or None, which stays empty; a number that is not finite is empty too, a text is cut
    at the format's 32,767 characters. title: of the sheet; sheets after the first get a number. about: a last sheet of
    names and words. most_rows: of one sheet, heads included.
    """
    names: list[str] = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        left = iter(rows)
        some: list[Sequence[_Cell]] = []
        while not names or some:
            _sheet(archive, len(names) + 1, heads, islice(chain(some, left), most_rows - 1))
            names.append(_sheet_name(title or "Sheet", len(names)))
            some = list(islice(left, 1))
        if about:
            _sheet(archive, len(names) + 1, None, ([name, words] for name, words in about.items() if words))
            names.append("README")
        _frame(archive, names)


def _sheet_name(title: str, at: int) -> str:
    allowed = "".join(" " if letter in "[]:*?/\\'" else letter for letter in printable(title))
    number = f" {at + 1}" if at else ""
    # Excel opens no sheet whose name is longer than 31 letters.
    return f"{allowed.strip()[: 31 - len(number)] or 'Sheet'}{number}"


def _sheet(
    archive: zipfile.ZipFile, number: int, heads: Sequence[str] | None, rows: Iterable[Sequence[_Cell]]
) -> None:
    with archive.open(f"xl/worksheets/sheet{number}.xml", "w", force_zip64=True) as file:
        file.write(f'{_HEAD}<worksheet xmlns="{_MAIN}">'.encode())
        if heads is not None:
            # The heads stay in view.
            file.write(
                b'<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" '
                b'activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
            )
        file.write(b"<sheetData>")
        if heads is not None:
            file.write(f"<row>{''.join(_text(head, 1) for head in heads)}</row>".encode())
        _stream(file, rows)
        file.write(b"</sheetData></worksheet>")


def _stream(file: IO[bytes], rows: Iterable[Sequence[_Cell]]) -> None:
    lines = (f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
    while some := "".join(islice(lines, _AT_A_TIME)):
        file.write(some.encode())


def _cell(cell: _Cell) -> str:
    if cell is None or cell == "":
        return "<c/>"
    if isinstance(cell, str):
        return _text(cell, 2 if is_formula(cell) else 0)
    return f"<c><v>{cell!r}</v></c>" if math.isfinite(cell) else "<c/>"


def _text(text: str, style: int) -> str:
    styled = f' s="{style}"' if style else ""
    return f'<c{styled} t="inlineStr"><is><t xml:space="preserve">{escape(printable(text[:_LONGEST]))}</t></is></c>'


def _frame(archive: zipfile.ZipFile, names: Sequence[str]) -> None:
    numbers = range(1, len(names) + 1)
    archive.writestr("xl/styles.xml", _STYLES)
    archive.writestr(
        "xl/workbook.xml",
        f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>'
        + "".join(
            f'<sheet name="{escape(name)}" sheetId="{number}" r:id="rId{number}"/>'
            for number, name in zip(numbers, names, strict=True)
        )
        + "</sheets></workbook>",
    )
    archive.writestr("xl/_rels/workbook.xml.rels", _links(_sheet_links(numbers)))
    archive.writestr("_rels/.rels", _links([("rId1", f"{_RELATIONS}/officeDocument", "xl/workbook.xml")]))
    archive.writestr(
        "[Content_Types].xml",
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPES}.styles+xml"/>'
        + "".join(
            f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{_TYPES}.worksheet+xml"/>'
            for number in numbers
        )
        + "</Types>",
    )


def _sheet_links(numbers: Iterable[int]) -> Iterator[tuple[str, str, str]]:
    for number in numbers:
        yield f"rId{number}", f"{_RELATIONS}/worksheet", f"worksheets/sheet{number}.xml"
    yield "styles", f"{_RELATIONS}/styles", "styles.xml"


def _links(links: Iterable[tuple[str, str, str]]) -> str:
    return (
        f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
        + "".join(
            f'<Relationship Id="{id_}" Type="{kind}" Target="{target}"/>' for id_, kind, target in links
        )
        + "</Relationships>"
    )
