"""The programs of docs/api.md do what they say: run as written, against a registry on a port of its own."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from tests.web.ogc_fixtures import open_registry, site_of
from web.downloads import dumps

DOCS = Path(__file__).resolve().parents[2] / "docs" / "api.md"
#: The address that the examples ask: where ``script/server`` answers a newcomer.
WRITTEN = "http://127.0.0.1:8000"
#: What a page has that an example only shows: a map of MapLibre.
MAP = "const map = { addSource: (name, source) => console.log(`source ${name} ${source.type} ${source.url}`) };\n"


@pytest.fixture(scope="module")
def site(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with (
        open_registry(new_database) as engine,
        site_of(engine, public_url=None, downloads=tmp_path_factory.mktemp("downloads")) as app,
    ):
        assert dumps.keep_up(app.config["YIZHAN_SETTINGS"]) is not None
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.port}"
        server.shutdown()
        thread.join()
        server.server_close()


def examples(language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```$", DOCS.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )


def ran(command: list[str], program: str, site: str, folder: Path) -> list[str]:
    assert WRITTEN in program
    done = subprocess.run(
        command, input=program.replace(WRITTEN, site), capture_output=True, text=True, timeout=120, check=False, cwd=folder,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_the_python_examples_run_as_written(site: str, tmp_path: Path) -> None:
    first, second = (
        ran([sys.executable, "-W", "error::SyntaxWarning", "-"], each, site, tmp_path)
        for each in examples("python")
    )
    assert {line.split()[-1] for line in first} <= {"open", "closed", "unknown"}
    assert any("长宁爱心驿站" in line for line in first)
    assert len(second) == 1
    assert "101.65" in second[0]
    assert {path.suffix for path in tmp_path.iterdir()} >= {".gpkg", ".csv"}


def test_the_javascript_examples_run_as_written(site: str, tmp_path: Path) -> None:
    first, second = (
        ran(["node", "--input-type=module"], MAP + each, site, tmp_path) for each in examples("js")
    )
    assert first
    assert all(float(line.split()[0]) >= 0 for line in first)
    assert (
        f"source stations vector {site}/ogc/collections/stations/tiles/WebMercatorQuad?f=tilejson" in second
    )
    assert sum("seq" in line for line in second) >= 12
