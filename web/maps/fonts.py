"""The font that pictures are written with: one with Chinese letters, found among those of the machine.

A picture of a map without its review mark must not be shown, and that mark is Chinese: where no such font is
installed there are no pictures, and pages do without.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from PIL import ImageFont
from PIL.ImageFont import FreeTypeFont

from stations.errors import Unavailable

__all__ = ["Face", "Faces", "drawable", "faces", "font", "is_installed"]

#: Regular and bold, the most wanted first. Debian: fonts-noto-cjk, fonts-wqy-microhei, fonts-droid-fallback.
_WANTED = (
    ("NotoSansCJK-Regular.ttc", "NotoSansCJK-Bold.ttc"),
    ("NotoSansCJKsc-Regular.otf", "NotoSansCJKsc-Bold.otf"),
    ("NotoSansSC-Regular.otf", "NotoSansSC-Bold.otf"),
    ("SourceHanSansSC-Regular.otf", "SourceHanSansSC-Bold.otf"),
    ("wqy-microhei.ttc", ""),
    ("wqy-zenhei.ttc", ""),
    ("DroidSansFallbackFull.ttf", ""),
    ("DroidSansFallback.ttf", ""),
)
_FOLDERS = (
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path("~/.local/share/fonts"),
    Path("~/.fonts"),
)
#: No font has a letter there; what is drawn for it is drawn for every letter that a font lacks.
_NO_LETTER = "\U0010fffe"
_SPACES = frozenset(" \u3000")


@dataclass(frozen=True, slots=True)
class Face:
    """A font file and the number of the face in it. heavy: drawn with a thin line around each letter."""

    file: str
    index: int = 0
    heavy: bool = False


@dataclass(frozen=True, slots=True)
class Faces:
    """The two weights that pictures use."""

    regular: Face
    bold: Face


def is_installed() -> bool:
    """Tell whether pictures can be written at all."""
    return _found() is not None


def faces() -> Faces:
    """Return the faces found. Raises Unavailable where the machine has none with Chinese letters."""
    found = _found()
    if found is None:
        raise Unavailable(
            "No font with Chinese letters is installed, so pictures of maps cannot be drawn. "
            "Install one: Debian's fonts-wqy-microhei or fonts-noto-cjk."
        )
    return found


@lru_cache(maxsize=64)
def font(face: Face, size: int) -> FreeTypeFont:
    """Open a face at a size in pixels."""
    return ImageFont.truetype(face.file, size, index=face.index, layout_engine=ImageFont.Layout.RAQM)


def drawable(words: str, face: Face) -> str:
    """Return words without the letters that the face lacks, control characters included: they would be boxes."""
    return "".join(char for char in words if char in _SPACES or _has(face, char)).strip()


@lru_cache(maxsize=16_384)
def _has(face: Face, char: str) -> bool:
    return char.isprintable() and _image(face, char) != _image(face, _NO_LETTER)


def _image(face: Face, char: str) -> tuple[tuple[int, int], bytes]:
    mask = font(face, 24).getmask(char)
    return mask.size, bytes(mask)


@cache
def _found() -> Faces | None:
    present: dict[str, Path] = {}
    for folder in _FOLDERS:
        for file in sorted(folder.expanduser().rglob("*.[ot]t[cf]")):
            present.setdefault(file.name, file)
    for regular, bold in _WANTED:
        if regular in present:
            plain = _simplified(present[regular])
            heavy = (
                _simplified(present[bold]) if bold in present else Face(plain.file, plain.index, heavy=True)
            )
            return Faces(plain, heavy)
    return None


def _simplified(file: Path) -> Face:
    """Return the face of a collection that draws letters as the mainland writes them."""
    for index in range(16):
        try:
            family = ImageFont.truetype(str(file), 12, index=index).getname()[0] or ""
        except OSError:
            break
        if family.endswith((" SC", "CJK SC")):
            return Face(str(file), index)
    return Face(str(file))
