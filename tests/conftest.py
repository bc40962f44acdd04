"""One PostGIS for the run: a private cluster without fsync, a migrated template, a copy of it for each worker.

Each test works in a transaction that is rolled back at its end. Where there is no database the run fails.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
import shapely
from geoalchemy2.shape import from_shape
from hypothesis import settings
from shapely.geometry import MultiPolygon, box
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from stations.cluster import OWNER, Cluster
from stations.cluster.locks import Lock
from stations.models import Region, RegistryInfo
from stations.registry.writing import OPERATOR, acting, actor_id
from stations.schema import migrate

# Speed is measured in benchmarks/, and a busy machine disproves no sentence.
settings.register_profile("yizhan", deadline=None)
settings.load_profile("yizhan")

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"


def _digest() -> str:
    """Name the migrations by their content, so that a changed one makes a new template."""
    found = [*sorted((ROOT / "migrations").rglob("*.py")), ROOT / "stations" / "jobs" / "queue_schema.py"]
    read = [path.read_bytes() for path in found] + [version("procrastinate").encode()]
    return hashlib.sha256(b"".join(read)).hexdigest()[:12]


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The test cluster, running for as long as any worker needs it."""
    with Cluster.locate(ROOT, name="test-cluster", fsync=False).running() as running:
        yield running


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    """A migrated database that nobody connects to; the first worker makes it, the others wait."""
    name = f"yizhan_template_{_digest()}"
    with Lock(ROOT / "var" / "template.lock").alone(120):
        if not cluster.has_database(name):
            making = f"{name}_making"
            cluster.drop_database(making)
            cluster.create_database(making)
            migrate(cluster.url(making, OWNER))
            with cluster.connect() as connection:
                for (old,) in connection.execute(
                    "SELECT datname FROM pg_database WHERE datname LIKE 'yizhan_template_%%' AND datname <> %s",
                    [making],
                ).fetchall():
                    cluster.drop_database(old)
                connection.execute(f'ALTER DATABASE "{making}" RENAME TO "{name}"')
        _drop_leftovers(cluster)
    return name


def _drop_leftovers(cluster: Cluster) -> None:
    """Drop the databases of runs that were killed; those of a run beside this one are named by a living process."""
    with cluster.connect() as connection:
        found = connection.execute(
            "SELECT datname, split_part(datname, '_', 3) FROM pg_database WHERE datname LIKE 'yizhan\\_test\\_%'"
        ).fetchall()
    for name, process in found:
        if not Path(f"/proc/{process}").exists():
            cluster.drop_database(name)


@pytest.fixture(scope="session")
def new_database(cluster: Cluster, template: str) -> Iterator[Callable[[], str]]:
    """Give empty registries of one's own, for tests that commit; the address is the application's."""
    made: list[str] = []

    def make() -> str:
        name = f"yizhan_test_{os.getpid()}_{len(made)}"
        with Lock(ROOT / "var" / "template.lock").alone(120):
            cluster.create_database(name, template=template)
        made.append(name)
        return cluster.url(name)

    yield make
    for name in made:
        cluster.drop_database(name)


@pytest.fixture(scope="session")
def engine(new_database: Callable[[], str]) -> Iterator[Engine]:
    """The worker's own database, as the application's role."""
    made = create_engine(new_database())
    yield made
    made.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session whose transaction is rolled back; what the test commits is a savepoint."""
    with engine.connect() as connection:
        outer = connection.begin()
        with Session(bind=connection, join_transaction_mode="create_savepoint") as opened:
            yield opened
        outer.rollback()


@pytest.fixture
def operator(session: Session) -> int:
    """The actor of the command line, who may write everywhere."""
    return actor_id(session, OPERATOR)


@pytest.fixture
def qinghai(session: Session, operator: int) -> Session:
    """A small registry: a province of two prefectures with two square counties each."""
    fill_squares(session, operator)
    return session


#: code: (parent, level, name, west, south, east, north); squares of 0.2 degrees around Xining.
SQUARES = {
    "630000": (None, "province", "青海省", 101.4, 36.4, 102.2, 36.8),
    "630100": ("630000", "prefecture", "西宁市", 101.4, 36.4, 101.8, 36.8),
    "630102": ("630100", "county", "城东区", 101.4, 36.4, 101.6, 36.8),
    "630103": ("630100", "county", "城中区", 101.6, 36.4, 101.8, 36.8),
    "630200": ("630000", "prefecture", "海东市", 101.8, 36.4, 102.2, 36.8),
    "630202": ("630200", "county", "乐都区", 101.8, 36.4, 102.0, 36.8),
    "630222": ("630200", "county", "民和回族土族自治县", 102.0, 36.4, 102.2, 36.8),
}


def fill_squares(session: Session, actor: int) -> None:
    """Make the small registry that most tests stand on."""
    with acting(session, actor, reason="test regions"):
        session.add(
            RegistryInfo(
                one=1,
                name="test",
                province_code="630000",
                demonstration=False,
                mainland=shapely.to_wkb(MultiPolygon([box(73, 18, 135, 54)])),
            )
        )
        for code, (parent, level, name, *bounds) in SQUARES.items():
            session.add(
                Region(
                    code=code,
                    parent_code=parent,
                    level=level,
                    names={"zh": name},
                    geom=from_shape(MultiPolygon([box(*bounds)]), srid=4326),
                )
            )
            session.flush()
