"""What GDAL does not say about a Shapefile: missing and cut-off parts, and the encoding of its text.

A Shapefile is four files that travel badly. Without .cpg or a language mark GDAL takes the text for Latin-1; Chinese
ones are UTF-8 or GBK, and names are cut at the field's width, often in the middle of a character.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from geo.errors import TableError, VectorError
from geo.io.encodings import known_codec

__all__ = ["LOSSLESS", "decoded", "require_parts", "shapefile_encoding"]

# Every byte is a character and comes back as it was: text is read so, and decoded here.
LOSSLESS: Final = "ISO-8859-1"
_CODE_PAGES: Final = {
    "65001": "utf-8",
    "936": "gbk",
    "20936": "gbk",
    "54936": "gb18030",
    "950": "big5",
    "1252": "cp1252",
    "88591": "latin-1",
}
# The language marks of dBASE that leave no doubt; 0x57 says "the writer's own code page" and helps nobody.
_LANGUAGE_MARKS: Final = {0x4D: "gbk", 0x7A: "gbk", 0x4F: "big5", 0x78: "big5"}
_SAMPLED: Final = 2_000


def require_parts(path: Path) -> None:
    """Check that .shx and .dbf stand beside the .shp and that no part is cut short; raise VectorError otherwise."""
    missing = [suffix for suffix in (".shx", ".dbf") if _part(path, suffix) is None]
    if missing:
        raise VectorError(
            f"{path.name} lacks {' and '.join(path.stem + suffix for suffix in missing)}: "
            "a Shapefile needs .shp, .shx and .dbf side by side (and .prj, .cpg if there are any)"
        )
    for suffix in (".shp", ".shx"):
        part = _part(path, suffix) or path
        head = _head(part, 100)
        if head[:4] != b"\x00\x00\x27\x0a":
            raise VectorError(
                f"{part.name} is no part of a Shapefile: its first bytes are {head[:4].hex(' ')}"
            )
        _whole(part, struct.unpack(">i", head[24:28])[0] * 2)
    dbf = _part(path, ".dbf") or path
    records, header, width = struct.unpack("<IHH", _head(dbf, 32)[4:12])
    _whole(dbf, header + records * width)
    shapes = (_size(_part(path, ".shx") or path) - 100) // 8
    if shapes != records:
        raise VectorError(
            f"{path.name} has {shapes} shapes and {records} rows of attributes: its parts are of different exports"
        )


def shapefile_encoding(path: Path, declared: str | None = None) -> str:
    """Return the encoding of the attributes: declared, else by .cpg, else by the .dbf's mark, else by its bytes.

    The bytes of the first 2,000 rows are tried as UTF-8, GBK and GB18030; the one that fails least is taken.
    Raises VectorError for a declared or written encoding that Python does not know.
    """
    try:
        if declared is not None:
            return known_codec(declared)
        cpg = _part(path, ".cpg")
        if cpg is not None and (written := cpg.read_bytes()[:64].decode("ascii", "replace").strip(" \r\n\0")):
            page = re.sub(r"^(ANSI|OEM|CP|WINDOWS)[ \-]?|^ISO[ \-]", "", written.upper())
            return known_codec(_CODE_PAGES.get(re.sub(r"\D", "", page) if page[:1].isdigit() else page, page))
    except TableError as error:
        raise VectorError(f"{path.name}: {error}") from error
    dbf = _part(path, ".dbf") or path
    marked = _LANGUAGE_MARKS.get(_head(dbf, 32)[29])
    return marked or min(("utf-8", "gbk", "gb18030"), key=lambda encoding: _failures(dbf, encoding))


def decoded(text: str, encoding: str) -> str:
    """Decode text that was read as ``LOSSLESS``; a last character that the field's width cut off is dropped.

    Raises UnicodeDecodeError where the bytes are not of that encoding.
    """
    if text.isascii():
        return text
    raw = text.encode(LOSSLESS)
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        if len(raw) - error.start < 4 and ("end of data" in error.reason or "incomplete" in error.reason):
            return raw[: error.start].decode(encoding)
        raise


def _part(path: Path, suffix: str) -> Path | None:
    for spelling in (suffix, suffix.upper()):
        part = path.with_suffix(spelling)
        if part.is_file():
            return part
    return None


def _size(path: Path) -> int:
    return path.stat().st_size


def _head(path: Path, length: int) -> bytes:
    with path.open("rb") as file:
        head = file.read(length)
    if len(head) < length:
        raise VectorError(f"{path.name} is cut short: it has {len(head)} bytes of a header of {length}")
    return head


def _whole(path: Path, expected: int) -> None:
    if _size(path) < expected:
        raise VectorError(f"{path.name} is cut short: {_size(path)} bytes of {expected}; copy it again")


def _failures(dbf: Path, encoding: str) -> int:
    failures = 0
    for raw in _texts(dbf):
        try:
            decoded(raw.decode(LOSSLESS), encoding)
        except UnicodeDecodeError:
            failures += 1
    return failures


def _texts(dbf: Path) -> Iterator[bytes]:
    """Yield the field names and the character cells of the first rows."""
    with dbf.open("rb") as file:
        _, header, width = struct.unpack("<IHH", file.read(32)[4:12])
        spans: list[tuple[int, int]] = []
        at = 1
        for _ in range((header - 33) // 32):
            field = file.read(32)
            if len(field) < 32 or field[0] == 0x0D:
                break
            yield field[:11].split(b"\0")[0]
            if field[11:12] == b"C":
                spans.append((at, at + field[16]))
            at += field[16]
        file.seek(header)
        for _ in range(_SAMPLED):
            record = file.read(width)
            if len(record) < width or not width:
                return
            for start, stop in spans:
                yield record[start:stop].rstrip(b" \0")
