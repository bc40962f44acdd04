"""The items of a text gathered into clauses: which days, and what is said of them.

A word that is not known makes uncertain what it stands beside: the days just named if nothing has been said of
them yet, otherwise the whole text (`Misread`).
"""

from __future__ import annotations

from stations.hours.clause import WEEKEND, Clause, Misread, Season, days_named
from stations.hours.clock import read_range
from stations.hours.dates import MonthDay, holiday_name, read_dates
from stations.hours.lexicon import Item, Kind

__all__ = ["Reader"]

_SMALL = {Kind.FILLER, Kind.BREAK, Kind.OPENING, Kind.CLOSING, Kind.OFFICE}
_COMMAS = frozenset(",;。.|")
_LINKS = frozenset("、/&+和及与并")


class Reader:
    """Reads items one after another; afterwards ``clauses`` and the findings about the whole text hold."""

    def __init__(self) -> None:
        self.clauses: list[Clause] = []
        self.official = False
        self.uncertain = False
        self.host_rules = False
        self.office = False
        self.no_rest = False
        self.seasons: dict[str, tuple[MonthDay, MonthDay] | None] = {}
        self._season: Season | None = None
        self._outer: Clause | None = None
        self._now: Clause | None = None
        self._before_bracket: Clause | None = None
        self._bracket = False
        self._last = Kind.BREAK
        self._last_text = ""
        self._linked = True
        self._past_comma = False
        self._excepting = False
        self._including = False
        self._pausing = False

    def read(self, items: list[Item]) -> None:
        """Read all items. Raises `Misread` where the text as a whole cannot be relied on."""
        for item in items:
            if self._last is Kind.UNTIL and item.kind not in _SMALL | {Kind.DATES}:
                raise Misread(item.text)
            self._take(item)
            if item.kind is Kind.BREAK:
                self._linked = self._linked and bool(_LINKS & set(item.text))
                self._past_comma = self._past_comma or bool(_COMMAS & set(item.text))
            elif item.kind not in _SMALL:
                self._last, self._last_text, self._linked = item.kind, item.text, True
                self._past_comma = False
        if self._last is Kind.UNTIL or self._excepting:
            raise Misread(self._last_text)
        self._join_lists()
        nameless = any(clause.ranges and not clause.named and not clause.dated for clause in self.clauses)
        if nameless and any(clause.days_last for clause in self.clauses):
            # 8:00-12:00（周一至周五），14:00-18:00: on which days the second?
            raise Misread("，")

    def _join_lists(self) -> None:
        """Give days in a list with commas (周一，周三 9:00-17:00) the times at the end of the list."""
        for index in range(len(self.clauses) - 1, 0, -1):
            before, clause = self.clauses[index - 1], self.clauses[index]
            timed = (clause.ranges or clause.all_day) and clause.goes_on
            if timed and not before.said and before.days is not None and self.clauses[0].named:
                if before.every_day:
                    before.days = frozenset()
                before.days |= clause.days or frozenset()
                clause.days, clause.public, clause.goes_on = (
                    before.days,
                    clause.public or before.public,
                    before.goes_on,
                )
                self.clauses[index - 1 : index + 1] = [clause]

    def _take(self, item: Item) -> None:
        match item.kind:
            case Kind.DAYS | Kind.WORKDAYS | Kind.DAYS_OFF | Kind.EVERY_DAY | Kind.PUBLIC:
                self._name_days(item)
            case Kind.RANGE | Kind.ALL_DAY:
                self._give_times(item)
            case Kind.CLOSED | Kind.KEPT | Kind.EXCEPT | Kind.LUNCH | Kind.OPEN | Kind.HOST:
                self._give_word(item)
            case Kind.DATES | Kind.HOLIDAY | Kind.REPAIR | Kind.SEASON:
                self._name_dates(item)
            case Kind.OPENING:
                self._before_bracket, self._bracket = self._now, True
            case Kind.CLOSING:
                self._leave_brackets()
            case Kind.NO_REST:
                self.no_rest = True
            case Kind.OFFICE:
                self.office = True
            case Kind.OTHERWISE:
                if item.text.endswith(("季节", "月份", "日期")):
                    self._season = None
                self._begin(rest=True)
            case Kind.JUNK | Kind.FROM_THEN:
                self._stumble(item)
            case Kind.UNTIL | Kind.BREAK | Kind.FILLER:
                pass

    def _leave_brackets(self) -> None:
        outside, now = self._before_bracket, self._now
        self._before_bracket, self._bracket = None, False
        if outside is None or now is outside:
            return
        inside = [
            c for c in self.clauses if c.in_brackets and c.days is not None and not (c.said or c.opened)
        ]
        if not outside.said:
            self._now = outside
        elif len(inside) == 1 and not outside.named:
            # 8:30-17:00（周一至周五）
            outside.days, outside.public = inside[0].days, outside.public or inside[0].public
            outside.days_last = True
            self.clauses.remove(inside[0])
            self._now = None
        elif now is not None and not now.said:
            self._now = None

    def _begin(self, **named: object) -> Clause:
        clause = Clause(season=self._season)
        for name, value in named.items():
            setattr(clause, name, value)
        self.clauses.append(clause)
        self._now = clause
        return clause

    def _name_days(self, item: Item) -> None:
        public = item.kind is Kind.PUBLIC
        days = None if public else days_named(item)
        every = item.kind is Kind.EVERY_DAY
        self.official |= item.kind in (Kind.WORKDAYS, Kind.DAYS_OFF)
        now = self._now
        in_words = self._bracket and self._before_bracket is now
        if now is not None and now.dated and not now.said and len(now.dates) == 1:
            # Dates, then weekdays: the dates are a season of the year.
            self.clauses.remove(now)
            self._season, now = now.dates[0], None
        fresh = now is None or now.said or not now.named
        if now is None or fresh or (not self._linked and not in_words) or (public and in_words):
            goes_on = not fresh and not public
            now = self._begin(
                days=days, public=public, every_day=every, goes_on=goes_on, in_brackets=self._bracket
            )
        elif now.every_day and days is not None:
            now.days, now.every_day = days, every
        elif in_words and days is not None and now.days is not None:
            now.days &= days
        else:
            now.days = now.days if days is None else (now.days or frozenset()) | days
            now.public |= public
        if self._excepting or item.text.endswith("双休"):
            now.closed, self._excepting = True, False
        if self._including:
            now.kept, self._including = True, False

    def _give_times(self, item: Item) -> None:
        clause = self._now
        if clause is not None and clause.kept and clause.days is not None and not clause.days & WEEKEND:
            # 工作日照常 8:30-17:00 gives the hours of those days; 周末不休 9:00-17:00 those of every day.
            clause.kept = False
        if clause is not None and clause.unknown and not clause.host:
            # 每周二上午休息 9:00-17:00: of the days just named, or of all?
            raise Misread(item.text)
        if clause is None or (clause.closed and not clause.dates) or clause.kept or clause.unknown:
            # 周一至周五，节假日除外，8:30-17:00: the times are those of the days before the exception.
            waiting = [c for c in self.clauses if c.named and not c.said and c.season == self._season]
            apart = clause is None or clause.days is not None
            clause = self._begin_in_season() if apart or not waiting else waiting[-1]
            self._now = clause
        if item.kind is Kind.ALL_DAY:
            clause.all_day = True
            return
        if item.match is None:
            raise Misread(item.text)
        before = clause.ranges[-1][-1].end if clause.ranges else None
        programme = read_range(item.match, before)
        if programme is None:
            raise Misread(item.text)
        if self._pausing:
            clause.pauses.append(programme)
            clause.lunch = self._pausing = False
        else:
            clause.ranges.append(programme)

    def _begin_in_season(self) -> Clause:
        outer = self._outer
        if outer is None:
            return self._begin()
        return self._begin(days=outer.days, public=outer.public)

    def _give_word(self, item: Item) -> None:
        now = self._now
        match item.kind:
            case Kind.EXCEPT:
                self._excepting = True
            case Kind.LUNCH:
                clause = now or self._begin()
                clause.lunch = self._pausing = True
            case Kind.KEPT if item.text.startswith(("含", "包")):
                self._including = True
            case Kind.KEPT:
                plain = item.text == "正常" and now is not None and not now.public
                if now is not None and not plain and (now.named or now.dated) and not now.said:
                    now.kept = True
            case Kind.OPEN:
                if now is not None and now.named and not now.said:
                    now.opened = True
            case Kind.HOST:
                if now is None or (now.named and not now.said):
                    clause = now or self._begin_in_season()
                    clause.unknown = clause.host = True
                else:
                    self.host_rules = True
            case _:
                self._close(item)

    def _close(self, item: Item) -> None:
        now = self._now
        if now is None:
            raise Misread(item.text)
        if self._last is Kind.RANGE and now.ranges:
            now.pauses.append(now.ranges.pop())
        elif self._last is Kind.ALL_DAY and now.all_day and self._last_text == "全天" and not now.ranges:
            now.all_day, now.closed = False, True
        elif now.closed or now.repair or now.unknown:
            pass
        elif (now.named or now.dated or now.rest) and not now.said:
            now.closed = True
        else:
            raise Misread(item.text)

    def _name_dates(self, item: Item) -> None:
        now = self._now
        if item.kind is Kind.SEASON:
            self._begin_season(item.text.rstrip("季节令时天制间"))
        elif item.kind is Kind.HOLIDAY and item.match is not None:
            name = holiday_name(item.match)
            if now is not None and now.holidays and not now.said:
                now.holidays.append(name)
            else:
                now = self._begin(holidays=[name])
            if self._excepting:
                now.closed, self._excepting = True, False
            if self._including:
                now.kept, self._including = True, False
        elif item.kind is Kind.REPAIR:
            if now is None or not now.dates or now.said:
                now = self._begin()
            now.repair, now.closed = item.text, True
        elif item.match is not None:
            self._name_dates_written(item, read_dates(item.match))

    def _name_dates_written(self, item: Item, dates: tuple[MonthDay, MonthDay] | None) -> None:
        now = self._now
        if dates is None:
            raise Misread(item.text)
        if self._last is Kind.SEASON and isinstance(self._season, str):
            self.seasons[self._season] = dates
        elif self._last is Kind.UNTIL:
            if now is None or not now.closed or now.named or now.dates:
                raise Misread(item.text)
            now.until = dates[1]
        elif (
            now is not None
            and (now.dates or now.repair)
            and not now.ranges
            and now.closed is bool(now.repair)
        ):
            now.dates.append(dates)
        else:
            if now is not None and now.named and not now.said:
                self._outer = now
                self.clauses.remove(now)
            self._begin(dates=[dates], season=None)
            self._season = None

    def _begin_season(self, season: str) -> None:
        now = self._now
        if now is not None and now.named and not now.said:
            self._outer = now
            self.clauses.remove(now)
        self._season, self._now = season, None
        self.seasons.setdefault(season, None)

    def _stumble(self, item: Item) -> None:
        now = self._now
        beside = now is not None and now.named and not self._past_comma and (now.unknown or not now.said)
        if item.kind is Kind.FROM_THEN or now is None or not beside or now.opened:
            raise Misread(item.text)
        now.unknown = self.uncertain = True
