"""What the public says, over HTTP: a challenge, a confirmation in one tap, a report with words and a photo."""

from __future__ import annotations

from web.reports.routes import agreement, blueprint

__all__ = ["agreement", "blueprint"]
