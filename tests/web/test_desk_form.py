"""The form of a station by property: whatever it holds, looking at it changes nothing; our own links are read back."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, box
from werkzeug.datastructures import MultiDict

from geo.mainland import Mainland
from stations import vocabulary as words
from stations.editing.checks import clean
from stations.editing.draft import Draft, empty
from stations.editing.pasted import read_pasted
from stations.query import By
from web.desk.editing_form import inputs, read
from web.desk.editing_rows import ROWS, rows_of
from web.finder.links import Spot, go_there

TODAY = date(2026, 3, 2)
MAINLAND = Mainland.from_geometry(MultiPolygon([box(73, 18, 135, 54)]))
#: Anything that the registry may hold, line ends and quotation marks included.
TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\u2028\u2029"), min_size=1, max_size=30
).filter(str.strip)
DAYS = st.sampled_from(["2026-01-01/2026-01-01", "2026-02-15/2026-02-23", "2026-10-01/2026-10-07"])
EXPRESSIONS = st.sampled_from(
    [None, "unknown", "10:00-16:00", "10:00-12:00,14:00-18:00", "Mo-Fr 08:00-09:00"]
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "name.zh": TEXT,
    "name.bo": TEXT,
    "name.ug": TEXT,
    "address": TEXT,
    "phone": TEXT,
    "capacity": st.integers(0, 100_000),
    "area_m2": st.decimals(0, 99_999, places=1).map(lambda value: f"{value.normalize():f}"),
    "kind": st.sampled_from(sorted(words.KINDS)),
    "premises": st.sampled_from(sorted(words.PREMISES)),
    "cards": st.lists(TEXT, min_size=1, max_size=3, unique=True),
    "partner.host": st.lists(TEXT, min_size=1, max_size=3, unique=True).map(sorted),
    "lifecycle": st.tuples(
        st.sampled_from(sorted(words.LIFECYCLE)), st.none() | st.just("2026-01-01"), st.none() | TEXT
    ).map(list),
    "position": st.tuples(
        st.floats(73, 135), st.floats(18, 54), st.sampled_from(["wgs84", "gcj02", "bd09"]), st.booleans()
    ).map(list),
    "hours": st.tuples(
        st.none() | TEXT, st.sampled_from([None, "24/7", "Mo-Fr 08:30-17:00"]), st.just("plain")
    ).map(list),
    "amenity.wifi": st.sampled_from(["yes", "no", "broken", "inferred_yes", "inferred_no"]),
    "opened_on": st.just("2024-05-01"),
}  # fmt: skip


@st.composite
def drafts(draw: st.DrawFn) -> Draft:
    """Draw a station of which anything may be known."""
    chosen = draw(st.sets(st.sampled_from(sorted(VALUES))))
    fields = dict(empty().fields) | {"name.zh": "驿站"} | {key: draw(VALUES[key]) for key in sorted(chosen)}
    for days in draw(st.sets(DAYS)):
        rows = st.lists(st.tuples(EXPRESSIONS, TEXT | st.just("")).map(list), min_size=1, max_size=2)
        fields[f"exception.{days}"] = draw(rows)
    for days in draw(st.sets(DAYS)):
        count = st.tuples(st.integers(0, 10**6), st.booleans(), st.none() | TEXT, st.none() | TEXT).map(list)
        fields[f"visits.{days}"] = draw(st.lists(count, min_size=1, max_size=2))
    return Draft("63000018", 1, fields)


def browser(draft: Draft) -> MultiDict[str, str]:
    """Send back what a browser would: boxes that are not ticked are missing, line ends are CR LF."""
    sent: list[tuple[str, str]] = [
        (name, text.replace("\n", "\r\n"))
        for name, text in inputs(draft.fields).items()
        if text or name not in {"hours.manual", "position.believe"}
    ]
    for part, names in ROWS.items():
        blank = dict.fromkeys(names, "") | {"state": "closed", "exactness": "exact"}
        sent.append((f"rows.{part}", "1"))
        for row in [*rows_of(part, draft.fields), blank]:
            sent += [(f"{part}.{name}", row[name]) for name in names]
    return MultiDict([*sent, ("follow", "1")])


@settings(max_examples=50)
@given(drafts())
def test_a_form_that_is_sent_back_as_it_was_shown_changes_no_field(draft: Draft) -> None:
    found = read(browser(draft), draft, today=TODAY)
    assert (found.fields, found.wrong) == ({}, {})


@given(
    drafts(), st.sampled_from(["address", "phone", "capacity", "premises", "amenity.aed", "partner.funder"])
)
def test_one_edit_changes_its_own_field_alone(draft: Draft, key: str) -> None:
    value = {"capacity": "77", "premises": "kiosk", "amenity.aed": "no"}.get(key, "0972-8522222")
    sent = browser(draft)
    if sent[key] == value:
        return
    sent[key] = value
    found = read(sent, draft, today=TODAY)
    assert list(found.fields) == [key]
    clean(key, found.fields[key])


@given(
    st.lists(st.tuples(st.sampled_from(sorted(inputs(empty().fields))), st.text(max_size=30)), max_size=12)
)
def test_whatever_is_sent_is_read_or_told_at_a_field(sent: list[tuple[str, str]]) -> None:
    found = read(MultiDict(sent), empty(), today=TODAY)
    assert all(error.reason for error in found.wrong.values())


@pytest.mark.parametrize("by", list(By))
@settings(max_examples=30)
@given(st.floats(74, 134), st.floats(19, 53))
def test_the_links_that_our_own_pages_write_are_read_back_in_their_datum(
    by: By, lon: float, lat: float
) -> None:
    for link in go_there(Spot(lon, lat, "驿站, 一楼", "昆仑路1号", by), MAINLAND):
        found = read_pasted(link.url)
        assert found.datum is link.datum
        assert found.app == link.app
        assert f"{found.lat:.6f}" in link.url
        assert f"{found.lon:.6f}" in link.url
