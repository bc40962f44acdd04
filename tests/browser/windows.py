"""Browser windows for the tests: a real Chromium that notes every complaint and every request to a third party."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import BrowserContext, Page, Route
from werkzeug.serving import BaseWSGIServer, make_server

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
#: Said by Playwright where a test does without service workers.
BLOCKED = "Service Worker registration blocked by Playwright"
#: The map page's panel or the finder's rows, drawn and at rest.
READY = "html.is-live :is(#panel, #rows):not([aria-busy])"

Window = Callable[..., "Reader"]


class Server:
    """An application on a port of its own, which can be stopped and started again there."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._port = 0
        self._running: tuple[BaseWSGIServer, threading.Thread] | None = None

    @property
    def address(self) -> str:
        """Where it answers, once it was started."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Begin to answer."""
        server = make_server("127.0.0.1", self._port, self._app, threaded=True)
        self._port = server.port
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        self._running = server, thread

    def stop(self) -> None:
        """Close the port; nobody answers there any more."""
        if self._running is not None:
            server, thread = self._running
            server.shutdown()
            thread.join()
            server.server_close()
            self._running = None


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """Serve an application for the time of a test."""
    server = Server(app)
    server.start()
    try:
        yield server.address
    finally:
        server.stop()


class Reader:
    """A browser window on a site."""

    def __init__(self, context: BrowserContext, site: str) -> None:
        self.site = site
        self.context = context
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        context.route("**/*", self._route)
        self.page: Page = context.new_page()
        self.page.on("console", lambda m: self._note(m.type, m.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"} and text != BLOCKED:
            self.complaints.append(text)

    def _route(self, route: Route) -> None:
        if route.request.url.startswith((self.site, "blob:", "data:")):
            route.continue_()
        else:
            self.foreign.append(route.request.url)
            route.abort()

    def open(self, address: str) -> Page:
        """Open an address of the site and wait until the page is at rest."""
        self.page.goto(self.site + address)
        self.page.wait_for_selector(READY, state="attached")
        return self.page

    def query(self) -> dict[str, list[str]]:
        """Return the query string of the present address."""
        return parse_qs(urlsplit(self.page.url).query)


def violations(page: Page) -> list[tuple[str, Any]]:
    """Return what axe complains about."""
    found = Axe().run(page)
    return [(v["id"], [node["target"] for node in v["nodes"]]) for v in found.response["violations"]]
