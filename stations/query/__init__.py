"""The one query string: parsed once into a value, for every page, API and command.

============  =======================================================================================================
name          meaning
============  =======================================================================================================
kind          one of several kinds: ``kind=rider_station,union_station``
class         ``rest`` (places to rest) or ``service``
amenities     all of these: ``amenities=microwave,toilet``
open          ``now``: open at the moment asked about; ``24h``: always open
at            the moment asked about (ISO 8601; without an offset it is Beijing time); else now
access        how one gets in: ``open_door``, ``ask_staff`` …; ``no_scan``: all but scanning a code or an app
fee           ``free``, ``fee``
jobs          day labour of these trades is wanted on the day asked about, and the notice still holds; ``any`` for every one
events        an event of these kinds takes place within the week from the moment asked about; ``any`` for every one
lifecycle     which lives: the default is ``open,suspended``; ``all`` for every one
region        in these regions or below: ``region=6301,632100`` (trailing zeros may be left out)
bbox          ``west,south,east,north``
near          ``longitude,latitude``: nearest first, with metres
within_m      with ``near``: not farther than this
by            how one travels: ``walk`` (default) or ``ebike``; decides the minutes, and what is still open on arrival
stay          minutes that one wants to stay; a station that closes sooner after arrival is ranked behind
q             words in names, addresses, places, or their pinyin
unknown       what a filter does with a station whose answer is not known: ``include`` (default) or ``exclude``
lang          ``zh`` or ``en``
limit         how many
cursor        where the next page begins; taken from a ``next`` link, never made by hand
============  =======================================================================================================

What unknown means. Nobody said whether a station has a microwave: with ``unknown=include`` it stays in the answer, is
marked, and is ranked behind; with ``exclude`` it goes. The same holds for hours nobody gave, for an amenity that a
list's author only inferred, and for an unknown access or fee. A plain no, or out of order, never stays.
"""

from __future__ import annotations

from stations.query.errors import BadQuery, Problem
from stations.query.readers import By, Open, Unknown
from stations.query.value import NAMES, StationQuery

__all__ = ["NAMES", "BadQuery", "By", "Open", "Problem", "StationQuery", "Unknown"]
