"""The servers that are compared: ours as ``script/server`` starts it, tipg and pygeoapi in environments of their own.

All read one table of one database with the same role. Each has two processes. The peers are installed under
``var/benchmarks`` and never among what the project depends on; all are ended with the block that started them.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import urlopen

from sqlalchemy import make_url

from web.settings import Settings

__all__ = ["COLUMNS", "HELLO", "OURS", "PYGEOAPI", "TIPG", "VIEWS", "WORKERS", "Server", "running"]

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "var" / "benchmarks"
OURS, TIPG, PYGEOAPI, HELLO = "ours", "tipg", "pygeoapi", "hello"
WANTED: Final = {
    TIPG: ("tipg==1.6.1", "uvicorn[standard]==0.54.0"),
    PYGEOAPI: ("pygeoapi==0.21.0", "sqlalchemy<2.1", "geoalchemy2", "psycopg2-binary", "gunicorn"),
}
SECRET: Final = "benchmark" * 5
#: What the peers may tell of a station. ``feature`` is all that we tell.
COLUMNS: Final = (
    "station_id", "code", "name", "kind", "station_class", "lifecycle", "region_code", "access", "fee", "feature",
)  # fmt: skip
#: pygeoapi tells whole rows of a feature and of a tile, and fails on a row with two geometries or none: it is given the same table
#: through views of these columns.
VIEWS: Final = """
    CREATE OR REPLACE VIEW peer_stations AS SELECT station_id, code, name, kind, station_class, lifecycle, region_code,
        access, fee, feature, location FROM public_stations
        WHERE location IS NOT NULL;
    CREATE OR REPLACE VIEW peer_tiles AS
        SELECT code, name, kind, station_class, lifecycle, location FROM public_stations;
    GRANT SELECT ON peer_stations, peer_tiles TO yizhan_app
"""
WORKERS: Final = 2
PATIENCE_S: Final = 90.0


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers: where, what is installed, and its first process."""

    name: str
    address: str
    versions: str
    process: int

    def get(self, path: str, *, patience_s: float = 60.0) -> bytes:
        """Return an answer's body. Raises HTTPError that names the path and what was said, TimeoutError."""
        try:
            with urlopen(self.address + path, timeout=patience_s) as answer:  # noqa: S310 - our own loopback
                return bytes(answer.read())
        except HTTPError as error:
            error.add_note(f"{self.name} {path}: {error.read()[:500]!r}")
            raise


@contextmanager
def running(name: str, url: str) -> Iterator[Server]:
    """Run a server over a database until the block ends, with every process it has."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    words, more, ready, versions = _COMMANDS[name](url, port)
    plain = {key: value for key, value in os.environ.items() if not key.startswith(("YIZHAN_", "TIPG_"))}
    log = HOME / f"{name}.log"
    with (
        log.open("wb") as said,
        subprocess.Popen(
            words, env={**plain, **more}, cwd=HOME, stdout=said, stderr=said, start_new_session=True
        ) as process,
    ):
        server = Server(name, f"http://127.0.0.1:{port}", versions, process.pid)
        try:
            _wait(server, ready, process, log)
            yield server
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def _wait(server: Server, path: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            server.get(path)
        except HTTPError as error:
            raise SystemExit(f"{server.name} answers {error.code}: {error.__notes__}") from None
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(
                    f"{server.name} does not answer:\n{log.read_text(errors='replace')[-3000:]}"
                ) from None
            time.sleep(0.2)
        else:
            return


def _environment(name: str) -> tuple[Path, str]:
    """Return where a peer's programs are, installed where they are not there yet, and the versions."""
    home = HOME / name
    if not (home / "complete").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        pip = [str(home / "bin" / "pip"), "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", *WANTED[name]], check=True)
        (home / "complete").touch()
    frozen = subprocess.run(
        [str(home / "bin" / "pip"), "list", "--format", "json", "--disable-pip-version-check"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    told = {each["name"].lower(): each["version"] for each in json.loads(frozen.stdout)}
    names = [name, "uvicorn" if name == TIPG else "gunicorn"]
    return home / "bin", ", ".join(f"{each} {told[each]}" for each in names)


_Command = tuple[list[str], Mapping[str, str], str, str]


def _ours(url: str, port: int) -> _Command:
    settings = Settings(secret_key=SECRET, database_url=url, port=port, workers=WORKERS, api_per_minute=0)
    path = os.pathsep.join((str(ROOT), str(ROOT / "benchmarks"), str(ROOT / "benchmarks" / "parts")))
    words = [sys.executable, str(ROOT / "benchmarks" / "api.py"), "--serve"]
    return words, {**settings.environment(), "PYTHONPATH": path}, "/healthz", ""


def _tipg(url: str, port: int) -> _Command:
    programs, versions = _environment(TIPG)
    parts = make_url(url)
    config = {
        "DATABASE_URL": f"postgresql://{parts.username}@{quote(str(parts.query['host']), safe='')}:"
        f"{parts.query.get('port', '5432')}/{parts.database}?jit=off",
        "TIPG_DB_TABLES": '["public.public_stations"]',
        "TIPG_TABLE_CONFIG__public_public_stations__geomcol": "location",
        "TIPG_TABLE_CONFIG__public_public_stations__pk": "code",
        "TIPG_TABLE_CONFIG__public_public_stations__properties": json.dumps(COLUMNS),
        # The catalogue of tables is read at the start; reading it again would cost within a run.
        "TIPG_CATALOG_TTL": "0",
    }
    words = [str(programs / "uvicorn"), "tipg.main:app", "--host", "127.0.0.1", "--port", str(port)]
    words += ["--workers", str(WORKERS), "--log-level", "warning", "--no-access-log"]
    return words, config, "/collections/public.public_stations", versions


def _pygeoapi(url: str, port: int) -> _Command:
    programs, versions = _environment(PYGEOAPI)
    parts = make_url(url)
    data = {
        "host": parts.query["host"], "port": int(str(parts.query.get("port", 5432))), "dbname": parts.database,
        "user": parts.username, "password": "", "search_path": ["public"],
    }  # fmt: skip
    table: dict[str, Any] = {
        "data": data, "id_field": "code", "geom_field": "location", "options": {"options": "-c jit=off"},
    }  # fmt: skip
    config: dict[str, Any] = {
        "server": {
            "bind": {"host": "127.0.0.1", "port": port},
            "url": f"http://127.0.0.1:{port}",
            "mimetype": "application/json; charset=UTF-8",
            "encoding": "utf-8",
            "gzip": False,
            "languages": ["en-US"],
            "limits": {"default_items": 100, "max_items": 1000},
            "map": {"url": "", "attribution": ""},
            "admin": False,
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {
                "title": "peer", "description": "peer", "keywords": ["peer"], "terms_of_service": "", "url": "",
            },
            "license": {"name": "", "url": ""},
            "provider": {"name": "", "url": ""},
            "contact": {"name": "", "email": "", "url": ""},
        },
        "resources": {
            "stations": {
                "type": "collection",
                "title": "stations",
                "description": "stations",
                "keywords": ["stations"],
                "links": [],
                "extents": {"spatial": {"bbox": [73, 3, 136, 54], "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84"}},
                "providers": [
                    {"type": "feature", "name": "PostgreSQL", "table": "peer_stations", **table},
                    {
                        "type": "tile", "name": "MVT-postgresql", "table": "peer_tiles", **table,
                        "options": {**table["options"], "zoom": {"min": 0, "max": 16}},
                        "format": {"name": "pbf", "mimetype": "application/vnd.mapbox-vector-tile"},
                    },
                ],
            }
        },
    }  # fmt: skip
    # JSON is YAML.
    settings, openapi = HOME / "pygeoapi-config.yml", HOME / "pygeoapi-openapi.yml"
    settings.write_text(json.dumps(config), encoding="utf-8")
    environment = {"PYGEOAPI_CONFIG": str(settings), "PYGEOAPI_OPENAPI": str(openapi)}
    made = subprocess.run(
        [str(programs / "pygeoapi"), "openapi", "generate", str(settings), "--output-file", str(openapi)],
        env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if made.returncode:
        raise SystemExit(f"pygeoapi describes nothing: {made.stderr[-3000:]}")
    words = [str(programs / "gunicorn"), "pygeoapi.flask_app:APP", "--bind", f"127.0.0.1:{port}"]
    words += ["--workers", str(WORKERS), "--timeout", "120", "--log-level", "error"]
    return words, environment, "/collections/stations", versions


_COMMANDS: Final = {OURS: _ours, TIPG: _tipg, PYGEOAPI: _pygeoapi}
