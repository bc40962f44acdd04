"""The rules of the house that a linter cannot hold: what is documented, where things live, what is never committed."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

from stations.query import NAMES
from web.settings import SETTINGS

ROOT = Path(__file__).resolve().parents[2]
TRACKED = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    if name and (ROOT / name).is_file()
]
TEXTS = [
    path for path in TRACKED if path.suffix not in {".png", ".jpg", ".shp", ".shx", ".dbf", ".gpkg", ".ico"}
]
PYTHON = [path for path in TRACKED if path.suffix == ".py"]
DOCS = [path for path in TRACKED if path.suffix == ".md"]


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_the_top_level_is_the_one_that_was_agreed() -> None:
    for name in (
        "stations",
        "geo",
        "web",
        "data/shapefiles",
        "migrations",
        "tests",
        "script",
        "docs",
        "benchmarks",
    ):
        assert (ROOT / name).is_dir(), name
    for name in ("pyproject.toml", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", ".ci/run"):
        assert (ROOT / name).is_file(), name


def test_spatial_sql_stands_in_the_registry_s_queries_and_the_migrations_alone() -> None:
    allowed = {ROOT / f"stations/registry/{name}.py" for name in ("queries", "tiles", "tile_cells")}
    strays = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in PYTHON
        if path not in allowed and path.relative_to(ROOT).parts[0] in {"stations", "web", "geo"}
        for word in re.findall(r"\b\w+\.ST_\w+", read(path))
    ]
    assert strays == []


def test_no_face_and_no_spatial_science_knows_spatial_sql() -> None:
    strays = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in PYTHON
        if path.relative_to(ROOT).parts[0] in {"web", "geo"}
        for word in re.findall(r"\bST_[A-Z]\w+(?=\()", read(path))
    ]
    assert strays == []


def test_folium_is_imported_by_the_maps_alone() -> None:
    strays = []
    for path in PYTHON:
        if path.relative_to(ROOT).parts[0] not in {"stations", "web", "geo"} or "web/maps" in str(path):
            continue
        for node in ast.walk(ast.parse(read(path))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            strays += [str(path) for name in names if name.split(".")[0] in {"folium", "branca"}]
    assert strays == []


def test_only_the_settings_read_the_environment() -> None:
    # These lay options over the environment and hand it on, to ``Settings.read`` or to a child process.
    allowed = {"web/settings.py", "web/up.py", "web/door.py", "web/cli/common.py"}
    strays = [
        str(path.relative_to(ROOT))
        for path in PYTHON
        if path.relative_to(ROOT).parts[0] in {"geo", "web"}
        and str(path.relative_to(ROOT)) not in allowed
        and re.search(r"os\.environ\b(?!\s*\|)|os\.getenv", read(path))
    ]
    assert strays == []


@pytest.mark.parametrize(
    "lock", ["requirements.lock", "requirements-dev.lock", "script/node.lock", "package-lock.json"]
)
def test_lock_files_carry_hashes_and_name_no_registry(lock: str) -> None:
    text = read(ROOT / lock)
    assert "sha256:" in text or '"integrity": "sha512-' in text
    assert '"resolved"' not in text
    addresses = set(re.findall(r"https?://([^/\"\s]+)", text))
    assert not {host for host in addresses if re.search(r"pypi|pythonhosted|npmjs|jsdelivr|unpkg", host)}


def test_no_tracked_file_names_a_registry_s_host_or_a_path_of_one_machine() -> None:
    # Spelled in pieces, so that this file does not name them itself.
    words = [
        "python" + "hosted.org",
        "registry." + "npmjs",
        "cdn." + "jsdelivr",
        "unpkg" + ".com",
        "cdnjs." + "cloudflare",
    ]
    strays = [f"{path.relative_to(ROOT)}: {word}" for path in TEXTS for word in words if word in read(path)]
    assert strays == []


def test_no_file_of_the_shared_inputs_is_committed() -> None:
    shared = ROOT.parent / "shared" / "data"
    given = {path.read_bytes() for path in shared.rglob("*") if path.is_file() and path.stat().st_size > 1024}
    assert [str(path) for path in TRACKED if path.read_bytes() in given] == []


def test_every_setting_is_documented_with_its_default() -> None:
    text = read(ROOT / "docs/operating.md")
    for setting in SETTINGS:
        assert f"`{setting.name}`" in text, f"{setting.name} is not in docs/operating.md"


def test_every_name_of_the_query_string_is_documented() -> None:
    text = read(ROOT / "docs/api.md")
    assert [name for name in NAMES if f"`{name}`" not in text] == []


def test_every_room_of_the_architecture_exists_and_every_module_folder_is_in_it() -> None:
    text = read(ROOT / "docs/architecture.md")
    for room in re.findall(r"`((?:geo|stations|web|migrations)/[\w/.]*)`", text):
        assert (ROOT / room).exists(), f"docs/architecture.md names {room}, which is not there"
    for package in ("geo", "stations", "web"):
        for folder in (ROOT / package).iterdir():
            if folder.is_dir() and (folder / "__init__.py").exists():
                assert f"{package}/{folder.name}/" in text, (
                    f"docs/architecture.md does not name {package}/{folder.name}/"
                )


@pytest.mark.parametrize("page", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_and_picture_of_a_page_is_there(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", read(page)):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
    for name in re.findall(r"`((?:docs|script|benchmarks|data)/[\w./-]+)`", read(page)):
        # What an operator puts there is never in the repository.
        assert (ROOT / name).exists() or name.startswith("data/shapefiles/local"), f"{page.name} names {name}"


def test_every_route_that_programs_ask_is_documented() -> None:
    from web import create_app
    from web.settings import Settings

    app = create_app(Settings(secret_key="x" * 40, database_url="postgresql+psycopg://nobody@/none"))
    text = read(ROOT / "docs/api.md")
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/"):
            shown = re.sub(r"<(?:\w+:)?(\w+)>", lambda match: match[1].upper(), rule.rule)
            assert shown in text, f"{shown} is not in docs/api.md"


def test_every_public_module_begins_with_the_idea_that_it_holds() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in PYTHON
        if path.relative_to(ROOT).parts[0] in {"geo", "stations", "web"}
        and not ast.get_docstring(ast.parse(read(path)))
    ]
    assert silent == []


def test_every_test_file_has_a_name_of_its_own() -> None:
    names = [path.name for path in PYTHON if path.name.startswith("test_")]
    assert sorted({name for name in names if names.count(name) > 1}) == []
