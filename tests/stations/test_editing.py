"""A station edited by staff: the flat draft, the merge of two edits, the checks at each field, what is written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from editing_helpers import FULL, NOW, REASON, edit, keeper, made, next_commit
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.orm import Session

from stations import vocabulary as words
from stations.editing.authors import changed_by
from stations.editing.checks import REASONS, BadFields, clean
from stations.editing.draft import Position, empty, load
from stations.editing.merge import merge
from stations.editing.place import neighbours, placed
from stations.editing.save import MergeNeeded, Reach, Saved, Twins, add, reach, save
from stations.errors import Invalid, NotAllowed, NotFound
from stations.models import Amenity, Change, Commit, PublicStation, Station
from stations.registry import queries
from stations.registry.regions import mainland_of
from stations.registry.writing import OPERATOR, acting, actor_id
from tests.conftest import fill_squares


def commits(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Commit)) or 0


# The merge, without a database.

FIELDS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 3), max_size=8)


@given(FIELDS, FIELDS, FIELDS)
def test_edits_of_different_fields_always_merge_and_the_same_field_always_asks(
    base: dict[str, int], theirs: dict[str, int], yours: dict[str, int]
) -> None:
    """Whatever two people did: no change of either is lost, and none is written that nobody made."""
    merged = merge(base, theirs, yours)
    clashing = {clash.key for clash in merged.clashes}
    for key in {*base, *theirs, *yours}:
        was, now, wanted = base.get(key), theirs.get(key), yours.get(key, base.get(key))
        stands = merged.changes.get(key, now) if key not in clashing else None
        if wanted == was:
            assert key not in merged.changes
            assert key not in clashing
        elif now == was:
            assert stands == wanted
        elif now == wanted:
            assert stands == now
            assert key not in merged.changes
        else:
            assert key in clashing
    for clash in merged.clashes:
        assert clash.base == base.get(clash.key)
        assert clash.theirs == theirs.get(clash.key)
        assert clash.yours == yours[clash.key]
        assert clash.theirs != clash.yours


@given(FIELDS, FIELDS, FIELDS)
def test_a_merge_that_was_answered_asks_no_more(
    base: dict[str, int], theirs: dict[str, int], yours: dict[str, int]
) -> None:
    clashes = merge(base, theirs, yours).clashes
    seen = {**base, **{clash.key: clash.theirs for clash in clashes}}
    again = merge(seen, theirs, yours)
    assert again.clashes == ()
    assert all(again.changes[clash.key] == clash.yours for clash in clashes)


@given(FIELDS, FIELDS, FIELDS)
def test_who_saves_first_does_not_decide_what_is_merged(
    base: dict[str, int], one: dict[str, int], other: dict[str, int]
) -> None:
    """Two edits that merge give the same station in either order."""
    first, second = base | one, base | other
    here, there = merge(base, first, second), merge(base, second, first)
    assert {clash.key for clash in here.clashes} == {clash.key for clash in there.clashes}
    if not here.clashes:
        assert first | dict(here.changes) == second | dict(there.changes)


# The draft.


def test_every_field_is_read_back_as_it_was_saved(qinghai: Session, operator: int) -> None:
    found = made(qinghai, operator)
    assert dict(found.fields) == FULL | {"region_code": "630102"}


def test_a_code_that_no_station_has_is_not_found(qinghai: Session) -> None:
    for code in ("6300000", "\x00", "x" * 400):
        with pytest.raises(NotFound):
            load(qinghai, code)


def test_an_unchanged_save_writes_nothing(qinghai: Session, operator: int) -> None:
    base = made(qinghai, operator)
    before = commits(qinghai)
    # In other characters and out of order, but the same.
    same = {
        **base.fields,
        "address": " 昆仑东路１号 ".replace("１", "1"),
        "partner.host": ["某社区", "建设银行城东支行"],
    }
    assert save(qinghai, base, edit(operator, same)) == Saved(base.code, ())
    next_commit(qinghai)
    assert save(qinghai, base, edit(operator, same)) == Saved(base.code, ())
    assert commits(qinghai) == before


@pytest.mark.parametrize("key", sorted({*FULL} - {"name.zh"}))
def test_every_field_can_be_emptied_and_filled_again(qinghai: Session, operator: int, key: str) -> None:
    base = made(qinghai, operator)
    without = {
        "kind": "union_station",
        "access": "unknown",
        "fee": "unknown",
        "lifecycle": ["open", None, None],
    }
    saved = save(qinghai, base, edit(operator, {key: without.get(key)}))
    assert isinstance(saved, Saved)
    assert key in saved.changed
    qinghai.expire_all()
    emptied = load(qinghai, base.code)
    assert emptied.fields.get(key) == without.get(key)
    if key != "position":  # which takes along what was said of it
        assert {k: v for k, v in emptied.fields.items() if k != key} == {
            k: v for k, v in base.fields.items() if k != key
        }
    if key != "lifecycle":
        again = save(qinghai, emptied, edit(operator, {key: FULL[key]}))
        assert isinstance(again, Saved)
        qinghai.expire_all()
        assert load(qinghai, base.code).fields[key] == FULL[key]


def test_the_public_row_follows_an_edit(qinghai: Session, operator: int) -> None:
    base = made(qinghai, operator)
    save(qinghai, base, edit(operator, {"name.zh": "新名驿站", "position": [101.7, 36.6, "wgs84", False]}))
    row = qinghai.execute(
        select(PublicStation.name, PublicStation.region_code, queries.x(PublicStation.location)).where(
            PublicStation.code == base.code
        )
    ).one()
    assert tuple(row) == ("新名驿站", "630103", pytest.approx(101.7))


# Two at once.


def test_two_people_who_change_different_fields_are_merged_and_each_hears_of_the_other(
    qinghai: Session, operator: int
) -> None:
    base = made(qinghai, operator)
    wang = keeper(qinghai, operator, "wang", "630102")
    first = save(qinghai, base, edit(operator, {"phone": "0971-7654321", "amenity.toilet": "yes"}))
    assert isinstance(first, Saved)
    next_commit(qinghai)
    second = save(qinghai, base, edit(wang, {"address": "昆仑东路2号"}))
    assert isinstance(second, Saved)
    assert second.changed == ("address",)
    assert [(key, author.name if author else None) for key, author in second.theirs] == [
        ("amenity.toilet", "命令行 Command line"),
        ("phone", "命令行 Command line"),
    ]
    qinghai.expire_all()
    fields = load(qinghai, base.code).fields
    assert (fields["phone"], fields["address"], fields["amenity.toilet"]) == (
        "0971-7654321",
        "昆仑东路2号",
        "yes",
    )


def test_the_same_field_asks_and_nothing_is_written_until_it_is_answered(
    qinghai: Session, operator: int
) -> None:
    base = made(qinghai, operator)
    next_commit(qinghai)
    save(qinghai, base, edit(operator, {"phone": "0971-1111111", "amenity.microwave": "yes"}))
    yours = {"phone": "0971-2222222", "amenity.microwave": "no", "address": "昆仑东路9号"}
    asked = save(qinghai, base, edit(operator, yours))
    assert isinstance(asked, MergeNeeded)
    assert [(c.key, c.base, c.theirs, c.yours) for c in asked.clashes] == [
        ("amenity.microwave", "broken", "yes", "no"),
        ("phone", FULL["phone"], "0971-1111111", "0971-2222222"),
    ]
    assert {key: author.reason for key, author in asked.authors.items()} == {
        "amenity.microwave": REASON,
        "phone": REASON,
    }
    qinghai.expire_all()
    assert load(qinghai, base.code).fields["address"] == FULL["address"]

    answered = save(qinghai, asked.rebased(base), edit(operator, yours | {"amenity.microwave": "yes"}))
    assert isinstance(answered, Saved)
    assert answered.changed == ("address", "phone")
    qinghai.expire_all()
    fields = load(qinghai, base.code).fields
    assert (fields["phone"], fields["amenity.microwave"]) == ("0971-2222222", "yes")


def test_a_field_that_both_set_to_the_same_is_agreed(qinghai: Session, operator: int) -> None:
    base = made(qinghai, operator)
    save(qinghai, base, edit(operator, {"fee": "fee"}))
    assert save(qinghai, base, edit(operator, {"fee": "fee"})).__class__ is Saved


def test_a_removed_exception_and_a_new_one_of_somebody_else_are_merged(
    qinghai: Session, operator: int
) -> None:
    base = made(qinghai, operator)
    save(qinghai, base, edit(operator, {"exception.2026-02-15/2026-02-23": None}))
    other = {"exception.2026-10-01/2026-10-07": [["unknown", "国庆"]]}
    assert isinstance(save(qinghai, base, edit(operator, other)), Saved)
    qinghai.expire_all()
    kept = [key for key in load(qinghai, base.code).fields if key.startswith("exception")]
    assert kept == ["exception.2026-05-01/2026-05-05", "exception.2026-10-01/2026-10-07"]


def test_the_second_of_two_transactions_waits_and_then_asks(new_database: Callable[[], str]) -> None:
    """The row is locked, so that of two savers at the very same time one sees what the other wrote."""
    engine = create_engine(new_database())
    with Session(engine) as session, session.begin():
        operator = actor_id(session, OPERATOR)
        fill_squares(session, operator)
        base = made(session, operator)
    with Session(engine) as one, Session(engine) as other:
        assert isinstance(save(one, base, edit(operator, {"phone": "0971-1111111"})), Saved)
        other.execute(text("SET LOCAL lock_timeout = '150ms'"))
        with pytest.raises(Exception, match="lock timeout"):
            save(other, base, edit(operator, {"phone": "0971-2222222"}))
        other.rollback()
        one.commit()
        asked = save(other, base, edit(operator, {"phone": "0971-2222222"}))
        assert isinstance(asked, MergeNeeded)
        assert [clash.key for clash in asked.clashes] == ["phone"]
    engine.dispose()


def test_the_ledger_tells_who_changed_which_field(qinghai: Session, operator: int) -> None:
    base = made(qinghai, operator)
    station = qinghai.scalars(select(Station.id)).one()
    fields = {
        "name.bo": None,
        "cards": ["工会卡"],
        "partner.host": ["某社区"],
        "hours": None,
        "position": None,
    }
    wang = keeper(qinghai, operator, "wang", None)
    save(qinghai, base, edit(wang, fields | {"amenity.wifi": "yes"}))
    found = changed_by(qinghai, station, since=10**9)
    theirs = {key for key, author in found.items() if author.name == "wang同志"}
    assert theirs >= {"name.bo", "cards", "partner", "hours", "position", "amenity.wifi"}
    assert not theirs & {"name.zh", "phone", "exception", "visits", "lifecycle"}


# What is refused, at which field.


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("name.zh", " ", "needed"),
        ("name.zh", "驿\x00站", "damaged"),
        ("name.zh", "站" * 500, "too_long"),
        ("name.de_DE", "Station", "bad_tag"),
        ("kind", "palace", "not_known"),
        ("kind", None, "needed"),
        ("phone", "call me", "bad_phone"),
        ("phone", "1.38E+10", "bad_phone"),
        ("capacity", "many", "not_a_number"),
        ("capacity", "-3", "not_a_number"),
        ("area_m2", "1e9", "not_a_number"),
        ("opened_on", "2024-02-30", "not_a_day"),
        ("lifecycle", ["gone", None, None], "not_known"),
        ("lifecycle", ["closed", None, "拆除"], "needs_since"),
        ("lifecycle", ["closed", "2026-01-01", " "], "needs_reason"),
        ("lifecycle", "open", "damaged"),
        ("position", [181, 36, "wgs84", False], "not_on_earth"),
        ("position", [float("nan"), 36, "wgs84", False], "not_on_earth"),
        ("position", ["101", 36, "wgs84", False], "not_a_number"),
        ("position", [101.5, 36.6, "pluto", False], "bad_datum"),
        ("hours", ["随便", "Mo-Fr 25:00", "plain"], "bad_hours"),
        ("hours", ["随便", None, "lunar"], "not_known"),
        ("exception.2026-02-23/2026-02-15", [[None, ""]], "days_swapped"),
        ("exception.2026-02-30/2026-03-15", [[None, ""]], "not_a_day"),
        ("exception.2026-02-15/2026-02-23", [["noon", ""]], "bad_hours"),
        ("exception.2026-02-15/2026-02-23", [["", ""]], "bad_hours"),
        ("amenity.sauna", "yes", "not_known"),
        ("amenity.toilet", "maybe", "not_known"),
        ("partner.boss", ["x"], "not_known"),
        ("partner.host", [str(n) for n in range(60)], "too_many"),
        ("visits.2025-01-01/2025-12-31", [[-1, False, None, None]], "not_a_number"),
        ("visits.2025", [[1, False, None, None]], "not_a_day"),
        ("withdrawn", ["", None], "needs_reason"),
        ("colour", "red", "not_known"),
        ("name", "x", "not_known"),
        ("kind.zh", "x", "not_known"),
    ],
)  # fmt: skip
def test_a_bad_value_is_told_at_its_field(key: str, value: Any, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        clean(key, value)
    assert (refused.value.field, refused.value.reason) == (key, reason)
    assert reason in REASONS


def test_every_bad_field_is_told_at_once_and_nothing_is_saved(qinghai: Session, operator: int) -> None:
    base = made(qinghai, operator)
    with pytest.raises(BadFields) as refused:
        save(qinghai, base, edit(operator, {"phone": "?", "capacity": "many", "address": "good"}))
    assert {(p.field, p.reason) for p in refused.value.problems} == {
        ("phone", "bad_phone"),
        ("capacity", "not_a_number"),
    }
    qinghai.expire_all()
    assert load(qinghai, base.code).fields == base.fields


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x, max_size=4)))
def test_a_value_of_any_shape_is_taken_or_refused_and_never_breaks(value: Any) -> None:
    for key in (*FULL, "region_code", "withdrawn"):
        try:
            found = clean(key, value)
        except Invalid as error:
            assert error.field == key  # noqa: PT017 hypothesis gives values of both kinds
        else:
            assert clean(key, found) == found


@pytest.mark.parametrize(
    ("was", "wanted"),
    [("open", "planned"), ("open", "building"), ("closed", "suspended"), ("suspended", "planned")],
)
def test_a_step_that_life_does_not_take_is_refused(
    qinghai: Session, operator: int, was: str, wanted: str
) -> None:
    base = made(qinghai, operator, {"name.zh": "驿站", "lifecycle": [was, "2025-01-01", "原因"]})
    with pytest.raises(BadFields) as refused:
        save(qinghai, base, edit(operator, {"lifecycle": [wanted, "2026-01-01", "原因"]}))
    assert (refused.value.field, refused.value.reason) == ("lifecycle", "no_step")


def test_the_reason_of_a_closure_can_be_corrected_without_a_step(qinghai: Session, operator: int) -> None:
    base = made(qinghai, operator, {"name.zh": "驿站", "lifecycle": ["closed", "2025-01-01", "拆钱"]})
    saved = save(qinghai, base, edit(operator, {"lifecycle": ["closed", "2025-01-01", "拆迁"]}))
    assert saved == Saved(base.code, ("lifecycle",))


# Where the pin is.


@pytest.mark.parametrize(
    ("position", "reason"),
    [
        ([113.6, 34.7, "wgs84", False], "outside_province"),
        ([150.0, 20.0, "wgs84", False], "at_sea"),
        ([-101.5, -36.6, "wgs84", False], "at_sea"),
    ],
)
def test_a_pin_outside_the_province_or_in_the_sea_is_refused(
    qinghai: Session, operator: int, position: list[Any], reason: str
) -> None:
    base = made(qinghai, operator)
    with pytest.raises(BadFields) as refused:
        save(qinghai, base, edit(operator, {"position": position}))
    assert (refused.value.field, refused.value.reason) == ("position", reason)


def test_the_region_follows_the_pin_unless_it_was_chosen(qinghai: Session, operator: int) -> None:
    base = made(qinghai, operator)
    moved = {"position": [102.1, 36.6, "wgs84", False]}
    save(qinghai, base, edit(operator, moved))
    qinghai.expire_all()
    now = load(qinghai, base.code)
    assert now.fields["region_code"] == "630222"
    back = {"position": [101.5, 36.6, "wgs84", False], "region_code": "630222"}
    save(qinghai, now, edit(operator, back, follow=False))
    qinghai.expire_all()
    assert load(qinghai, base.code).fields["region_code"] == "630222"


def test_a_pin_in_another_county_is_refused_to_a_keeper_of_one(qinghai: Session, operator: int) -> None:
    base = made(qinghai, operator)
    wang = keeper(qinghai, operator, "wang", "630102")
    with pytest.raises(BadFields) as refused:
        save(qinghai, base, edit(wang, {"position": [101.7, 36.6, "wgs84", False]}))
    assert (refused.value.field, refused.value.reason) == ("position", "outside_region")
    with pytest.raises(BadFields) as given_away:
        save(qinghai, base, edit(wang, {"region_code": "630103"}))
    assert (given_away.value.field, given_away.value.reason) == ("region_code", "outside_region")


def test_a_station_of_another_county_is_not_given_to_a_keeper_to_change(
    qinghai: Session, operator: int
) -> None:
    base = made(qinghai, operator)
    li = keeper(qinghai, operator, "li", "630222")
    viewer = keeper(qinghai, operator, "viewer", None, role="viewer")
    for actor in (li, viewer):
        next_commit(qinghai)
        with pytest.raises(NotAllowed):
            save(qinghai, base, edit(actor, {"phone": "0971-1111111"}))


@pytest.mark.parametrize(
    ("role", "region"),
    [
        ("editor", "630102"),
        ("administrator", "630200"),
        ("editor", None),
        ("viewer", None),
        ("inspector", "630102"),
    ],
)
def test_where_somebody_may_write_is_what_the_row_policies_say(
    qinghai: Session, operator: int, role: str, region: str | None
) -> None:
    somebody = keeper(qinghai, operator, "somebody", region, role=role)
    found = reach(qinghai, somebody)
    qinghai.execute(text("SELECT set_config('yz.actor', :id, true)"), {"id": str(somebody)})
    everywhere, regions = qinghai.execute(
        text("SELECT yz_everywhere('editor', 'administrator'), yz_regions('editor', 'administrator')")
    ).one()
    assert found == Reach(None if everywhere else frozenset(regions))
    assert reach(qinghai, 10**9) == Reach(frozenset())


def test_numbers_of_another_datum_are_told_and_the_right_datum_is_offered(qinghai: Session) -> None:
    """0.0008 degrees east of the border: read as GCJ-02 it is in the other county."""
    mainland = mainland_of(qinghai)
    at = Position(101.6008, 36.6, "wgs84")
    found = placed(qinghai, at, mainland=mainland, expected=["630102"])
    assert (found.region, found.problem) == ("630103", "outside_region")
    assert ("gcj02", "630102") in {(offer.position.datum, offer.region) for offer in found.offers}
    turned = placed(qinghai, Position(36.6, 101.5 - 30, "wgs84"), mainland=mainland)
    assert turned.problem is not None
    swapped = placed(qinghai, Position(36.6, 89.0, "wgs84"), mainland=mainland)
    assert swapped.offers == ()


def test_a_held_position_is_believed_by_saving_it(qinghai: Session, operator: int) -> None:
    base = made(qinghai, operator)
    with acting(qinghai, operator, reason="an import doubts it"):
        station = qinghai.scalars(select(Station)).one()
        station.location, station.position_hold = (
            None,
            [{"kind": "outside_county", "field": "", "value": "", "reason": ""}],
        )
    qinghai.expire_all()
    held = load(qinghai, base.code)
    assert held.fields["position"] == [101.5, 36.6, "gcj02", True]
    saved = save(qinghai, held, edit(operator, {"position": [101.5, 36.6, "gcj02", False]}))
    assert saved == Saved(base.code, ("position",))
    qinghai.expire_all()
    assert load(qinghai, base.code).fields == base.fields


# Adding and withdrawing.


def test_a_new_station_near_one_of_a_like_name_is_added_only_on_insistence(
    qinghai: Session, operator: int
) -> None:
    first = made(qinghai, operator, {"name.zh": "昆仑路工会驿站", "position": [101.5, 36.6, "wgs84", False]})
    again = {"name.zh": "昆仑路爱心驿站", "position": [101.5003, 36.6001, "wgs84", False]}
    asked = add(qinghai, edit(operator, again))
    assert isinstance(asked, Twins)
    assert [(twin.code, twin.twin) for twin in asked.near] == [(first.code, True)]
    assert asked.near[0].metres < 50
    assert isinstance(add(qinghai, edit(operator, again), insist=True), Saved)
    other = {"name.zh": "城东银行驿站", "position": [101.5003, 36.6001, "wgs84", False]}
    assert isinstance(add(qinghai, edit(operator, other)), Saved)


def test_an_unlocated_namesake_in_the_same_county_is_told(qinghai: Session, operator: int) -> None:
    first = made(qinghai, operator, {"name.zh": "昆仑路工会驿站", "region_code": "630102"})
    asked = add(qinghai, edit(operator, {"name.zh": "昆仑路工会驿站", "region_code": "630102"}))
    assert asked == Twins((), (first.code,))
    assert isinstance(
        add(qinghai, edit(operator, {"name.zh": "昆仑路工会驿站", "region_code": "630222"})), Saved
    )


def test_a_keeper_adds_stations_in_their_own_county_alone(qinghai: Session, operator: int) -> None:
    wang = keeper(qinghai, operator, "wang", "630102")
    here = {"name.zh": "新驿站", "position": [101.5, 36.6, "wgs84", False]}
    saved = add(qinghai, edit(wang, here))
    assert isinstance(saved, Saved)
    for fields, field, reason in (
        ({"name.zh": "外县驿站", "position": [102.1, 36.6, "wgs84", False]}, "position", "outside_region"),
        ({"name.zh": "外县驿站", "region_code": "630222"}, "region_code", "outside_region"),
        ({"name.zh": "无县驿站"}, "region_code", "no_region"),
        ({}, "name.zh", "needed"),
    ):
        with pytest.raises(BadFields) as refused:
            add(qinghai, edit(wang, fields))
        assert (refused.value.field, refused.value.reason) == (field, reason)


def test_a_withdrawn_station_leaves_the_public_view_and_comes_back(qinghai: Session, operator: int) -> None:
    base = made(qinghai, operator)
    twin = made(qinghai, operator, {"name.zh": "另一驿站", "region_code": "630102"})
    for same_as, reason in (("6399999", "no_such_station"), (base.code, "itself")):
        with pytest.raises(Invalid) as refused, qinghai.begin_nested():
            save(qinghai, base, edit(operator, {"withdrawn": ["重复登记", same_as]}))
        assert refused.value.reason == reason
    qinghai.expire_all()
    save(qinghai, base, edit(operator, {"withdrawn": ["重复登记", twin.code]}))
    listed = select(PublicStation.listed).where(PublicStation.code == base.code)
    assert qinghai.scalar(listed) is False
    qinghai.expire_all()
    gone = load(qinghai, base.code)
    assert gone.fields["withdrawn"] == ["重复登记", twin.code]
    save(qinghai, gone, edit(operator, {"withdrawn": None}))
    assert qinghai.scalar(listed) is True


# What an edit says of how it is known.


def test_what_was_seen_at_the_door_is_observed_and_the_rest_is_listed(
    qinghai: Session, operator: int
) -> None:
    base = made(qinghai, operator)
    save(qinghai, base, edit(operator, {"amenity.wifi": "yes"}, verified="现场核实"))
    qinghai.expire_all()
    save(qinghai, load(qinghai, base.code), edit(operator, {"amenity.fridge": "no"}))
    rows = dict(qinghai.execute(select(Amenity.amenity, Amenity.basis)).all())
    assert (rows["wifi"], rows["fridge"], rows["toilet"]) == ("observed", "listed", "listed")
    station = qinghai.scalars(select(Station)).one()
    assert (station.verified_how, station.verified_by, station.verified_at) == ("现场核实", operator, NOW)
    assert qinghai.scalar(select(Amenity.verified_at).where(Amenity.amenity == "wifi")) == date(2026, 3, 2)


def test_a_guess_of_a_list_stays_a_guess_until_somebody_confirms_it(qinghai: Session, operator: int) -> None:
    base = made(
        qinghai, operator, {"name.zh": "驿站", "amenity.wifi": "inferred_yes", "amenity.aed": "inferred_no"}
    )
    assert base.fields["amenity.wifi"] == "inferred_yes"
    assert save(qinghai, base, edit(operator, {"amenity.wifi": "inferred_yes"})).__class__ is Saved
    save(qinghai, base, edit(operator, {"amenity.wifi": "yes"}))
    has = qinghai.scalars(select(PublicStation.has)).one()
    assert has == ["wifi"]


def test_the_note_of_an_amenity_survives_an_edit(qinghai: Session, operator: int) -> None:
    base = made(qinghai, operator)
    with acting(qinghai, operator, reason="a note"):
        row = qinghai.scalars(select(Amenity).where(Amenity.amenity == "toilet")).one()
        row.note = "在二楼"
    save(qinghai, base, edit(operator, {"amenity.toilet": "broken"}))
    qinghai.expire_all()
    assert qinghai.scalar(select(Amenity.note).where(Amenity.amenity == "toilet")) == "在二楼"


def test_an_edit_changes_only_the_rows_that_differ(qinghai: Session, operator: int) -> None:
    base = made(qinghai, operator)
    before = qinghai.scalar(select(func.count()).select_from(Change)) or 0
    save(qinghai, base, edit(operator, {**base.fields, "phone": "0971-1111111"}))
    later = qinghai.scalars(select(Change).order_by(Change.id).offset(before)).all()
    assert [(row.table_name, sorted(row.held)) for row in later] == [("stations", ["phone"])]


def test_neighbours_are_told_nearest_first_and_without_the_station_itself(
    qinghai: Session, operator: int
) -> None:
    near = made(qinghai, operator, {"name.zh": "近驿站", "position": [101.5, 36.6, "wgs84", False]})
    far = made(qinghai, operator, {"name.zh": "远驿站", "position": [101.504, 36.6, "wgs84", False]})
    made(qinghai, operator, {"name.zh": "外驿站", "position": [101.55, 36.6, "wgs84", False]})
    found = neighbours(qinghai, 101.5001, 36.6, name="近驿站")
    assert [(one.code, one.twin) for one in found] == [(near.code, True), (far.code, False)]
    assert [one.code for one in neighbours(qinghai, 101.5001, 36.6, besides=near.code)] == [far.code]


def test_a_draft_begins_with_what_is_unknown() -> None:
    assert empty().fields == {
        "kind": "union_station",
        "access": words.Access.UNKNOWN,
        "fee": words.Fee.UNKNOWN,
        "lifecycle": ["open", None, None],
    }
