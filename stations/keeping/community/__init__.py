"""What a station offers beside shelter: day labour and events, entered by staff, shown while they hold, counted by the year.

``notices`` and ``events`` write; ``shown`` is what the public reads; ``totals`` adds up a year; ``ical`` writes
calendars; ``counts`` and ``checks`` read what people type. Personal cases never come in: they are numbers or nothing.
"""
