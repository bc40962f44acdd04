"""Opening hours: from the words of a list to open, closed or unknown at a moment, in Asia/Shanghai."""

from stations.hours.describe import Phrase, describe, describe_day, phrase, render
from stations.hours.evaluate import Day, DaySpan, Span, Spans, Standing, always_open, spans, standing, week
from stations.hours.model import SHANGHAI, Calendar, DatedException, Hours, State
from stations.hours.words import Parsed, parse_words

__all__ = [
    "SHANGHAI",
    "Calendar",
    "DatedException",
    "Day",
    "DaySpan",
    "Hours",
    "Parsed",
    "Phrase",
    "Span",
    "Spans",
    "Standing",
    "State",
    "always_open",
    "describe",
    "describe_day",
    "parse_words",
    "phrase",
    "render",
    "spans",
    "standing",
    "week",
]
