"""The words that lists use for days, seasons and doors, cut from a text one after another.

`cut` never fails: what it does not know becomes one item of kind ``junk``, and it is the reader's business
what an unknown word makes uncertain.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from stations.hours.clock import DASH, EARLY_LATE, RANGE
from stations.hours.dates import DATE_RANGE, HOLIDAY

__all__ = ["Item", "Kind", "cut", "normalise"]


class Kind(Enum):
    """What an item is; the comment shows typical words."""

    DATES = auto()  # 5月1日-5月10日
    HOLIDAY = auto()  # 春节
    ALL_DAY = auto()  # 24小时
    RANGE = auto()  # 8:00-20:00
    WORKDAYS = auto()  # 工作日
    DAYS_OFF = auto()  # 休息日
    DAYS = auto()  # 周一至周五
    EVERY_DAY = auto()  # 每天
    NO_REST = auto()  # 全年无休
    PUBLIC = auto()  # 法定节假日
    EXCEPT = auto()  # 除
    KEPT = auto()  # 照常
    LUNCH = auto()  # 午休
    CLOSED = auto()  # 休息
    REPAIR = auto()  # 装修
    SEASON = auto()  # 夏季
    HOST = auto()  # 随社区开放
    OFFICE = auto()  # 上班时间
    OPEN = auto()  # 开放
    UNTIL = auto()  # 至
    FROM_THEN = auto()  # 起
    OTHERWISE = auto()  # 其余
    OPENING = auto()  # (
    CLOSING = auto()  # )
    BREAK = auto()  # ,
    FILLER = auto()  # 时间:
    JUNK = auto()


@dataclass(frozen=True, slots=True)
class Item:
    """A piece of the text: its kind, its words, and the match that found it (None for junk)."""

    kind: Kind
    text: str
    match: re.Match[str] | None = None


_ONE = "[一二三四五六日天1-7]"
# A digit that goes on as a time (周五,6点半 or 周六二十四小时) is not a weekday.
_ALSO = r"[一二三四五六日天](?![点时个月小十半刻])|[1-7](?![\d:点时.年月天*x×X/-])"
_WEEK = "(?:周|星期|礼拜)"
_HOSTS = (
    "社区|银行|网点|单位|商场|超市|门店|店铺|场地|场所|大厅|中心|机关|医院|加油站|药店|依托|所在|主体|公司|企业"
    "|街道|村|营业厅|政务|实际"
)
_PATTERNS: tuple[tuple[Kind, re.Pattern[str]], ...] = tuple(
    (kind, pattern if isinstance(pattern, re.Pattern) else re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        (Kind.FILLER, r"(?:联系)?(?:电话|热线|手机)(?:号码)?:?\s?[\d\- ]{5,20}"),
        (Kind.DATES, DATE_RANGE),
        (Kind.HOLIDAY, HOLIDAY),
        (
            Kind.ALL_DAY,
            r"(?:(?:7|七)(?:天)?\s?[*x×X/]\s?)?(?:24|二十四)\s?(?:个?小时|hours?|hrs?|h)(?:制)?|24\s?/\s?7|7\s?[*x×/]\s?24|全天候?|全时段|昼夜",
        ),
        (Kind.RANGE, RANGE),
        (Kind.RANGE, EARLY_LATE),
        (Kind.DAYS_OFF, r"非工作日|休息日"),
        (Kind.WORKDAYS, r"(?:每个?|法定|正常|国家)?(?:工作日|上班日)"),
        (Kind.DAYS, r"(?:每个?)?(?:双休日|双休|周末|大礼拜)"),
        (Kind.NO_REST, r"(?:全年|常年|年中|365天)?无休(?:息)?(?:日)?|(?:全年|常年)(?:不休|不打烊)|不打烊"),
        (Kind.EVERY_DAY, r"每天|每日|天天|全周|一周七天|每周七天|周七天|全年(?:365天)?|常年|365天"),
        (
            Kind.DAYS,
            rf"(?:每|逢)?{_WEEK}{_ONE}(?:(?:\s?{DASH}\s?|[、和及/])?(?:(?:每|逢)?{_WEEK}{_ONE}|{_ALSO}))*",
        ),
        (
            Kind.PUBLIC,
            r"(?:国家|国务院)?(?:规定的?)?(?:法定|公众|公共)?(?:节假日|节日|假日|公假|长假|假期)(?:期间)?",
        ),
        (
            Kind.KEPT,
            r"(?:中午|午间)(?:照常|不休息?|不打烊|不关门|不闭馆|连续)(?:开放|营业|服务)?|不休息?|正常(?=开放|营业|服务|开门)|照常|不放假|不闭馆|不关门|包含|包括|含(?=法定|节|国家)",
        ),
        (Kind.LUNCH, r"(?<![上下])午休|(?:中午|午间)(?:时段)?休息?"),
        (
            Kind.CLOSED,
            r"除外|以外|之外|暂停(?:对外)?(?:开放|营业|服务|使用)?|不(?:对外)?(?:开放|营业|上班|服务)|休息|休馆|休|关闭|关门|关停|闭馆|闭门|闭店|停业|停开|停用|停止(?:服务|开放|营业)|放假|歇业|公休|打烊|外",
        ),
        (Kind.EXCEPT, r"除了?|不包?含|不包括"),
        (Kind.REPAIR, r"(?:内部|升级|正在|因)*(?:装修|维修|施工|改造|修缮|整修|搬迁|检修)(?:升级|改造)?中?"),
        (Kind.SEASON, r"(?:春夏|秋冬|春秋|冬春|夏秋|[春夏秋冬])(?:季节?|令时|时令|令|天|时制|时间)"),
        (Kind.SEASON, r"[夏冬](?=[:\s]?[\d早上])"),
        (
            Kind.HOST,
            rf"(?:具体)?(?:开放|营业|服务)?(?:时间|情况)?(?:随|与|同|跟|跟随|按照?|依照?|根据|参照|以|视)(?:着)?[^\d,;。()]{{0,10}}?(?:{_HOSTS})[^\d,;。()]{{0,10}}?"
            r"(?:开放|同步|一致|相同|同时|为准|营业|而定|时间|作息|情况|开门|上班)(?:时间)?(?:开放|同步|一致|相同|为准|而定|执行)?",
        ),
        (Kind.HOST, rf"(?:随|同|与)(?:所在)?[^\d,;。() 时]{{0,6}}(?:{_HOSTS})(?:一致|同步|相同)?"),
        (
            Kind.HOST,
            r"(?:具体)?(?:开放|营业|服务)?(?:时间|情况)?以(?:现场|实际|门店|通知|公告)[^\d,;。()]{0,8}为准",
        ),
        (Kind.OFFICE, r"(?:正常)?(?:上班|办公|工作)(?:时间|期间|时段)?内?"),
        (Kind.OTHERWISE, r"(?:其余|其他|其它|平时|平常|平日)(?:时间|时段|日子|日期|季节|月份)?"),
        (Kind.FILLER, r"(?:对外|正常|全部|日常|免费|一律|无人值守|自助|智能|扫码进入|刷卡进入)+"),
        (
            Kind.FILLER,
            r"(?:服务|开放|营业|运营|使用|开门)(?:时间|时段)段?(?:为|是)?|时间段?(?:为|是)?|恢复正常|止|截止|分别为|为|是|均|都|从|自|在|段",
        ),
        (Kind.FROM_THEN, r"起|开始|之?后|以前|之前|前"),
        (Kind.OPEN, r"(?:开放|营业|服务|可用|开门|运营|可使用)"),
        (Kind.UNTIL, rf"(?:预计|计划|截)?{DASH}+"),
        # A part of the day without a time is not understood, and must not be read as a piece of another word.
        (Kind.JUNK, r"[上下中]午|早上|晚上|夜间|夜里|凌晨|傍晚"),
        (Kind.OPENING, r"[(\[【「]"),
        (Kind.CLOSING, r"[)\]】」]"),
        (Kind.BREAK, r"[,;。、/|&+\s:.]+|和|及|与|以及|并且?"),
    )
)
_DASHES = re.compile("[-‐‑‒–—―−﹣~〜～∼─━]+")
_SPELLINGS = (
    (re.compile(r" {2,}"), " "),
    (re.compile(r"(?<=\d) ?: ?(?=\d)"), ":"),
    (re.compile(r"(?<=[\d点时分半]) ?- ?"), "-"),
    # The numeral one is what some keyboards give for a dash.
    (re.compile(r"(?<=[\d点时分半])一(?=\d)"), "-"),
)
_COLONS = str.maketrans({"∶": ":", "︰": ":", "﹕": ":", "ː": ":"})


def normalise(words: str) -> str:
    """Return the text with full-width forms, dashes and blanks brought to one spelling and marks removed."""
    text = unicodedata.normalize("NFKC", words).translate(_COLONS)
    kept = "".join(
        " " if character.isspace() or unicodedata.category(character) == "Cc" else character
        for character in text
        if unicodedata.category(character) != "Cf"
    )
    dashed = _DASHES.sub("-", kept)
    for pattern, spelling in _SPELLINGS:
        dashed = pattern.sub(spelling, dashed)
    return dashed.strip()


def cut(text: str) -> Iterator[Item]:
    """Yield the items of a normalised text; neighbouring unknown characters are one junk item."""
    position = unread = 0
    while position < len(text):
        kind, match = _known(text, position)
        if match is None:
            position += 1
            continue
        if unread < position:
            yield Item(Kind.JUNK, text[unread:position])
        yield Item(kind, match[0], match)
        position = unread = match.end()
    if unread < position:
        yield Item(Kind.JUNK, text[unread:position])


def _known(text: str, position: int) -> tuple[Kind, re.Match[str] | None]:
    for kind, pattern in _PATTERNS:
        match = pattern.match(text, position)
        if match is not None and match.end() > position:
            return kind, match
    return Kind.JUNK, None
