"""What is made from the checkout before it can be served: the front-end assets and the message catalogues.

``python web/build.py`` copies the files listed in ``ASSETS`` from ``node_modules`` to ``web/static/vendor``, writes
Brotli and gzip copies beside them, and compiles ``web/translations``. The licence of each package
travels with it. To serve another package: pin it in ``package.json``, run ``npm install``, and list its files here.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from whitenoise.compress import Compressor

__all__ = ["ASSETS", "compile_catalogues", "copy_assets"]

ASSETS: Mapping[str, tuple[str, ...]] = {
    "leaflet": ("dist/leaflet.js", "dist/leaflet.css", "dist/images/*.png", "LICENSE"),
    # Loaded where the operator serves a vector file as the base map, and nowhere else.
    "protomaps-leaflet": ("dist/protomaps-leaflet.js", "LICENSE"),
}
"""Package → the files served from it (patterns below its folder). ``dist/`` is dropped from the served path."""

_TEXT = {".css", ".js", ".svg"}


def copy_assets(packages: Path, vendor: Path, assets: Mapping[str, tuple[str, ...]] = ASSETS) -> int:
    """Fill ``vendor`` anew from the npm folder ``packages`` and return how many files were copied.

    Raises FileNotFoundError naming the package and pattern that matches nothing; ``vendor`` then stays as it was.
    """
    fresh = vendor.with_name(f"{vendor.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    compressor = Compressor(quiet=True)
    count = 0
    for package, patterns in assets.items():
        for pattern in patterns:
            files = sorted((packages / package).glob(pattern))
            if not files:
                raise FileNotFoundError(
                    f"npm package {package} has no file {pattern} in {packages}; run npm ci"
                )
            for file in files:
                target = (
                    fresh / package / file.relative_to(packages / package).as_posix().removeprefix("dist/")
                )
                target.parent.mkdir(parents=True, exist_ok=True)
                content = (
                    _without_source_map(file.read_bytes()) if file.suffix in _TEXT else file.read_bytes()
                )
                target.write_bytes(content)
                if file.suffix in _TEXT:
                    compressor.compress(str(target))
                count += 1
        version = json.loads((packages / package / "package.json").read_text(encoding="utf-8"))["version"]
        (fresh / package / "VERSION").write_text(f"{version}\n", encoding="ascii")
    shutil.rmtree(vendor, ignore_errors=True)
    fresh.rename(vendor)
    return count


def compile_catalogues(translations: Path) -> int:
    """Compile each message catalogue whose text is newer than its compiled form; return how many there were."""
    compiled = 0
    for source in sorted(translations.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as text:
            catalogue = read_po(text, locale=source.parents[1].name)
        fresh = target.with_suffix(".mo.new")
        with fresh.open("wb") as binary:
            write_mo(binary, catalogue)
        fresh.replace(target)
        compiled += 1
    return compiled


def _without_source_map(content: bytes) -> bytes:
    """Drop the last line that names a source map, which is not served and would only fail in the developer tools."""
    body, _, last = content.rstrip().rpartition(b"\n")
    return body + b"\n" if b"sourceMappingURL=" in last and last.startswith((b"//#", b"/*#")) else content


def main() -> int:
    """Build both."""
    web = Path(__file__).resolve().parent
    try:
        files = copy_assets(web.parent / "node_modules", web / "static" / "vendor")
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{files} front-end files; {compile_catalogues(web / 'translations')} catalogues compiled")
    return 0


if __name__ == "__main__":
    sys.exit(main())
