"""What holds of every list: no text crashes, verdicts part the rows, a second run is silent, order does not matter."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from stations.registry.writing import OPERATOR, actor_id
from tests.conftest import fill_squares
from tests.stations.import_helpers import count, registry, run, write

EXAMPLES = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

odd = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30)
names = st.sampled_from(["工会驿站", "爱心驿站（东）", "劳动者港湾", "甲站", "ICBC 1号", ""]) | odd
degrees = st.sampled_from(["101.5", "101.7", "36.6", "36.65", "102.1", "", "/", "0", "-181", "一百"]) | odd
cells = st.fixed_dictionaries(
    {
        "站点名称": names,
        "所属区县": st.sampled_from(["城东区", "城中区", "民和县", "高新区", ""]) | odd,
        "详细地址": st.sampled_from(["东路1号", "西路2号", ""]) | odd,
        "经度": degrees,
        "纬度": degrees,
        "坐标系": st.sampled_from(["", "WGS84", "GCJ-02", "月球"]),
        "开放时间": st.sampled_from(["8:00-20:00", "24小时", "春节停业", ""]) | odd,
        "服务设施": st.sampled_from(["饮水、空调", "无空调", "瑜伽垫", ""]) | odd,
        "联系电话": st.sampled_from(["0971-8123456", ""]) | odd,
        "容纳人数": st.sampled_from(["12", "-1", ""]) | odd,
        "依托单位": st.sampled_from(["建设银行", ""]) | odd,
        "状态": st.sampled_from(["运营中", "已关闭", ""]) | odd,
        "建成时间": st.sampled_from(["2024-05-01", ""]) | odd,
    }
)
lists = st.lists(cells, min_size=1, max_size=8)


@contextmanager
def fresh(engine: Engine) -> Iterator[Session]:
    with engine.connect() as connection:
        outer = connection.begin()
        with Session(bind=connection, join_transaction_mode="create_savepoint") as session:
            fill_squares(session, actor_id(session, OPERATOR))
            yield session
        outer.rollback()


@contextmanager
def file(rows: list[dict[str, Any]]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield write(Path(folder) / "a.csv", [{"序号": "0", "标记": "行"} | row for row in rows])


@EXAMPLES
@given(lists)
def test_every_row_gets_a_verdict_and_a_second_run_changes_nothing(
    engine: Engine, rows: list[dict[str, str]]
) -> None:
    with fresh(engine) as session, file(rows) as path:
        first = run(session, path, datum=None, keep_going=True)
        assert first.total == len(rows)
        assert set(first.counts) <= {"new", "suspect", "unchanged", "rejected"}
        stored = registry(session), count(session, "history")
        second = run(session, path, datum=None, keep_going=True)
        assert (registry(session), count(session, "history")) == stored
        assert second.counts.get("rejected", 0) == first.counts.get("rejected", 0)
        assert second.counts.get("new", 0) == second.counts.get("changed", 0) == 0
        unsure = sum(any(p.severity == "ambiguous" for p in row.problems) for row in first.rows)
        assert second.counts.get("suspect", 0) == unsure


@EXAMPLES
@given(lists, st.randoms())
def test_the_order_of_rows_and_columns_does_not_matter(
    engine: Engine, rows: list[dict[str, str]], chance: random.Random
) -> None:
    with fresh(engine) as session, file(rows) as path:
        counts = run(session, path, datum=None, keep_going=True).counts
        stored = registry(session)
    turned = chance.sample(rows, len(rows))
    columns = chance.sample(list(turned[0]), len(turned[0]))
    turned = [{column: row[column] for column in columns} for row in turned]
    with fresh(engine) as session, file(turned) as path:
        assert run(session, path, datum=None, keep_going=True).counts == counts
        assert registry(session) == stored


@EXAMPLES
@given(lists)
def test_a_dry_run_says_what_the_run_then_does(engine: Engine, rows: list[dict[str, str]]) -> None:
    with fresh(engine) as session, file(rows) as path:
        dry = run(session, path, datum=None, dry_run=True, keep_going=True)
        assert count(session) == 0
        assert run(session, path, datum=None, keep_going=True).counts == dry.counts


@EXAMPLES
@given(lists, st.data())
def test_a_part_of_a_list_changes_nothing_after_the_whole(
    engine: Engine, rows: list[dict[str, str]], data: st.DataObject
) -> None:
    unique = {row["站点名称"]: row for row in rows}
    with fresh(engine) as session:
        with file(list(unique.values())) as path:
            run(session, path, datum=None, keep_going=True)
        stored = registry(session)
        part = data.draw(st.lists(st.sampled_from(sorted(unique)), min_size=1, unique=True))
        with file([unique[name] for name in part]) as path:
            run(session, path, datum=None, keep_going=True)
        assert registry(session) == stored
