"""Lines within a ledger that are no stations: totals, signatures, notes, section titles, the header once more.

A line is left out only on evidence: all of its text must be of that kind. A station whose name begins with such a
word (合计坪村驿站, 总计路驿站) has text that is not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

__all__ = ["Footers"]

_SUM: Final = "合计|总计|小计|共计|累计|总数|合计数"
_UNIT: Final = "个站点|个驿站|个|座|处|家|站|人|平方米|㎡|元|万元"
_COUNT: Final = rf"[约共]*\d[\d,，.]*(?:{_UNIT})?"
_TOTAL: Final = re.compile(rf"(?:{_SUM})[:：]?(?:{_COUNT}[、,，;；。]?)*")
_SUBTOTAL: Final = re.compile(rf".{{1,12}}(?:{_SUM})[:：]?(?:{_COUNT})?|(?:{_SUM})[:：].*", re.DOTALL)
_NUMBER: Final = re.compile(rf"[+-]?\d[\d,.]*%?|{_COUNT}|[-—/]+")
_PEOPLE: Final = (
    "填表人|填报人|制表人|制表|制单人|制单|审核人|审核|审批人|审批|复核人|复核|核对人|经办人|经手人|统计人|报送人|上报人|"
    "填表单位|填报单位|制表单位|报送单位|上报单位|编制单位|单位负责人|部门负责人|分管领导|分管负责人|主管领导|主要负责人|主管|"
    "填表日期|填报日期|填表时间|填报时间|制表日期|制表时间|上报日期|报送日期|上报时间|报送时间|统计日期|统计时间|截止日期|截止时间|"
    "单位盖章|盖章|公章|单位公章|签字|签名|签章|负责人签字|领导签字|单位|日期|联系人|联系电话|联系方式|电话|负责人|数据来源"
)
_NOTE: Final = "备注|附注|注|说明|填表说明|填报说明|备注说明|注意事项|注意"
_REMARK: Final = r"(?:[（(][^（()）]{0,12}[)）])?"
_SIGNATURE: Final = re.compile(rf"(?:{_PEOPLE}){_REMARK}[:：].*", re.DOTALL)
_LABEL: Final = re.compile(rf"(?:{_PEOPLE}){_REMARK}[:：]")
_NOTED: Final = re.compile(rf"(?:{_NOTE})\d?{_REMARK}[:：].*", re.DOTALL)
_POINT: Final = re.compile(r"(?:[（(]?\d{1,2}[)）.、．]|[①-⑳]).+", re.DOTALL)
_DATE: Final = re.compile(r"(?:19|20)\d\d年\d{1,2}月(?:\d{1,2}日)?")
_STAMP: Final = re.compile(r"[（(](?:单位)?(?:盖章|公章|签章)[)）]")
#: Whether a line can be one of them at all, in one look.
_HINT: Final = re.compile(
    rf"(?:^|\x1f)\s*(?:{_PEOPLE}|{_NOTE}|[（(](?:单位)?(?:盖章|公章|签章))|(?:合|总|小|共|累)\s*(?:计|数)"
)
_LEAST_SECTION: Final = 3


class Footers:
    """Tells the lines of one table that are no rows. headers: the cells of its header's lines."""

    def __init__(self, headers: Sequence[Sequence[str]]) -> None:
        self._headers = [_trimmed(header) for header in headers]
        self._firsts = {header[0] for header in self._headers if header}
        self._width = max((len(header) for header in self._headers), default=0)
        self._in_notes = False

    def why(self, cells: Sequence[str], merged: int = 1) -> str | None:
        """Return what a line is taken for, or None for a row. merged: columns that its widest merged cell spans."""
        if cells and cells[0] in self._firsts and _trimmed(cells) in self._headers:
            return "the header once more"
        texts = [cell for cell in cells if cell]
        if self._in_notes and len(texts) == 1 and self._width > 2 and _POINT.fullmatch(texts[0]):
            return "a note"
        self._in_notes = False
        if len(texts) == 1 and self._width > 1:
            if _DATE.fullmatch(_plain(texts[0])):
                return "a date below the table"
            if merged >= _LEAST_SECTION and merged * 2 >= self._width and not _HINT.search(texts[0]):
                return "a section title, merged across the table"
        if not _HINT.search("\x1f".join(texts)):
            return None
        plain = [_plain(text) for text in texts]
        if _is_total(plain):
            return "a total"
        if _is_signature(plain):
            self._in_notes = any(map(_NOTED.fullmatch, plain))
            return "a note" if self._in_notes else "a signature"
        return None


def _trimmed(cells: Sequence[str]) -> tuple[str, ...]:
    last = max((at for at, cell in enumerate(cells) if cell), default=-1)
    return tuple(cells[: last + 1])


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def _is_total(texts: Sequence[str]) -> bool:
    """Whether a cell is a total and nothing else stands there but numbers and, at most, what was summed (民和县)."""
    words = [text for text in texts if not _NUMBER.fullmatch(text)]
    sums = [text for text in words if _TOTAL.fullmatch(text)]
    if sums:
        return len(words) - len(sums) <= 1
    return len(words) == 1 and _SUBTOTAL.fullmatch(words[0]) is not None


def _is_signature(texts: Sequence[str]) -> bool:
    """Whether each cell is a label with or without its value, or the value of the label before it."""
    labelled = False
    found = False
    for text in texts:
        if _SIGNATURE.fullmatch(text) or _NOTED.fullmatch(text):
            found = True
            labelled = _LABEL.fullmatch(text) is not None
        elif labelled or _STAMP.fullmatch(text) or _DATE.fullmatch(text):
            found = found or _STAMP.fullmatch(text) is not None
            labelled = False
        else:
            return False
    return found
