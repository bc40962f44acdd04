"""Which version of the program this is: the one that pyproject.toml names and the change log tells of."""

from __future__ import annotations

from typing import Final

__all__ = ["VERSION"]

VERSION: Final = "0.1.0"
"""As in pyproject.toml; a test holds the two together."""
