"""Markup from strangers, read as a stream: one loop over expat that bounds whatever a bomb would blow up.

Entities cannot grow, since a document type is refused before it can declare any; nesting, the length of one tag and
of one text are bounded; what expat stumbles over is told in words.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Final, Protocol
from xml.parsers import expat

from geo.errors import TableError

__all__ = ["MOST_LETTERS", "Target", "fed"]

#: Characters of one cell: four times what Excel allows.
MOST_LETTERS: Final = 131_072
_BLOCK: Final = 64 << 10
_MOST_PENDING: Final = 1 << 20
_MOST_DEPTH: Final = 100
#: Three a cell: all stations of the country in thirty columns have 17 million.
_MOST_ELEMENTS: Final = 50_000_000


class Target(Protocol):
    """What is told of every element; names come without their prefix."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Begin an element."""

    def end(self, name: str) -> None:
        """End an element."""

    def text(self, text: str) -> None:
        """Take text, perhaps a part of it."""


def fed(file: IO[bytes], target: Target, name: str) -> Iterator[None]:
    """Feed a file of XML to a target, pausing after each block, so that what was made of it can be handed on.

    name: of the file, for messages. Raises TableError for what is no XML or more than bounds allow.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    depth = elements = 0

    def start(element: str, attributes: dict[str, str]) -> None:
        nonlocal depth, elements
        depth += 1
        elements += 1
        if elements > _MOST_ELEMENTS:
            raise TableError(f"{name} has more than {_MOST_ELEMENTS:,} elements: too much for a ledger")
        if depth > _MOST_DEPTH:
            raise TableError(f"{name} nests its elements more than {_MOST_DEPTH} deep: it is no workbook")
        if ":" in element:
            element = element.rpartition(":")[2]
        target.start(element, attributes)

    def end(element: str) -> None:
        nonlocal depth
        depth -= 1
        target.end(element.rpartition(":")[2] if ":" in element else element)

    def doctype(*_: object) -> None:
        raise TableError(
            f"{name} declares a document type, which no workbook needs and bombs are made of; save it anew as .xlsx"
        )

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = target.text
    parser.StartDoctypeDeclHandler = doctype
    read = 0
    try:
        while block := file.read(_BLOCK):
            read += len(block)
            parser.Parse(block, False)
            if read - max(parser.CurrentByteIndex, 0) > _MOST_PENDING:
                raise TableError(
                    f"{name} has a tag of more than {_MOST_PENDING >> 20} MiB: it is no workbook"
                )
            yield
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise TableError(f"{name} is damaged: {error}; open it in a spreadsheet and save it anew") from error
    yield
