"""A photo from a stranger: only its pixels are kept, and a file that is anything else is refused and leaves nothing."""

from __future__ import annotations

import errno
import hashlib
import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from stations.errors import Full, Invalid, TooLarge, Unavailable, Unsupported
from stations.keeping import photos
from stations.keeping.photos import kept, path_of, redrawn

SECRET = b"IMEI-864394010512345 36.3212N 102.7951E"


def written(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def door(size: tuple[int, int] = (64, 48), mode: str = "RGB") -> Image.Image:
    """A picture whose left half is red and whose right half is blue."""
    image = Image.new(mode, size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    return image


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width: int, height: int, pixels: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def opened(picture: bytes) -> Image.Image:
    return Image.open(io.BytesIO(picture), formats=["JPEG"])


JPEG = written(door(), "JPEG", quality=95)
PNG = written(door(), "PNG")
WEBP = written(door(), "WEBP", lossless=True)
GIF = written(door(), "GIF")


@pytest.mark.parametrize("data", [JPEG, PNG, WEBP], ids=["jpeg", "png", "webp"])
def test_a_picture_comes_back_as_a_jpeg_that_looks_the_same(data: bytes) -> None:
    picture = opened(redrawn(data))
    assert (picture.format, picture.size, picture.mode) == ("JPEG", (64, 48), "RGB")
    for x, colour in ((8, (254, 0, 0)), (56, (0, 0, 254))):
        seen = picture.getpixel((x, 24))
        assert isinstance(seen, tuple)
        assert max(abs(a - b) for a, b in zip(seen, colour, strict=True)) < 12


def test_metadata_of_every_kind_is_gone() -> None:
    exif = Image.Exif()
    exif[0x010E], exif[0x9286] = SECRET.decode(), SECRET
    exif.get_ifd(0x8825)[2] = (36.0, 19.0, 16.0)
    text = PngInfo()
    text.add_text("Comment", SECRET.decode())
    text.add_itxt("XML:com.adobe.xmp", SECRET.decode())
    for data in (
        written(door(), "JPEG", exif=exif, comment=SECRET, icc_profile=SECRET, xmp=SECRET),
        written(door(), "PNG", exif=exif, pnginfo=text, icc_profile=SECRET),
        written(door(), "WEBP", exif=exif, xmp=SECRET, icc_profile=SECRET, lossless=True),
    ):
        assert SECRET in data or b"iCCP" in data
        picture = redrawn(data)
        assert SECRET not in picture
        assert set(opened(picture).info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert not opened(picture).getexif()


def test_a_picture_taken_sideways_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter to the right
    picture = opened(redrawn(written(door(), "JPEG", exif=exif)))
    assert picture.size == (48, 64)
    top, bottom = picture.getpixel((24, 8)), picture.getpixel((24, 56))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[0] > 200 > top[2]
    assert bottom[2] > 200 > bottom[0]


def test_a_large_picture_is_made_small_and_a_transparent_one_white() -> None:
    assert opened(redrawn(written(door((4000, 3000)), "JPEG"))).size == (1600, 1200)
    clear = opened(redrawn(written(Image.new("RGBA", (40, 40), (255, 0, 0, 0)), "PNG")))
    assert clear.getpixel((20, 20)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_colour_of_png_is_read(mode: str) -> None:
    assert opened(redrawn(written(Image.new(mode, (30, 20)), "PNG"))).size == (30, 20)


def test_the_second_picture_and_the_film_behind_a_phone_s_jpeg_are_dropped() -> None:
    film = b"\x00\x00\x00\x18ftypmp42" + bytes(range(256)) * 40
    for behind in (film, JPEG, b"\0" * 500, b"SEFH" + SECRET):
        assert redrawn(JPEG + behind) == redrawn(JPEG)


POLYGLOTS = {
    "gif_js": b"GIF89a=1;alert(1)//" + GIF[6:],
    "jpeg_zip": JPEG + b"PK\x03\x04\x14\x00\x00\x00" + b"x" * 40,
    "jpeg_html": JPEG + b"<HTML ><script>alert(1)</script>",
    "jpeg_php": written(door(), "JPEG", comment=b"<?php system($_GET[0]); ?>"),
    "jpeg_pdf": written(door(), "JPEG", comment=b"%PDF-1.4"),
    "jpeg_js": JPEG[:2] + b"\xff\xe0/*" + b"\0" * (0x2F2A - 2) + JPEG[2:],
    "png_html": PNG + b"<html>",
    "png_anything_behind": PNG + b"x",
    "png_svg": PNG[:33] + chunk(b"tEXt", b"a\0<svg onload=alert(1)>") + PNG[33:],
    "webp_behind": WEBP + b"MZ\x90\x00",
    "webp_script": written(door(), "WEBP", xmp=b"<script>"),
}
OTHERS = {
    "gif": GIF,
    "bmp": written(door(), "BMP"),
    "tiff": written(door(), "TIFF"),
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "pdf": b"%PDF-1.4 " + JPEG,
    "heic": b"\x00\x00\x00\x24ftypheic\x00\x00\x00\x00mif1heic" + b"x" * 100,
    "avif": b"\x00\x00\x00\x20ftypavif\x00\x00\x00\x00avifmif1" + b"x" * 100,
    "script": b"#!/bin/sh\nrm -rf /\n",
    "nothing": b"",
}


@pytest.mark.parametrize("name", [*POLYGLOTS, *OTHERS])
def test_a_file_that_is_not_just_a_picture_is_refused(name: str) -> None:
    with pytest.raises(Unsupported, match=r"^photo: ") as refused:
        redrawn({**POLYGLOTS, **OTHERS}[name])
    assert refused.value.field == "photo"
    if name in POLYGLOTS and not name.startswith("gif"):
        assert "something else as well" in str(refused.value)


def test_heic_is_refused_with_the_way_out() -> None:
    with pytest.raises(Unsupported, match=r"HEIC and AVIF are not read here.*兼容性最佳"):
        redrawn(OTHERS["heic"])


@pytest.mark.parametrize(
    ("data", "declared"), [(PNG, "image/jpeg"), (JPEG, "image/png"), (JPEG, "text/html"), (WEBP, "image/gif")]
)
def test_a_renamed_file_is_refused(data: bytes, declared: str) -> None:
    with pytest.raises(Unsupported, match=f"sent as '{declared}'"):
        redrawn(data, declared=declared)
    for honest in ("", "application/octet-stream", None):
        assert redrawn(data, declared=honest)


def test_too_many_bytes_are_refused_before_they_are_read() -> None:
    with pytest.raises(TooLarge, match="12,582,913 bytes are too many; send 12 MB at most"):
        redrawn(JPEG + b"\0" * (photos.MAX_BYTES + 1 - len(JPEG)))
    assert redrawn(JPEG + b"\0" * (photos.MAX_BYTES - len(JPEG)))


@pytest.mark.parametrize(
    ("width", "height"), [(7000, 5715), (12_000, 10_000), (60_000, 60_000), (2**31 - 1, 2**31 - 1)]
)
def test_a_bomb_is_refused_by_its_head_and_not_unpacked(
    width: int, height: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpacked: list[object] = []
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", unpacked.append)
    bomb = png(width, height, zlib.compress(b"\0" * 1_000_000))
    with pytest.raises(TooLarge, match="too many; send 40 megapixels at most"):
        redrawn(bomb)
    assert unpacked == []


@pytest.mark.parametrize("data", [JPEG, PNG, WEBP], ids=["jpeg", "png", "webp"])
@given(st.data())
def test_a_damaged_file_is_refused_or_read_and_never_breaks_the_reader(
    data: bytes, draw: st.DataObject
) -> None:
    broken = bytearray(data)
    for _ in range(draw.draw(st.integers(0, 4))):
        broken[draw.draw(st.integers(0, len(broken) - 1))] = draw.draw(st.integers(0, 255))
    del broken[draw.draw(st.integers(1, len(broken))) :]
    try:
        picture = redrawn(bytes(broken))
    except Invalid:
        return
    assert max(opened(picture).size) <= 1600


def test_a_kept_picture_is_named_by_its_bytes(tmp_path: Path) -> None:
    picture = redrawn(JPEG)
    with kept(tmp_path / "photos", picture) as name:
        pass
    assert name == hashlib.sha256(picture).hexdigest()
    assert path_of(tmp_path / "photos", name).read_bytes() == picture


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_what_fails_after_the_picture_takes_it_away_unless_it_was_there_before(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), kept(tmp_path, JPEG):
        raise RuntimeError("the database refused")
    assert files(tmp_path) == []
    with kept(tmp_path, JPEG) as name:
        pass
    with pytest.raises(RuntimeError), kept(tmp_path, JPEG):
        raise RuntimeError("the database refused")
    assert files(tmp_path) == [path_of(tmp_path, name)]


@pytest.mark.parametrize(
    ("number", "error"), [(errno.ENOSPC, Full), (errno.EDQUOT, Full), (errno.EROFS, Unavailable)]
)
@pytest.mark.parametrize("when", ["write", "sync"])
def test_a_full_disk_is_said_and_leaves_no_half_of_a_picture(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    error: type[Exception],
    when: str,
) -> None:
    def full(*_: object) -> None:
        raise OSError(number, "made to fail")

    plain: Callable[..., IO[Any]] = Path.open

    if when == "write":
        monkeypatch.setattr(Path, "open", lambda path, *a: _Failing(plain(path, *a), full))
    else:
        monkeypatch.setattr("os.fsync", full)
    with pytest.raises(error, match="nothing was stored") as failed, kept(tmp_path, JPEG):
        raise AssertionError("nothing was kept")
    monkeypatch.undo()
    assert type(failed.value) is error
    assert files(tmp_path) == []


class _Failing:
    """A file that takes half of what it is given."""

    def __init__(self, file: IO[Any], full: Callable[..., None]) -> None:
        self.file, self.full = file, full

    def __enter__(self) -> _Failing:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def write(self, content: bytes) -> None:
        self.file.write(content[: len(content) // 2])
        self.full()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(Unavailable, match="photos cannot be stored now"), kept(tmp_path / "file", JPEG):
        raise AssertionError("nothing was kept")
