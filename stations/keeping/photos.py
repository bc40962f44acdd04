"""A photo from a stranger becomes a picture of ours, or is refused.

Nothing of the file is kept but its pixels: they are decoded and written again as JPEG, so positions, serial numbers of
cameras, comments and anything hidden beside the picture are gone. A file that is also something else (a script, an
archive, a page) is refused and not only cleaned: nobody makes one by accident.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from PIL import Image, ImageOps

from stations.errors import Full, Invalid, TooLarge, Unavailable
from stations.keeping.containers import read_container

__all__ = ["MAX_BYTES", "MAX_PIXELS", "kept", "path_of", "redrawn"]

MAX_BYTES = 12 * 1024 * 1024
MAX_PIXELS = 40_000_000
#: The longer side of what is kept: enough to read a notice at a door.
_SIDE = 1600
_QUALITY = 82
_FIELD = "photo"
#: One picture at a time is decoded in a process: 40 megapixels are 160 MB while they are open.
_DECODING = threading.Lock()
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


def redrawn(data: bytes, *, declared: str | None = None) -> bytes:
    """Return the picture in ``data`` as a new JPEG of at most 1600 pixels a side, upright, without any metadata.

    data: a JPEG, PNG or WebP of at most 12 MB and 40 megapixels. declared: the media type that it was sent as; one that
    names another kind of picture makes it a renamed file. Raises TooLarge, Unsupported (another kind, renamed, a file
    that is two things at once) and Invalid (damaged).
    """
    if len(data) > MAX_BYTES:
        raise TooLarge(
            f"{_FIELD}: {len(data):,} bytes are too many; send {MAX_BYTES // 1024 // 1024} MB at most",
            field=_FIELD,
        )
    kind = read_container(data, declared=declared)
    with _DECODING:
        try:
            return _decode(data, kind)
        except (Invalid, MemoryError):
            raise
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise _too_many_pixels() from error
        except Exception as error:
            # A decoder may raise anything over bytes that were made to break it.
            raise Invalid(
                f"{_FIELD}: the {kind} is damaged and cannot be read to its end", field=_FIELD
            ) from error


@contextmanager
def kept(folder: Path, picture: bytes) -> Iterator[str]:
    """Keep a picture that ``redrawn`` made, for good if the block succeeds; give the SHA-256 that names it.

    The file is there whole or not at all. An error of the block takes it away again, unless it was there before. Raises
    Full where the disk is, Unavailable where the folder cannot be written.
    """
    name = hashlib.sha256(picture).hexdigest()
    target = path_of(folder, name)
    known = target.exists()
    if known:
        # Young again, so that no sweep takes it for an orphan before it is named.
        target.touch()
    else:
        _write(target, picture)
    try:
        yield name
    except BaseException:
        if not known:
            target.unlink(missing_ok=True)
        raise


def path_of(folder: Path, name: str) -> Path:
    """Return where the picture of this SHA-256 lies, whether or not it is there."""
    return folder / name[:2] / f"{name}.jpg"


def _write(target: Path, picture: bytes) -> None:
    fresh = target.with_name(f"{target.stem}.{secrets.token_hex(4)}.new")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with fresh.open("xb") as file:
                file.write(picture)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(target)
        except BaseException:
            with suppress(OSError):
                fresh.unlink(missing_ok=True)
            raise
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise Full("there is no room left for photos; nothing was stored, try again later") from error
        raise Unavailable(f"photos cannot be stored now ({error.strerror}); nothing was stored") from error


def _decode(data: bytes, kind: str) -> bytes:
    with Image.open(io.BytesIO(data), formats=[kind]) as opened:
        if opened.width * opened.height > MAX_PIXELS:
            raise _too_many_pixels(opened.size)
        # Shrinks while decoding where the format can; orientation is the one thing that metadata still decides.
        opened.thumbnail((_SIDE, _SIDE))
        upright = ImageOps.exif_transpose(opened)
    flat = Image.new("RGB", upright.size, "white")
    if upright.has_transparency_data:
        upright = upright.convert("RGBA")
        flat.paste(upright, mask=upright.getchannel("A"))
    else:
        flat.paste(upright.convert("RGB"))
    written = io.BytesIO()
    flat.save(written, "JPEG", quality=_QUALITY, optimize=True)
    return written.getvalue()


def _too_many_pixels(size: tuple[int, int] | None = None) -> TooLarge:
    seen = f"{size[0]} × {size[1]} pixels are" if size else "it has"
    return TooLarge(
        f"{_FIELD}: {seen} too many; send {MAX_PIXELS // 1_000_000} megapixels at most", field=_FIELD
    )
