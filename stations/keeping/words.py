"""What may stand in the words of a report: no identity card's, bank card's or mobile phone's number.

Staff read these words and may release them; a number from which a person can be found must not be among them.
"""

from __future__ import annotations

import re
import unicodedata

from stations.errors import Invalid
from stations.keeping.private_numbers import NAMES, personal_numbers
from stations.models.voices import MAX_WORDS

__all__ = ["clean_words", "personal_number"]


def clean_words(text: str, *, field: str = "words") -> str | None:
    """Return words that may be kept, in NFC and without control characters; None where nothing is left.

    Raises Invalid where they are longer than 500 characters or hold a personal number. The message says which kind of
    number and never repeats it.
    """
    if any(unicodedata.category(character) == "Cs" for character in text):
        raise Invalid(f"{field}: half a character (a lone surrogate) is no text", field=field)
    shown = "".join(character for character in text if not _is_control(character))
    kept = unicodedata.normalize("NFC", re.sub(r"\s+", " ", shown)).strip()
    if len(kept) > MAX_WORDS:
        raise Invalid(
            f"{field}: {len(kept)} characters are too many; write {MAX_WORDS} at most",
            field=field,
            value=kept,
        )
    if (kind := personal_number(kept)) is not None:
        raise Invalid(
            f"{field}: this looks like {NAMES[kind]}; leave personal numbers out, nothing was stored",
            field=field,
            reason=kind,
        )
    return kept or None


def personal_number(text: str) -> str | None:
    """Tell which kind of personal number stands in ``text``: ``identity_card``, ``bank_card``, ``phone``, or None."""
    return next(personal_numbers(text), None)


def _is_control(character: str) -> bool:
    # Overrides of the writing direction could make hidden words read as others; joiners belong to some scripts.
    return (unicodedata.category(character) == "Cc" and not character.isspace()) or (
        "\u202a" <= character <= "\u202e" or "\u2066" <= character <= "\u2069"
    )
