"""Numbers of commits survive a dump and a restore, and go on behind the last one."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import create_engine, make_url, select, text
from sqlalchemy.orm import Session

from conftest import fill_squares
from stations.cluster import Cluster
from stations.cluster.server import choose
from stations.models import Commit, Station
from stations.registry import registry
from stations.registry.public import changes
from stations.registry.writing import OPERATOR, acting, actor_id


def add(session: Session, actor: int, name: str) -> str:
    with acting(session, actor, reason="test"):
        station = registry.add(session, names={"zh": name}, kind="care_station", region_code="630222")
    session.commit()
    return station.code


def test_seq_history_and_codes_go_on_after_a_dump_and_a_restore(
    cluster: Cluster, new_database: Callable[[], str], tmp_path: Path
) -> None:
    url = new_database()
    engine = create_engine(url)
    with Session(engine) as session:
        operator = actor_id(session, OPERATOR)
        fill_squares(session, operator)
        session.commit()
        first = add(session, operator, "转储之前")
        seen, _ = changes(session, 0)
        before = session.execute(text("SELECT id, seq, reason FROM commits ORDER BY id")).all()
    engine.dispose()

    server, sockets, name = choose(), str(cluster.place.sockets), make_url(url).database
    dump, copy = tmp_path / "registry.dump", f"{name}_restored"
    connection = ["-h", sockets, "-U", "postgres"]
    subprocess.run([server.program("pg_dump"), *connection, "-Fc", "-f", dump, str(name)], check=True)
    cluster.drop_database(copy)
    subprocess.run([server.program("createdb"), *connection, "-O", "yizhan_owner", copy], check=True)
    subprocess.run([server.program("pg_restore"), *connection, "-d", copy, dump], check=True)

    restored = create_engine(cluster.url(copy))
    with Session(restored) as session:
        assert session.execute(text("SELECT id, seq, reason FROM commits ORDER BY id")).all() == before
        second = add(session, operator, "恢复之后")
        assert second != first
        upto, told = changes(session, seen)
        assert [code for _, code, _ in told] == [second]
        assert upto == seen + 1
        assert session.scalars(select(Commit.seq).where(Commit.seq.is_(None))).all() == []
        assert len(session.scalars(select(Station.code)).all()) == 2
    restored.dispose()
    cluster.drop_database(copy)
