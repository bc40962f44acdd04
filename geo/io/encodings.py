"""Which encoding a text file is in: told by decoding all of it strictly, never by a guess from a sample.

County ledgers come as UTF-8, as GBK or GB18030 from Chinese Excel, and as UTF-16 from its "Unicode text".
The file passes through once, block by block, past one strict decoder for each candidate.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from geo.errors import TableError

__all__ = ["known_codec", "text_encoding"]

_BLOCK: Final = 1 << 20
_CANDIDATES: Final = ("utf-8", "gbk", "gb18030")
# In UTF-8, three bytes and more: every Chinese character.
_WIDE: Final = re.compile("[\u0800-\U0010ffff]")
# In UTF-8, two bytes, but no Latin letter or sign: what two bytes of GBK look like when they pass for UTF-8 by chance.
_STRANGE: Final = re.compile("[\u0250-\u07ff]")
# GBK text yields so many wide UTF-8 characters before its first failure about once in 100,000 files.
_SURELY_UTF8: Final = 3


@dataclass(slots=True)
class _Reading:
    """One strict decoder on its way through the file, and what it has met."""

    encoding: str
    decoder: codecs.IncrementalDecoder = field(init=False)
    fed: int = 0
    feeds: int = 0
    returns: int = 0
    wide: int = 0
    strange: bool = False
    nul_line: int | None = None
    failed_at: int | None = None
    failed_byte: int = 0

    def __post_init__(self) -> None:
        self.decoder = codecs.getincrementaldecoder(self.encoding)("strict")

    @property
    def line(self) -> int:
        return max(self.feeds, self.returns) + 1

    def feed(self, block: bytes, *, final: bool) -> None:
        if self.failed_at is not None:
            return
        pending = self.decoder.getstate()[0]
        try:
            text = self.decoder.decode(block, final)
        except UnicodeDecodeError as error:
            held = error.object
            self.failed_at = self.fed - len(pending) + error.start
            self.failed_byte = held[error.start]
            text = held[: error.start].decode(self.encoding, "ignore")
        self._meet(text)
        self.fed += len(block)

    def _meet(self, text: str) -> None:
        if self.nul_line is None and (at := text.find("\0")) >= 0:
            self.nul_line = (
                max(self.feeds + text.count("\n", 0, at), self.returns + text.count("\r", 0, at)) + 1
            )
        self.feeds += text.count("\n")
        self.returns += text.count("\r")
        if not text.isascii():
            if self.wide < _SURELY_UTF8:
                self.wide += sum(1 for _ in _WIDE.finditer(text))
            self.strange = self.strange or _STRANGE.search(text) is not None


def known_codec(encoding: str) -> str:
    """Return Python's name of a text encoding; raise TableError for a name that is none."""
    try:
        codec = codecs.lookup(encoding.strip())
        "".encode(codec.name)
    except (LookupError, ValueError, TypeError) as error:
        raise TableError(f"Unknown encoding {encoding!r}; declare utf-8, gbk, gb18030 or utf-16") from error
    return codec.name


def text_encoding(path: Path, declared: str | None = None) -> str:
    """Return the encoding in which the whole file decodes strictly, as Python names it.

    Told apart: UTF-8 with or without a byte-order mark, UTF-16 with one, GBK, GB18030. Plain ASCII is UTF-8.
    declared: what the operator says; checked, not trusted.
    Raises TableError that names the line and the byte where the text stops being text, or the better
    encoding where the declared one would give nonsense.
    """
    with path.open("rb") as file:
        head = file.read(4)
    marked = _marked(head, path)
    if declared is not None:
        return _confirmed(path, known_codec(declared), marked)
    if marked is not None:
        return _sound(path, _read_through(path, [marked])[0])
    utf8, gbk, gb18030 = readings = _read_through(path, list(_CANDIDATES))
    if utf8.failed_at is None:
        by_chance = utf8.strange and not utf8.wide and gbk.failed_at is None
        return _sound(path, gbk if by_chance else utf8)
    if utf8.wide >= _SURELY_UTF8:
        return _sound(path, utf8)
    for reading in (gbk, gb18030):
        if reading.failed_at is None:
            return _sound(path, reading)
    return _sound(path, max(readings, key=lambda reading: reading.failed_at or 0))


def _marked(head: bytes, path: Path) -> str | None:
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head in {codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE}:
        raise TableError(f"{path.name} is UTF-32 text; save it as UTF-8")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return None


def _confirmed(path: Path, declared: str, marked: str | None) -> str:
    if marked is not None:
        if declared.removesuffix("-sig").removesuffix("-le").removesuffix("-be") != marked.removesuffix(
            "-sig"
        ):
            raise TableError(
                f"{path.name} begins with the mark of {marked}, not {declared}: declare {marked} or nothing"
            )
        return _sound(path, _read_through(path, [marked])[0])
    reading, utf8 = _read_through(path, [declared, "utf-8"])
    if declared != "utf-8" and utf8.failed_at is None and utf8.wide and utf8.nul_line is None:
        raise TableError(f"{path.name} is declared {declared}, but it is UTF-8: declare utf-8 or nothing")
    return _sound(path, reading, declared=True)


def _sound(path: Path, reading: _Reading, *, declared: bool = False) -> str:
    if reading.nul_line is not None:
        raise TableError(
            f"{path.name} has a NUL byte on line {reading.nul_line}: it is no text file, "
            "or UTF-16 without its mark; save it as CSV in UTF-8"
        )
    if reading.failed_at is not None:
        what = f"is declared {reading.encoding}, and is not" if declared else f"reads as {reading.encoding}"
        raise TableError(
            f"{path.name} {what} text from line {reading.line} on: byte {reading.failed_at} "
            f"(0x{reading.failed_byte:02X}) does not decode; "
            + (
                "declare another encoding or none"
                if declared
                else "the file is damaged or in another encoding"
            )
        )
    return reading.encoding


def _read_through(path: Path, encodings: list[str]) -> list[_Reading]:
    readings = [_Reading(encoding) for encoding in encodings]
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            for reading in readings:
                reading.feed(block, final=False)
            if all(reading.failed_at is not None for reading in readings):
                return readings
    for reading in readings:
        reading.feed(b"", final=True)
    return readings
