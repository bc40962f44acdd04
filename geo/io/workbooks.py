"""XLSX as a stream of records, every cell as the text that a person sees in it.

Formulas give the value that was last computed and saved. A workbook is untrusted: what it unpacks to is bounded
before anything is parsed, and whatever the parser stumbles over is told in words.
"""

from __future__ import annotations

import datetime as dt
import re
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from geo.errors import TableError
from geo.io.delimited import unguarded
from geo.io.headers import Record
from geo.io.rows import clean, number_text

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook as OpenpyxlWorkbook

__all__ = ["Workbook"]

_MOST_ROWS: Final = 1_048_576
_MOST_BYTES: Final = 2 << 30
# Sheets are streamed; shared strings, styles and the rest are held in memory.
_MOST_HELD_BYTES: Final = 128 << 20
_MOST_PARTS: Final = 10_000
_PADDED: Final = re.compile(r"0+")
_QUOTED: Final = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
_MOST_BLANK: Final = 1_000
_BLOCK: Final = 256


class Workbook:
    """One sheet of an .xlsx file."""

    encoding: str | None = None
    delimiter: str | None = None

    def __init__(self, path: Path, *, sheet: str | None = None) -> None:
        """Choose the sheet: the named one, or the first visible one with two filled cells or more."""
        self.path = path
        _bound(path)
        with _opened(path) as book:
            self.sheet = _choose(book, sheet, path.name)
            self._rows = _declared_rows(book[self.sheet])
        self._consumed = 0.0

    def progress(self) -> float:
        """Return the fraction of the rows that the sheet declares; 0 until the end where it declares none."""
        return self._consumed

    def records(self) -> Iterator[Record]:
        """Yield every row of the sheet, rows without cells too."""
        self._consumed = 0.0
        with _opened(self.path) as book:
            for number, cells in _cells(book[self.sheet], self.path.name):
                texts: list[str] = []
                problem = None
                for cell in cells:
                    text = _text(cell)
                    texts.append(text)
                    if text and cell.data_type == "e":
                        problem = f"cell {cell.coordinate} holds the spreadsheet error {text}"
                self._consumed = min(1.0, number / self._rows) if self._rows else 0.0
                yield Record(number, texts, problem)
        self._consumed = 1.0


def _bound(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            encrypted = any(part.flag_bits & 1 for part in parts)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise TableError(
            f"{path.name} is a damaged workbook: its archive cannot be read ({error})"
        ) from error
    if encrypted:
        raise TableError(f"{path.name} is encrypted; save it without a password")
    if "xl/workbook.xml" not in names:
        kind = "a binary workbook (.xlsb)" if "xl/workbook.bin" in names else "a ZIP archive"
        raise TableError(f"{path.name} is {kind}, not an .xlsx workbook; save it as .xlsx or CSV")
    unpacked = sum(part.file_size for part in parts)
    held = sum(part.file_size for part in parts if not part.filename.startswith("xl/worksheets/"))
    if len(parts) > _MOST_PARTS or unpacked > _MOST_BYTES or held > _MOST_HELD_BYTES:
        raise TableError(
            f"{path.name} unpacks to {unpacked >> 20} MiB in {len(parts)} parts ({held >> 20} MiB of text and styles): "
            "too much for a ledger; save the sheet as CSV"
        )


@contextmanager
def _opened(path: Path) -> Iterator[OpenpyxlWorkbook]:
    import openpyxl

    with path.open("rb") as file:
        with _in_words(path.name):
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        try:
            yield book
        finally:
            book.close()


@contextmanager
def _in_words(name: str) -> Iterator[None]:
    """Turn whatever a damaged workbook makes the parser raise into one error; openpyxl has no base class for them."""
    with warnings.catch_warnings():
        # Missing default styles, unsupported extensions, dates out of range: openpyxl warns about each and reads on.
        warnings.simplefilter("ignore", category=UserWarning)
        try:
            yield
        except (TableError, MemoryError):
            raise
        except Exception as error:
            raise TableError(
                f"{name} is a damaged workbook ({type(error).__name__}: {error}); open it in Excel and save it anew"
            ) from error


def _choose(book: OpenpyxlWorkbook, wanted: str | None, name: str) -> str:
    sheets: list[Any] = list(book.worksheets)
    titles = [sheet.title for sheet in sheets]
    if wanted is not None:
        if wanted not in titles:
            raise TableError(f"{name} has no sheet {wanted!r}; it has {', '.join(titles)}")
        return wanted
    for sheet in sheets:
        if sheet.sheet_state == "visible" and _is_filled(sheet, name):
            return str(sheet.title)
    raise TableError(f"{name} is empty: none of its visible sheets has text ({', '.join(titles)})")


def _is_filled(sheet: Any, name: str) -> bool:
    filled = 0
    for number, cells in _cells(sheet, name):
        filled += sum(1 for cell in cells if _text(cell))
        if filled >= 2:
            return True
        if number >= _MOST_BLANK:
            break
    return False


def _declared_rows(sheet: Any) -> int | None:
    rows = sheet.max_row
    return rows if isinstance(rows, int) and rows > 1 else None


def _cells(sheet: Any, name: str) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Yield the sheet's rows by number; ``reset_dimensions`` since writers declare extents that cut off rows."""
    sheet.reset_dimensions()
    rows = sheet.iter_rows()
    number = 0
    while True:
        with _in_words(name):
            block = list(islice(rows, _BLOCK))
        if not block:
            return
        for cells in block:
            number += 1
            if number > _MOST_ROWS:
                raise TableError(f"{name} has more than {_MOST_ROWS} rows, which no workbook may have")
            yield number, cells


def _text(cell: Any) -> str:
    """Write a cell's value as its spreadsheet shows it, save that dates are ISO dates."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        text = clean(value.replace("\r\n", "\n").replace("_x000D_", ""))
        return unguarded(text) if text.startswith("'") else text
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return _number(value, str(cell.number_format))
    if isinstance(value, dt.datetime):
        return _moment(value, str(cell.number_format))
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dt.time):
        return value.isoformat("auto" if value.second else "minutes")[:8]
    if isinstance(value, dt.timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        clock = f"{minutes // 60:02d}:{minutes % 60:02d}"
        return f"{clock}:{seconds:02d}" if seconds else clock
    return clean(str(value))


def _number(value: int | float, number_format: str) -> str:
    if "%" in _QUOTED.sub("", number_format):
        return f"{number_text(value * 100)}%"
    text = number_text(value)
    # A phone or a code kept as a number under the format 00000000000.
    return text.zfill(len(number_format)) if _PADDED.fullmatch(number_format) and "." not in text else text


def _moment(value: dt.datetime, number_format: str) -> str:
    pattern = _QUOTED.sub("", number_format).lower()
    clock = f"{value:%H:%M:%S}" if value.second else f"{value:%H:%M}"
    if "h" in pattern and "y" not in pattern and "d" not in pattern:
        return clock
    return (
        f"{value:%Y-%m-%d} {clock}"
        if (value.hour, value.minute, value.second) != (0, 0, 0)
        else f"{value:%Y-%m-%d}"
    )
