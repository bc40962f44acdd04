"""A whole site for drills: its processes, its own cluster with fsync on, a keeper who logs in and sends forms over HTTP."""

from __future__ import annotations

import copy
import http.cookiejar
import io
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import urlencode

import shapely
from geoalchemy2.shape import from_shape
from shapely.geometry import MultiPolygon, box
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from stations import accounts
from stations.accounts import entering, passwords
from stations.accounts.door import as_door
from stations.cluster import OWNER, Cluster
from stations.models import Region, RegistryInfo
from stations.registry import registry
from stations.registry.writing import OPERATOR, acting, actor_id
from stations.schema import migrate

__all__ = ["EDITED", "PATIENCE_S", "Site", "site"]

ROOT = Path(__file__).resolve().parents[2]
#: Stations that somebody edits while lists come.
EDITED: Final = 5
PATIENCE_S: Final = 150.0
_LOGIN, _PASSWORD = "keeper", "drill-of-seven-lamps"
Form = dict[str, str] | list[tuple[str, str]]


class Site:
    """A running site: its processes, its cluster, and a keeper who is logged in."""

    def __init__(self, cluster: Cluster, folder: Path, settings: Mapping[str, str]) -> None:
        self.cluster, self.folder, self.settings = cluster, folder, settings
        self.url = cluster.url("yizhan_drill")
        self.engine: Engine = create_engine(self.url, pool_pre_ping=True)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.port = int(taken.getsockname()[1])
        self.process: subprocess.Popen[bytes] | None = None
        self._browser = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()), _Stay()
        )

    def start(self) -> None:
        """Start the site and wait until it answers."""
        environment = {
            "YIZHAN_DATABASE_URL": self.url,
            "YIZHAN_OWNER_DATABASE_URL": self.url.replace("yizhan_app@", f"{OWNER}@"),
            "YIZHAN_SECRET_KEY": "drill" * 8,
            "YIZHAN_PORT": str(self.port),
            "YIZHAN_WORKERS": "1",
            "YIZHAN_UPLOADS": str(self.folder / "uploads"),
            **self.settings,
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("YIZHAN_")}
        with (self.folder / "site.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "web.up"], cwd=ROOT, env=kept | environment, stdout=log, stderr=log
            )
        self.until(lambda: self.ask("/healthz")[0] == 200, "the site does not answer")

    def stop(self) -> None:
        """End the site in order."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(60)
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()

    def kill(self, target: str) -> None:
        """Kill one of the three; of the server and the worker, the process that the site started itself."""
        if target == "database":
            line = (self.cluster.place.data / "postmaster.pid").read_text(encoding="ascii").splitlines()[0]
            os.kill(int(line), signal.SIGKILL)
            return
        module = {"server": "web.serving", "worker": "web.jobs"}[target]
        for process in self._children(module):
            with suppress(ProcessLookupError):
                os.killpg(process, signal.SIGKILL)

    def bring_back(self, target: str) -> None:
        """Start again what does not come back by itself."""
        if target == "database":
            self.until(self._database_is_down, "the killed database still answers")
            self.cluster.start()
        if target == "server" and self.process is not None:
            # A site whose server is gone ends, and whoever keeps it starts it again.
            self.process.wait(90)
        if self.process is None or self.process.poll() is not None:
            self.start()
        self.until(lambda: self.ask("/healthz")[0] == 200, "the site does not come back")

    def another(self) -> Site:
        """Return the same site as another browser of its keeper sees it, logged in."""
        other = copy.copy(self)
        other._browser = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()), _Stay()
        )
        other.log_in()
        return other

    def log_in(self) -> None:
        """Log in as the keeper."""
        status, _, where = self.ask("/desk/log-in", {"login": _LOGIN, "password": _PASSWORD})
        if status != 303 or where.endswith("/log-in"):
            raise RuntimeError(f"the keeper cannot log in: {status} {where}")

    def ask(
        self, path: str, form: Form | None = None, *, file: tuple[str, bytes] | None = None
    ) -> tuple[int, str, str]:
        """Ask for a page or send a form with its token; returns status, text and the address it leads to. 0: no answer."""
        try:
            token = self.token() if form is not None else ""
            request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}")
            if form is not None:
                _fill(
                    request,
                    [("csrf_token", token), *(form.items() if isinstance(form, dict) else form)],
                    file,
                )
            with self._browser.open(request, timeout=120) as answer:
                return answer.status, answer.read().decode(), answer.headers.get("Location", "")
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace"), error.headers.get("Location", "")
        except (OSError, ValueError):
            return 0, "", ""

    def token(self) -> str:
        status, page, _ = self.ask("/desk/imports/new")
        if status != 200:
            page = self.ask("/desk/log-in")[1]
        found = re.search(r'name="csrf-token" content="([^"]+)"', page)
        if found is None:
            raise ValueError("no page, no token")
        return found[1]

    def _children(self, module: str) -> list[int]:
        if self.process is None:
            return []
        wanted = f"{module}\0{self.process.pid}\0".encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if wanted in (process / "cmdline").read_bytes():
                    found.append(int(process.name))
        return found

    def _database_is_down(self) -> bool:
        return not self.cluster.is_running()

    def until(self, reached: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not reached():
            if time.monotonic() > deadline:
                log = (self.folder / "site.log").read_text(encoding="utf-8", errors="replace")
                raise TimeoutError(f"{otherwise}; its last words: {log[-2000:]}")
            time.sleep(0.1)


class _Stay(urllib.request.HTTPRedirectHandler):
    """Goes nowhere by itself: where an answer leads to is part of it."""

    def redirect_request(self, *_: object) -> None:
        return None


def _fill(
    request: urllib.request.Request, form: list[tuple[str, str]], file: tuple[str, bytes] | None
) -> None:
    if file is None:
        request.data = urlencode(form).encode()
        return
    edge = f"edge{random.getrandbits(64):x}"
    out = io.BytesIO()
    for name, value in form:
        out.write(f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode())
    name, data = file
    head = f'--{edge}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
    out.write(head.encode() + data + f"\r\n--{edge}--\r\n".encode())
    request.data = out.getvalue()
    request.add_header("Content-Type", f"multipart/form-data; boundary={edge}")


@contextmanager
def site(root: Path, settings: Mapping[str, str] = MappingProxyType({})) -> Iterator[Site]:
    """Run a whole site over a cluster of its own in the folder ``root``; both end with the block.

    settings: variables of its own beside those of every drill.
    """
    root.chmod(0o755)
    cluster = Cluster.locate(root, name="drill")
    try:
        with cluster.running():
            cluster.create_database("yizhan_drill")
            migrate(cluster.url("yizhan_drill", OWNER))
            running = Site(cluster, root, settings)
            _furnish(running.engine)
            try:
                running.start()
                running.log_in()
                yield running
            finally:
                running.stop()
                running.engine.dispose()
    finally:
        cluster.stop(force=True)


def _furnish(engine: Engine) -> None:
    """Make a province of one county, a keeper with a password, and stations that somebody edits."""
    with Session(engine) as session, session.begin():
        operator = actor_id(session, OPERATOR)
        with acting(session, operator, reason="drill"):
            mainland = shapely.to_wkb(MultiPolygon([box(73, 18, 135, 54)]))
            session.add(
                RegistryInfo(
                    one=1, name="drill", province_code="630000", demonstration=False, mainland=mainland
                )
            )
            for code, parent, level, name in (
                ("630000", None, "province", "青海省"),
                ("630100", "630000", "prefecture", "西宁市"),
                ("630102", "630100", "county", "城东区"),
            ):
                area = from_shape(MultiPolygon([box(101, 36, 102, 37)]), srid=4326)
                session.add(Region(code=code, parent_code=parent, level=level, names={"zh": name}, geom=area))
                session.flush()
            for number in range(EDITED):
                registry.add(
                    session, names={"zh": f"修改站{number}"}, kind="union_station", region_code="630102"
                )
            keeper = accounts.add(session, _LOGIN, name="演练").id
            accounts.grant(session, keeper, "editor", None)
        with as_door(session):
            credential = entering.credential(session, keeper)
            credential.password_hash = passwords.hashed(_PASSWORD)
            credential.password_set_at = datetime.now(UTC)
