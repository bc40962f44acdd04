"""Checklists as data: what is wrong with one is told at once and in words, and answers are rated by its own rules."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stations.errors import Invalid, TooLarge
from stations.keeping.inspecting import documents
from stations.keeping.inspecting.checklist import Checklist
from stations.keeping.inspecting.problems import BadChecklist
from stations.keeping.inspecting.rating import Answer, rate
from stations.keeping.inspecting.reading import read

SHIPPED = documents.shipped()
SIX, STARS, CLASSES = (SHIPPED[code] for code in ("qinghai-six-haves", "star-scheme", "zhejiang-classes"))

GOOD: dict[str, Any] = {
    "code": "own",
    "version": 1,
    "title": "自己的",
    "passing": "fine",
    "items": [
        {"code": "water", "title": "有水", "score": 10},
        {"code": "hot", "title": "水是热的", "score": 5, "needs": ["water"]},
        {"code": "all", "title": "都有", "kind": "sum", "parts": ["water", "hot"]},
        {"code": "more", "title": "其他", "kind": "note"},
    ],
    "ratings": [{"code": "fine", "title": "达标", "least": 10, "requires": ["all"]}],
}


def checks(checklist: Checklist) -> list[str]:
    return [item.code for item in checklist.items if item.kind == "check"]


def all_yes(checklist: Checklist, **others: str) -> dict[str, Answer]:
    return dict.fromkeys(checks(checklist), Answer.YES) | {
        code.replace("_", "-"): Answer(value) for code, value in others.items()
    }


def faults(**changes: Any) -> list[tuple[str, str]]:
    """Change the good checklist at ``items.N.key`` or ``key`` and return what is told of it."""
    document = copy.deepcopy(GOOD)
    for path, value in changes.items():
        at: Any = document
        *way, last = path.split("__")
        for step in way:
            at = at[int(step)] if step.isdigit() else at[step]
        if value is ...:
            del at[last]
        else:
            at[last] = value
    with pytest.raises(BadChecklist) as told:
        read(document)
    assert all(str(problem) for problem in told.value.problems)
    return [(problem.where, problem.reason) for problem in told.value.problems]


def test_the_shipped_checklists_are_read_and_their_best_is_reached() -> None:
    assert (SIX.total, STARS.total, CLASSES.total) == (100, 100, 100)
    for checklist in SHIPPED.values():
        outcome = rate(checklist, all_yes(checklist))
        assert (outcome.rating, outcome.passes) == (checklist.ratings[-1].code, True)
        assert rate(checklist, {}).rating is None
        assert all(words.get("en") for words in (item.title for item in checklist.items))


@pytest.mark.parametrize(
    ("changes", "where", "reason"),
    [
        ({"items__0__score": ...}, "item water", "missing_score"),
        ({"items__0__needs": ["hot"]}, "item water", "loop"),
        ({"items__0__needs": ["water"]}, "item water", "loop"),
        ({"items__0__needs": ["all"]}, "item water", "loop"),
        ({"items__1__code": "water"}, "items", "duplicate"),
        ({"items__0__kind": "magic"}, "item water", "unknown_kind"),
        ({"items__0__photo": "maybe"}, "item water", "unknown_photo"),
        ({"ratings__0__least": 16}, "rating fine", "unreachable"),
        ({"items__2__least": 3}, "item all", "least_of_parts"),
        ({"items__2__score": 5}, "item all", "score_not_here"),
        ({"items__2__parts": []}, "item all", "no_parts"),
        ({"items__0__parts": ["hot"]}, "item water", "parts_not_here"),
        ({"items__1__needs": ["cold"]}, "item hot", "unknown_item"),
        ({"items__1__needs": ["more"]}, "item hot", "names_note"),
        ({"ratings__0__requires": ["cold"]}, "rating fine", "unknown_item"),
        ({"passing": "great"}, "", "unknown_passing"),
        ({"ratings": []}, "", "no_ratings"),
        ({"items__0__colour": "red"}, "item water", "unknown_key"),
        ({"items__0__title": {"en": "water"}}, "item water", "no_chinese"),
        ({"items__0__score": 1.5}, "item water", "wrong_type"),
        ({"items__0__score": True}, "item water", "wrong_type"),
        ({"items__0__score": -5}, "item water", "out_of_range"),
        ({"items__0__title": "水" * 121}, "item water", "too_long"),
        ({"items": "all"}, "", "wrong_type"),
        ({"items": [{}] * 201}, "items", "too_many"),
        ({"code": "Own List"}, "", "bad_code"),
        ({"version": ...}, "", "missing"),
        (
            {
                "ratings": [
                    *GOOD["ratings"],
                    {"code": "better", "title": "更好", "least": 10, "requires": ["all"]},
                ]
            },
            "rating fine",
            "never_given",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_is_wrong_with_a_checklist_is_told_by_where_and_why(
    changes: dict[str, Any], where: str, reason: str
) -> None:
    assert (where, reason) in faults(**changes)


def test_every_fault_is_told_at_once() -> None:
    told = faults(items__0__score=..., items__1__kind="magic", version="one")
    assert {reason for _, reason in told} == {"missing_score", "unknown_kind", "wrong_type"}


def test_a_long_loop_is_told_with_its_way_and_a_deep_chain_without_one_is_fine() -> None:
    chain = [
        {"code": f"i{n}", "title": "项", "score": 1, "needs": [f"i{n + 1}"] if n < 199 else []}
        for n in range(200)
    ]
    document = GOOD | {"items": chain, "ratings": [{"code": "fine", "title": "达标", "least": 200}]}
    assert rate(read(document), {f"i{n}": Answer.YES for n in range(200)}).passes
    chain[199]["needs"] = ["i0"]
    with pytest.raises(BadChecklist, match=r"i0 → i1 → .* → i199 → i0"):
        read(document)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff\xfe", "not_utf8"),
        (b"{", "not_json"),
        (b"a = ", "not_toml"),
        (b"[" * 5000, "not_toml"),
        (b'{"a":' * 5000, "not_json"),
        (b"", "missing"),
    ],
)
def test_a_file_that_is_no_checklist_is_refused_in_words(data: bytes, reason: str) -> None:
    with pytest.raises(Invalid) as told:
        documents.parse(data)
    assert reason in {told.value.reason, *(p.reason for p in getattr(told.value, "problems", ()))}


def test_a_file_of_megabytes_is_refused_unread() -> None:
    with pytest.raises(TooLarge):
        documents.parse(b"#" * (documents.MAX_BYTES + 1))


WORDS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30)


@given(title=WORDS, note=WORDS, form=st.sampled_from(documents.FORMS))
def test_what_is_written_is_read_again_as_it_was(title: str, note: str, form: str) -> None:
    document = copy.deepcopy(GOOD) | {"title": f"表{title}", "note": {"zh": f"注{note}", "en": f"n {note}"}}
    document["items"][0]["hint"] = f"看{title}"
    held = read(document)
    assert documents.parse(documents.written(held, form).encode()) == held
    assert read(json.loads(json.dumps(documents.as_document(held)))) == held


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["code", "items", "ratings", "title", "parts", "least"]), inner, max_size=4
            )
        ),
        max_leaves=12,
    )
)
def test_whatever_stands_in_a_file_is_read_or_refused_in_words(document: Any) -> None:
    with pytest.raises(BadChecklist):
        read(document)


def test_an_item_whose_need_is_not_met_cannot_be_met() -> None:
    outcome = rate(STARS, all_yes(STARS, water="no"))
    assert (outcome.standings["hot-water"], outcome.earned) == (Answer.NO, 85)


def test_what_does_not_apply_lowers_what_can_be_earned_and_not_the_share() -> None:
    outcome = rate(STARS, all_yes(STARS, toilet="na", ebike="na"))
    assert (outcome.earned, outcome.possible, outcome.rating) == (90, 90, "star-5")


def test_a_veto_leaves_no_rating_and_says_what_is_lacking() -> None:
    outcome = rate(STARS, all_yes(STARS, safe="no"))
    assert (outcome.earned, outcome.rating, outcome.lacking) == (90, None, ("safe",))
    assert rate(STARS, all_yes(STARS, safe="unseen")).rating is None


def test_a_rating_needs_its_points_and_its_items() -> None:
    assert rate(STARS, all_yes(STARS, open_as_posted="no")).rating == "star-2"
    assert rate(STARS, all_yes(STARS, night="no")).rating == "star-4"
    assert rate(CLASSES, all_yes(CLASSES, all_day="no")).rating == "benchmark"
    assert rate(SIX, all_yes(SIX, rules_hours="no")).rating == "meets"


def test_a_sum_is_met_by_enough_of_its_parts_and_unseen_while_that_is_open() -> None:
    two_missing = all_yes(SIX, warmth="no", seats="no")
    assert rate(SIX, all_yes(SIX, warmth="no")).standings["facilities"] is Answer.YES
    assert rate(SIX, two_missing).standings["facilities"] is Answer.NO
    assert rate(SIX, all_yes(SIX, warmth="no", seats="unseen")).standings["facilities"] is Answer.UNSEEN
    assert rate(SIX, two_missing).lacking == ("facilities",)


@given(
    st.dictionaries(st.sampled_from(checks(STARS)), st.sampled_from(list(Answer))),
    st.sampled_from(checks(STARS)),
)
def test_finding_one_more_item_in_order_never_lowers_a_rating(found: dict[str, Answer], better: str) -> None:
    ranks = [None, *(rating.code for rating in STARS.ratings)]
    before = rate(STARS, found)
    after = rate(STARS, found | {better: Answer.YES})
    assert 0 <= before.earned <= before.possible <= STARS.total
    if found.get(better) is not Answer.NA:
        assert ranks.index(after.rating) >= ranks.index(before.rating)
