"""Why a search found nothing, in the reader's words: sentences of the search, told again where they are known.

A sentence that is not known is shown as it is, marked as English, so that nothing is ever kept back.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from stations.errors import Invalid
from stations.models import SitingPlan
from web.i18n import lang, say

__all__ = ["Line", "at_fields", "refused", "why"]

_N: Final = r"([\d.,e+]+)"


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence; lang: of one that stands as the search wrote it."""

    text: str
    lang: str | None = None


def why(plan: SitingPlan) -> list[Line]:
    """Return why a plan has no answer, and then each smallest change that would help."""
    if plan.status not in {"infeasible", "stopped"} or not plan.reason:
        return []
    parts = [part for part in (plan.relaxation or "").split("; ") if part]
    return [line for text in (plan.reason, *parts) for line in refused(text)]


def refused(text: str) -> list[Line]:
    """Return a sentence of the search in the reader's words."""
    text = text.strip().rstrip(".")
    if not text:
        return []
    if lang() == "en":
        return [Line(text[:1].upper() + text[1:] + ".")]
    for pattern, told in _TOLD:
        if match := re.search(pattern, text):
            return [Line(told(*match.groups()))]
    return [Line(say("搜索没有接受这个问题，原话如下：")), Line(text, "en")]


_TOLD: Final[tuple[tuple[str, Callable[..., str]], ...]] = (
    (r"no plan keeps to all the rules together$", lambda: say("这些条件合在一起，没有方案能都满足。")),
    (rf"allow {_N} more than {_N} sites", lambda n, count: say("在 {count} 个之外再多允许 {n} 个站点。", count=count, n=n)),
    (rf"raise the budget of {_N} by {_N}", lambda budget, n: say("预算 {budget} 元再加 {n} 元。", budget=budget, n=n)),
    (
        rf"lower the floor of (.+) from {_N} by {_N}",
        lambda name, least, n: say("把 {name} 的下限从 {least} 减 {n}。", name=name, least=least, n=n),
    ),
    (
        r"let sites (.+) and (.+) stand that close",
        lambda first, second: say("允许 {first} 和 {second} 靠得那么近，或者缩小间距。", first=first, second=second),
    ),
    (
        r"lower the floors or the spacing, or raise the count",
        lambda: say("降低下限，缩小间距，或者多允许几个站点。"),
    ),
    (r"raise the count or the budget a little", lambda: say("多允许几个站点，或者多给一点预算。")),
    (r"no candidate is left to choose from", lambda: say("没有剩下可选的候选点。")),
    (r"allow more candidates", lambda: say("多给一些候选点。")),
    (
        rf"{_N} sites are asked for and there are {_N} candidates",
        lambda asked, there: say("要 {asked} 个站点，只有 {there} 个候选点：最多写 {there} 个，或者换一种候选点。", asked=asked, there=there),
    ),
    (
        rf"the budget {_N} is below the cheapest candidate: give {_N} or more",
        lambda budget, least: say("预算 {budget} 元连最便宜的一个也不够：至少 {least} 元。", budget=budget, least=least),
    ),
    (
        rf"the sites that must be chosen cost {_N}, more than the budget {_N}",
        lambda needed, budget: say("必须选的合计要 {needed} 元，超过预算 {budget} 元：至少给 {needed} 元。", needed=needed, budget=budget),
    ),
    (
        rf"^(.+) shall get {_N} and has {_N} candidates",
        lambda name, least, there: say(
            "{name} 要 {least} 个，只有 {there} 个候选点：下限改为 {there}，或者在那里加候选点。",
            name=name, least=least, there=there,
        ),
    ),
    (
        rf"the floors and the sites that must be chosen need {_N} and {_N} may be chosen",
        lambda needed, count: say("下限和必须选的合计要 {needed} 个，只允许 {count} 个：至少写 {needed} 个，或者降低下限。", needed=needed, count=count),
    ),
    (
        rf"{_N} sites are must and {_N} may be chosen",
        lambda must, count: say("必须选的有 {must} 个，只允许 {count} 个：至少写 {must} 个。", must=must, count=count),
    ),
    (
        r"sites (.+) and (.+) are both must and stand closer",
        lambda first, second: say("{first} 和 {second} 都必须选，却比间距靠得近：缩小间距，或者去掉一个。", first=first, second=second),
    ),
    (
        r"(?:candidate|site) (.+) is must and stands closer than ([\d.]+) m to an existing station",
        lambda key, metres: say("{key} 必须选，却离现有站点不到 {metres} 米：缩小间距，或者去掉它。", key=key, metres=metres),
    ),
    (r"there are no candidates: no named place", lambda: say("这里没有地名可以作候选点：换成格子中心，或者带来候选点名单。")),
    (r"there are no candidates: no planned station", lambda: say("这里没有已定位的规划站点：换一种候选点。")),
    (r"there are no candidates", lambda: say("这里没有这样的候选点：换一种候选点，或者换一个区域。")),
    (r"there is no candidate '([^']+)'", lambda key: say("候选点里没有“{key}”：核对它的代号，或者划掉它。", key=key)),
    (
        r"pairs within reach, and a search has room",
        lambda: say("格子和候选点太多，内存放不下：请用更大的格子、更少的候选点、更小的区域，或者更短的时限。"),
    ),
    (r"and no region of this level has an outline here", lambda: say("登记里没有这一级区划的边界：选上一级，或者在上面逐个写区域。")),
    (r"nobody|no demand|no people", lambda: say("这里没有人要覆盖：换一个区域，或者换一个需求图层。")),
)  # fmt: skip


def at_fields(error: Invalid) -> dict[str, str]:
    """Say at its field what is wrong with a question, with the smallest change that would help."""
    name = {"most": "offer", "layer": "offer", "offer": "offer"}.get(
        error.field or "", error.field or "count"
    )
    shown = str(error.value)[:60] if error.value is not None else ""
    said = {
        "no_candidates": say("这里没有这样的候选点：换一种候选点，或者换一个区域。"),
        "no_points": say("这个图层不是点，没有可以落脚的位置：换一个点图层，或者用格子中心。"),
        "unknown_candidate": say("候选点里没有“{key}”：核对它的代号，或者划掉它。", key=shown),
        "no_outlines": say("登记里没有这一级区划的边界：选上一级，或者在上面逐个写区域。"),
        "memory": say(
            "格子和候选点太多，内存放不下：请用更大的格子、更少的候选点、更小的区域，或者更短的时限。"
        ),
    }.get(error.reason or "")
    sentences = {
        "must": say("“必须选”和“不能选”里有同一个候选点：从其中一处划掉。"),
        "costs": say("有候选点写了两次，或者费用不是0或更大的数。"),
        "cost": say("写明建一个站点大约多少钱。"),
        "priority": say("权重要大于0，不超过1000，每个区域写一次。"),
        "floors": say("每个区域写一次，至少1个。"),
        "holds": say("写明一个新站点能服务多少人。"),
        "beyond_min": say("写不少于时限、不超过1440的分钟数。"),
    }
    return {name: said or sentences.get(name) or say("这一项写得不对：{why}", why=str(error))}
