"""XLSX as a stream of records: cells as a person sees them, formulas by their saved value, merges beforehand.

Read here and not by a library, because an untrusted sheet has to be bounded cell by cell, and because a formula
that was never computed must not pass for an empty cell. The parts are those of ECMA-376, Part 1, clause 18.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Final, TypeVar

from geo.errors import TableError
from geo.io.archives import opened, part_of
from geo.io.grids import MOST_MERGES, Merge, Record
from geo.io.markup import Target, fed
from geo.io.xlsx_parts import Links, Strings, Styles, Workbook
from geo.io.xlsx_rows import Rows, merged_range

__all__ = ["Xlsx"]

_Part = TypeVar("_Part", bound=Target)

#: Sheets are streamed; shared strings and styles are held in memory.
_MOST_HELD_BYTES: Final = 128 << 20
_MERGE: Final = re.compile(rb"""<(?:\w+:)?mergeCell\s[^>]*?ref\s*=\s*["']([A-Z0-9:$]{1,32})["']""")
_EXTENT: Final = re.compile(
    rb"""<(?:\w+:)?dimension\s[^>]*?ref\s*=\s*["'][A-Z]{1,3}\d{1,7}:[A-Z]{1,3}(\d{1,7})["']"""
)
_OVERLAP: Final = 256
_PIECE: Final = 1 << 20
_OTHERS: Final = {
    "xl/workbook.bin": "a binary workbook (.xlsb)",
    "word/document.xml": "a Word document (.docx)",
    "ppt/presentation.xml": "a presentation (.pptx)",
    "doc.kml": "a KMZ file of Google Earth",
}
_BOOK: Final = "xl/workbook.xml"
_LINKS: Final = "xl/_rels/workbook.xml.rels"


class Xlsx:
    """An .xlsx file. Shared strings and formats are read once; sheets are streamed as often as wanted."""

    def __init__(self, path: Path) -> None:
        """Read which sheets there are; raises TableError for an archive that is no .xlsx workbook."""
        self.path = path
        self._stamp = _stamp(path)
        with opened(path, "workbook") as archive:
            sizes = {part.filename: part.file_size for part in archive.infolist()}
            _require(path, sizes)
            self._book = self._read(archive, _BOOK, Workbook())
            links = self._read(archive, _LINKS, Links())
            parts = {link: part for link, part in links.parts("worksheet").items() if part in sizes}
            self._sheets = [
                (name, visible, parts[link]) for name, visible, link in self._book.sheets if link in parts
            ]
            self._strings = Strings(path.name)
            for part in links.parts("sharedStrings").values():
                if part in sizes:
                    self._read(archive, part, self._strings)
            styles = Styles()
            for part in links.parts("styles").values():
                if part in sizes:
                    self._read(archive, part, styles)
            self._formats = styles.codes()
        if not self._sheets:
            raise TableError(f"{path.name} has no worksheet, only charts or macros; save the table itself")

    @property
    def sheets(self) -> Sequence[tuple[str, bool]]:
        """Name and visibility of every worksheet, in order."""
        return [(name, visible) for name, visible, _ in self._sheets]

    def extent(self, sheet: int) -> int | None:
        """Return the last row that the sheet claims at its beginning."""
        with self._opened() as archive, self._part(archive, sheet) as file:
            found = _EXTENT.search(file.read(4096))
        return int(found[1]) if found else None

    def merges(self, sheet: int) -> list[Merge]:
        """Return the merged ranges. They stand behind the rows, so the text of the sheet is searched for them."""
        merges: list[Merge] = []
        with self._opened() as archive, self._part(archive, sheet) as file:
            rest = b""
            while piece := file.read(_PIECE):
                text = rest + piece
                end = 0
                for found in _MERGE.finditer(text):
                    end = found.end()
                    if (merge := merged_range(found[1].decode())) is not None:
                        merges.append(merge)
                if len(merges) > MOST_MERGES:
                    raise TableError(
                        f"{self.path.name} has more than {MOST_MERGES:,} merged cells in sheet "
                        f"{self._sheets[sheet][0]!r}; unmerge them, or save the sheet as CSV"
                    )
                rest = text[max(end, len(text) - _OVERLAP) :]
        return merges

    def records(self, sheet: int) -> Iterator[Record]:
        """Yield the rows that hold anything."""
        rows = Rows(self.path.name, self._strings.texts, self._formats, from_1904=self._book.from_1904)
        with self._opened() as archive, self._part(archive, sheet) as file:
            for _ in fed(file, rows, self.path.name):
                while rows.ready:
                    yield rows.ready.popleft()

    def _opened(self) -> AbstractContextManager[zipfile.ZipFile]:
        if _stamp(self.path) != self._stamp:
            raise TableError(
                f"{self.path.name} changed while it was read; wait until it is whole and try again"
            )
        return opened(self.path, "workbook")

    def _part(self, archive: zipfile.ZipFile, sheet: int) -> AbstractContextManager[IO[bytes]]:
        return part_of(archive, self._sheets[sheet][2], self.path.name)

    def _read(self, archive: zipfile.ZipFile, part: str, target: _Part) -> _Part:
        with part_of(archive, part, self.path.name) as file:
            for _ in fed(file, target, self.path.name):
                pass
        return target


def _stamp(path: Path) -> tuple[int, int]:
    state = path.stat()
    return state.st_size, state.st_mtime_ns


def _require(path: Path, sizes: Mapping[str, int]) -> None:
    if _BOOK not in sizes:
        kind = next((kind for part, kind in _OTHERS.items() if part in sizes), "a ZIP archive")
        raise TableError(f"{path.name} is {kind}, not an .xlsx workbook; save it as .xlsx or CSV")
    held = sum(size for part, size in sizes.items() if not part.startswith("xl/worksheets/"))
    if held > _MOST_HELD_BYTES:
        raise TableError(
            f"{path.name} unpacks to {held >> 20} MiB of text and styles beside its sheets: "
            "too much for a ledger; save the sheet as CSV"
        )
