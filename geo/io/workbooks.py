"""A file of sheets, told by its first bytes and never by its name; and one sheet of it as a stream of records."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from geo.io.archives import ZIP_MARK
from geo.io.compound import COMPOUND_MARK
from geo.io.grids import Book, Merge, Record
from geo.io.webtables import is_web_page, read_web_tables
from geo.io.xml2003 import is_xml2003, read_xml2003

__all__ = ["SheetReader", "is_workbook", "open_book"]

_ODS: Final = "content.xml"


def is_workbook(head: bytes) -> bool:
    """Whether a file that begins with ``head`` has sheets: XLSX, ODS, XLS, XML Spreadsheet 2003 or a web page."""
    return head.startswith((ZIP_MARK, COMPOUND_MARK)) or is_xml2003(head) or is_web_page(head)


def open_book(path: Path, head: bytes) -> Book:
    """Open a file of sheets; raises TableError, in words, for what is damaged, locked, or no workbook after all."""
    if head.startswith(COMPOUND_MARK):
        from geo.io.xls import read_xls

        return read_xls(path)
    if head.startswith(ZIP_MARK):
        if _has(path, _ODS):
            from geo.io.ods import read_ods

            return read_ods(path)
        from geo.io.xlsx import Xlsx

        return Xlsx(path)
    return read_xml2003(path) if is_xml2003(head) else read_web_tables(path)


def _has(path: Path, part: str) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return part in archive.NameToInfo and "xl/workbook.xml" not in archive.NameToInfo
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        # What is wrong with it is told by the reader of workbooks.
        return False


class SheetReader:
    """One sheet of a book."""

    encoding: str | None = None
    delimiter: str | None = None
    #: Rows that hold nothing do not pass; they show as gaps in the numbers.
    gaps_are_blank = True

    def __init__(self, book: Book, sheet: int) -> None:
        self._book = book
        self._sheet = sheet
        self.path = book.path
        self.name, self.visible = book.sheets[sheet]
        self._extent = book.extent(sheet)
        self._consumed = 0.0

    def progress(self) -> float:
        """Return the fraction of the rows that the sheet claims; 0 until the end where it claims none."""
        return self._consumed

    def merges(self) -> Sequence[Merge]:
        """Return the merged ranges."""
        return self._book.merges(self._sheet)

    def records(self) -> Iterator[Record]:
        """Yield every row that holds anything."""
        self._consumed = 0.0
        for record in self._book.records(self._sheet):
            self._consumed = min(1.0, record.number / self._extent) if self._extent else 0.0
            yield record
        self._consumed = 1.0
