"""The fixtures of the browser tests: one Chromium for the run, a fresh context for each window."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, sync_playwright
from windows import DESK, FLAGS, Reader, Window


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    opened = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
    yield opened
    opened.close()


@pytest.fixture
def window(browser: Browser, site: str) -> Iterator[Window]:
    """Open windows; at the end none of them may have complained or asked a third party."""
    readers: list[Reader] = []
    contexts: list[BrowserContext] = []

    def make(viewport: dict[str, int] | None = None, *, at: str | None = None, **options: Any) -> Reader:
        given: dict[str, Any] = {
            "viewport": viewport or DESK,
            "locale": "zh-CN",
            "timezone_id": "Europe/London",
            "reduced_motion": "reduce",
            "service_workers": "block",
        }
        context = browser.new_context(**(given | options))
        context.set_default_timeout(8000)
        contexts.append(context)
        readers.append(Reader(context, at or site))
        return readers[-1]

    yield make
    for context in contexts:
        context.close()
    assert [reader.foreign for reader in readers if reader.foreign] == []
    assert [reader.complaints for reader in readers if reader.complaints] == []
