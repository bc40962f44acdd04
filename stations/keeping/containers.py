"""What a file that says it is a picture is made of: which kind, where it ends, and whether something else is inside.

Only the structure is read here, never the pixels. JPEG: ITU-T T.81, PNG: ISO/IEC 15948, WebP: the RIFF container of
RFC 9649. Cameras write things behind the end of a JPEG (a second picture, the film of a "motion photo"); those are let
through, because nothing behind the picture is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from stations.errors import Invalid, Unsupported

__all__ = ["read_container"]

_FIELD = "photo"
_TAKEN = "send a JPEG, PNG or WebP"
_MEDIA_TYPES = {
    "JPEG": {"image/jpeg", "image/jpg", "image/pjpeg"},
    "PNG": {"image/png", "image/x-png"},
    "WEBP": {"image/webp"},
}
#: Senders that do not know what they send.
_ANY_TYPE = {"", "application/octet-stream", "image/*"}
#: Major brands of ISO base media files (ISO/IEC 14496-12) that hold pictures.
_HEIF_BRANDS = {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis"}
_OTHERS = {b"GIF8": "a GIF", b"BM": "a BMP", b"II*\0": "a TIFF", b"MM\0*": "a TIFF", b"%PDF": "a PDF"}
#: Beginnings of what browsers and machines run or unpack.
_FOREIGN = re.compile(
    rb"(?i:<script|<!doctype|<iframe|javascript:|<(?:html|svg|body)[\s>])|<\?php|%PDF-|Rar!\x1a|7z\xbc\xaf\x27"
    # Four bytes alone would be found by chance in the film of one motion photo in a hundred.
    rb"|PK\x03\x04[\x00-\x3f]\x00|\x7fELF[\x01\x02]{2}"
)
_JPEG_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_JPEG_ALONE = {0x01, *range(0xD0, 0xD8)}
_PIXELS_PNG = {b"IDAT", b"fdAT"}
_PIXELS_WEBP = {b"VP8 ", b"VP8L", b"ALPH", b"ANMF"}
#: The two ways in which the first length of a JPEG would begin a comment of JavaScript.
_SCRIPT_LENGTHS = (b"/*", b"//")


def read_container(data: bytes, *, declared: str | None = None) -> str:
    """Return ``JPEG``, ``PNG`` or ``WEBP`` for a file that is one of them from its first byte to its last.

    declared: the media type that it was sent as. Raises Unsupported for other kinds, for a renamed file and for one
    that is something else as well; Invalid for one that breaks off.
    """
    kind = _kind(data)
    media_type = (declared or "").partition(";")[0].strip().lower()
    if media_type not in _ANY_TYPE and media_type not in _MEDIA_TYPES[kind]:
        raise Unsupported(
            f"{_FIELD}: it was sent as {media_type[:60]!r} and is a {kind}; {_TAKEN} under its own name",
            field=_FIELD,
        )
    parts = {"JPEG": _jpeg, "PNG": _png, "WEBP": _webp}[kind](data)
    try:
        foreign = any(_FOREIGN.search(data, start, end) for start, end in parts)
    except (IndexError, ValueError) as error:
        raise Invalid(
            f"{_FIELD}: the {kind} breaks off in the middle; send it again", field=_FIELD
        ) from error
    if foreign:
        raise _two_things(kind)
    return kind


def _kind(data: bytes) -> str:
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        raise Unsupported(
            f"{_FIELD}: HEIC and AVIF are not read here; {_TAKEN} (on an iPhone: 设置 → 相机 → 格式 → 兼容性最佳)",
            field=_FIELD,
        )
    name = next(
        (name for start, name in _OTHERS.items() if data.startswith(start)), "no picture that is read here"
    )
    raise Unsupported(f"{_FIELD}: this is {name}; {_TAKEN}", field=_FIELD)


def _two_things(kind: str) -> Unsupported:
    return Unsupported(
        f"{_FIELD}: this {kind} is something else as well; send a photo as the camera made it, or a screenshot of it",
        field=_FIELD,
    )


def _jpeg(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield where a JPEG holds something that is no pixels: its segments, and what stands behind its end."""
    if data[4:6] in _SCRIPT_LENGTHS:
        raise _two_things("JPEG")
    at = 2
    while True:
        if data[at] != 0xFF:
            raise ValueError(f"no marker at byte {at}")
        while data[at + 1] == 0xFF:
            at += 1
        marker = data[at + 1]
        at += 2
        if marker == 0xD9:
            break
        if marker in _JPEG_ALONE:
            continue
        length = int.from_bytes(data[at : at + 2])
        if length < 2 or at + length > len(data):
            raise ValueError(f"a segment of {length} bytes at byte {at}")
        yield at, at + length
        at += length
        if marker == 0xDA:
            found = _JPEG_MARKER_IN_SCAN.search(data, at)
            if found is None:
                raise ValueError("no end of the picture")
            at = found.start()
    yield at, len(data)


def _png(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the chunks of a PNG that are no pixels; nothing may stand behind the last."""
    at = 8
    while True:
        length, name = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        end = at + 12 + length
        if len(name) < 4 or end > len(data):
            raise ValueError(f"a chunk of {length} bytes at byte {at}")
        if name not in _PIXELS_PNG:
            yield at, end
        at = end
        if name == b"IEND":
            break
    if data[at:].strip(b"\0"):
        raise _two_things("PNG")


def _webp(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the chunks of a WebP that are no pixels; nothing may stand behind the length that its head says."""
    whole = 8 + int.from_bytes(data[4:8], "little")
    if whole > len(data):
        raise ValueError("no end of the picture")
    if data[whole + whole % 2 :].strip(b"\0"):
        raise _two_things("WebP")
    at = 12
    while at + 8 <= whole:
        end = at + 8 + int.from_bytes(data[at + 4 : at + 8], "little")
        if end > whole:
            raise ValueError(f"a chunk that ends at byte {end}")
        if data[at : at + 4] not in _PIXELS_WEBP:
            yield at, end
        at = end + end % 2
