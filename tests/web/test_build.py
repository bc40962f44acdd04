"""The front-end assets and catalogues that are made from the checkout."""

from __future__ import annotations

import gzip
import json
import os
from gettext import GNUTranslations
from pathlib import Path

import pytest

from web.build import ASSETS, compile_catalogues, copy_assets

LISTED = {"pretty": ("dist/pretty.js", "dist/images/*.png", "LICENSE")}


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    folder = tmp_path / "node_modules" / "pretty"
    (folder / "dist" / "images").mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"version": "1.2.3"}), encoding="utf-8")
    (folder / "LICENSE").write_text("MIT", encoding="utf-8")
    (folder / "dist" / "pretty.js").write_text(
        f"{'let a;' * 100}\n//# sourceMappingURL=pretty.js.map\n", encoding="utf-8"
    )
    (folder / "dist" / "images" / "pin.png").write_bytes(b"\x89PNG")
    return folder.parent


def test_listed_files_are_served_with_their_licence_and_version(packages: Path, tmp_path: Path) -> None:
    vendor = tmp_path / "vendor"
    assert copy_assets(packages, vendor, LISTED) == 3
    served = {file.relative_to(vendor).as_posix() for file in vendor.rglob("*") if file.is_file()}
    assert served == {
        *("pretty/pretty.js", "pretty/pretty.js.br", "pretty/pretty.js.gz"),
        *("pretty/images/pin.png", "pretty/LICENSE", "pretty/VERSION"),
    }
    assert (vendor / "pretty" / "VERSION").read_text(encoding="ascii") == "1.2.3\n"


def test_a_source_map_that_is_not_served_is_not_asked_for(packages: Path, tmp_path: Path) -> None:
    copy_assets(packages, tmp_path / "vendor", LISTED)
    script = tmp_path / "vendor" / "pretty" / "pretty.js"
    assert script.read_text(encoding="utf-8") == f"{'let a;' * 100}\n"
    assert gzip.decompress(script.with_name("pretty.js.gz").read_bytes()) == script.read_bytes()


def test_files_no_longer_listed_disappear(packages: Path, tmp_path: Path) -> None:
    vendor = tmp_path / "vendor"
    copy_assets(packages, vendor, LISTED)
    (vendor / "pretty" / "old.js").touch()
    copy_assets(packages, vendor, LISTED)
    assert not (vendor / "pretty" / "old.js").exists()


def test_a_missing_file_is_named_and_what_was_served_stays(packages: Path, tmp_path: Path) -> None:
    vendor = tmp_path / "vendor"
    copy_assets(packages, vendor, LISTED)
    with pytest.raises(FileNotFoundError, match=r"pretty has no file dist/gone\.js"):
        copy_assets(packages, vendor, {"pretty": ("LICENSE", "dist/gone.js")})
    assert (vendor / "pretty" / "pretty.js").exists()


def test_every_package_is_listed_with_a_licence() -> None:
    for package, patterns in ASSETS.items():
        assert any("LICEN" in pattern.upper() for pattern in patterns), package


def test_a_catalogue_is_compiled_when_its_text_is_newer(tmp_path: Path) -> None:
    folder = tmp_path / "en" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    source = folder / "messages.po"
    source.write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "驿站"\nmsgstr "Station"\n',
        encoding="utf-8",
    )
    assert compile_catalogues(tmp_path) == 1
    assert compile_catalogues(tmp_path) == 0
    os.utime(source, (2e9, 2e9))
    assert compile_catalogues(tmp_path) == 1
    with (folder / "messages.mo").open("rb") as compiled:
        assert GNUTranslations(compiled).gettext("驿站") == "Station"
