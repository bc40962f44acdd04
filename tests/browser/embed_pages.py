"""Pages of somebody else's site that show our map in a frame: another origin, served beside ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import Flask
from playwright.sync_api import ConsoleMessage, FrameLocator, Page
from windows import serving

__all__ = ["LIVE", "Shown", "Visit", "foreign"]

#: The embed, drawn and at rest.
LIVE = "html.is-live body:not([aria-busy])"
Shown = Callable[..., "Visit"]


class Visit:
    """A window on somebody else's page, and the frame in it."""

    def __init__(self, page: Page, frame: FrameLocator) -> None:
        self.page, self.frame = page, frame
        self.messages: list[ConsoleMessage] = []
        self.errors: list[str] = []
        self.asked: list[str] = []
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))

    def _note(self, message: ConsoleMessage) -> None:
        self.messages.append(message)

    def complaints(self) -> list[str]:
        return [m.text for m in self.messages if m.type in {"error", "warning"}] + self.errors


@contextmanager
def foreign(frame: str, *, csp: str | None = None) -> Iterator[str]:
    """Serve a long page with a frame in it from another host and port; the address is that of the page.

    frame: the markup that an embedder pastes. csp: the content policy of the page around.
    """
    app = Flask("elsewhere")

    @app.get("/")
    def page() -> tuple[str, dict[str, str]]:
        filler = "".join(f"<p>line {number}</p>" for number in range(60))
        head = '<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><title>News</title>'
        body = f'<!doctype html><html lang="en">{head}<h1>News</h1>{frame}{filler}'
        return body, {"Content-Security-Policy": csp} if csp else {}

    with serving(app) as address:
        # Another host and another port: nothing of the site is shared.
        yield address.replace("127.0.0.1", "localhost") + "/"
