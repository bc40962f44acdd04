"""The words of inspections: what an answer, a state, a refusal is called, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from stations.errors import (
    Full,
    Invalid,
    NotAllowed,
    NotFound,
    StationsError,
    TooLarge,
    Unavailable,
    Unsupported,
)
from stations.keeping import photos
from stations.keeping.inspecting.problems import Problem
from stations.keeping.inspecting.record import MAX_AGE, MAX_PHOTOS
from web.i18n import lang, say

__all__ = [
    "answer_words",
    "kind_words",
    "level_words",
    "observed_words",
    "posted_words",
    "problem_words",
    "refusal",
    "status_words",
    "title_in",
]


def title_in(words: Mapping[str, str]) -> str:
    """Return words of a checklist in the reader's language; Chinese where there are none."""
    return words.get(lang()) or words.get("zh", "")


def answer_words() -> dict[str, str]:
    """Name the answers, in the order in which they are offered."""
    return {"yes": say("符合"), "no": say("不符合"), "na": say("不适用"), "unseen": say("没看到")}


def observed_words() -> dict[str, str]:
    """Name what the door was like."""
    return {"open": say("开着门"), "shut": say("关着门"), "unseen": say("没看到门")}


def posted_words() -> dict[str, str]:
    """Name what the posted hours said."""
    return {"open": say("应当开门"), "closed": say("不在开放时间"), "unknown": say("公示时间不明")}


def status_words() -> dict[str, str]:
    """Name the states of a finding."""
    return {
        "open": say("待整改"),
        "mended": say("已整改，待复查"),
        "checked": say("已复查"),
        "dropped": say("不算问题"),
    }


def kind_words() -> dict[str, str]:
    """Name the kinds of items."""
    return {"check": say("检查点"), "sum": say("合计"), "note": say("说明")}


def level_words() -> dict[str, str]:
    """Name the levels of honours, the highest first."""
    return {
        "national": say("国家级"),
        "provincial": say("省级"),
        "prefecture": say("市州级"),
        "county": say("区县级"),
        "other": say("其他"),
    }


def refusal(error: StationsError) -> str:
    """Say why something of an inspection was refused."""
    if isinstance(error, Invalid) and error.reason in {"identity_card", "bank_card", "phone"}:
        return say("文字里像有身份证号、银行卡号或手机号，请删掉再送。")
    known = {
        "closed": say("这个驿站已经关闭，不能检查。"),
        "planned": say("这个驿站还没有建，不能检查。"),
        "too_old": say("这次检查太久以前了，最多收 {n} 天以内的。", n=MAX_AGE.days),
        "too_many": say("照片太多，一次检查最多 {n} 张。", n=MAX_PHOTOS),
        "unknown_item": say("检查表里没有这一项，请重新打开检查页面。"),
        "na": say("有一项不能选“不适用”。"),
        "due": say("整改期限要在检查当天以后、一年以内。"),
        "empty": say("一项都还没有检查。"),
        "too_long": say("文字太长，最多 500 个字。"),
        "needed": say("请写明原因。"),
        "holder": say("请选一个站点或一个单位。"),
        "year": say("年份不对。"),
        "on": say("撤销日期不能早于获得的年份。"),
        "words": say("名称或标准没有写，或者太长。"),
        "not_utf8": say("文件不是 UTF-8 编码。"),
        "not_json": say("文件不是正确的 JSON。"),
        "not_toml": say("文件不是正确的 TOML。"),
    }
    if isinstance(error, Invalid) and error.reason in known:
        return known[error.reason]
    if isinstance(error, TooLarge):
        return say(
            "太大了，最多 {mb} MB、{mp} 百万像素。",
            mb=photos.MAX_BYTES // 1024 // 1024,
            mp=photos.MAX_PIXELS // 1_000_000,
        )
    if isinstance(error, Unsupported):
        return say("不是能读的照片，请用相机拍的 JPEG、PNG 或 WebP 原图。")
    if isinstance(error, NotAllowed):
        return say("这个站点不在您的区域里。")
    if isinstance(error, NotFound):
        return say("登记里没有：{what}", what=str(error))
    if isinstance(error, Full | Unavailable):
        return say("现在存不了，请稍后再试。")
    return say("没有收下：{why}", why=str(error))


def problem_words(problem: Problem) -> str:
    """Say one fault of a checklist."""
    said = {
        "no_document": say("文件里不是一张检查表。"),
        "unknown_key": say("不认识的名称 {key}；这里可以写 {known}。"),
        "missing": say("缺少 {key}。"),
        "wrong_type": say("{key}：{value} 的写法不对。"),
        "out_of_range": say("{key}：{value} 不在 {low} 到 {high} 之间。"),
        "too_long": say("{key} 有 {length} 个字，最多 {most} 个。"),
        "bad_code": say("代码 {value} 不对：用 1 到 60 个小写字母、数字和连字符。"),
        "no_chinese": say("{key} 没有中文。"),
        "too_many": say("共 {count} 项，最多 {most} 项。"),
        "duplicate": say("代码 {code} 重复了 {count} 次。"),
        "unknown_kind": say("没有 {value} 这种项目；有 {known}。"),
        "unknown_photo": say("照片要求 {value} 不对；有 {known}。"),
        "missing_score": say("检查点没有写分值；不计分请写 score = 0。"),
        "score_not_here": say("{kind} 本身不计分，分值写在检查点上。"),
        "no_parts": say("合计项没有写由哪些项组成。"),
        "parts_not_here": say("只有合计项才写 parts 和 least。"),
        "unknown_item": say("{key} 里的 {code} 不是表里的项目。"),
        "names_note": say("{key} 里的 {code} 只是说明，不会有“符合”。"),
        "loop": say("项目绕成了圈，取决于它自己：{path}"),
        "least_of_parts": say("{count} 项里要 {least} 项，永远达不到。"),
        "no_ratings": say("没有写等级。"),
        "unreachable": say("要 {least} 分，全部项目加起来只有 {total} 分，永远达不到。"),
        "never_given": say("永远评不上：更高的 {other} 要求并不更高。"),
        "unknown_passing": say("达标等级 {code} 不在等级里。"),
        "nothing_asked": say("没有检查点，到了现场没有可看的。"),
    }[problem.reason].format(**problem.values)
    return f"{problem.where}：{said}" if problem.where else said
