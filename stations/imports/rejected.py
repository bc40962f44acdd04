"""The rows of a batch that could not be taken, as a table to correct: what came, the row's number and what is wrong.

Text from a list that a spreadsheet would take for a formula is written so that it stays text.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from geo.io.cells import plain, printable
from geo.io.rows import row_label
from stations.imports.problems import Problem
from stations.imports.reviewing import BatchLine

__all__ = ["plain", "table", "workbook"]

_NUMBER, _REASON = "行号", "原因"
_ROWS: Final = text("""
    SELECT row_number, received, problems FROM import_rows
    WHERE batch_id = :batch AND verdict = 'rejected' ORDER BY row_number
""")


def table(
    session: Session, batch: BatchLine, say: Callable[[Sequence[Problem]], str]
) -> tuple[list[str], list[list[str]]]:
    """Return the heads and the rows that were rejected. say: puts the problems of a row into words."""
    found = session.execute(_ROWS, {"batch": batch.id}).all()
    headers = [column["header"] for column in batch.report.get("columns", ())]
    for row in found:
        headers += [header for header in row.received if header not in headers]
    number, reason = _NUMBER, _REASON
    while number in headers or reason in headers:
        number, reason = f"{number}*", f"{reason}*"
    rows = [
        [
            *(str(row.received.get(header, "")) for header in headers),
            row_label(row.row_number),
            say([Problem.of(problem) for problem in row.problems]),
        ]
        for row in found
    ]
    return [*headers, number, reason], rows


def workbook(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> io.BytesIO:
    """Write a table as XLSX, every cell as text: telephone numbers keep their zeros, and nothing is computed."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in (heads, *rows):
        cells: list[Any] = []
        for content in row:
            cell = WriteOnlyCell(sheet, value=printable(content)[:32767])
            cell.data_type = "s"
            cell.number_format = "@"
            cells.append(cell)
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    out.seek(0)
    return out
