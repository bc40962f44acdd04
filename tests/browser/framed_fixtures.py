"""The fixtures of the embed's browser tests: the site, and our map in a frame of another one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from embed_pages import LIVE, Shown, Visit, foreign
from playwright.sync_api import Browser
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from windows import serving

from tests.web.embed_registry import NOON, fill_for_embeds
from web import create_app
from web.settings import Settings


@pytest.fixture(scope="module")
def served(new_database: Callable[[], str]) -> Iterator[tuple[str, dict[str, str]]]:
    """The application on the small registry of the embeds."""
    url = new_database()
    engine = create_engine(url)
    with Session(engine) as session, session.begin():
        codes = fill_for_embeds(session)
    app = create_app(Settings(secret_key="x" * 40, database_url=url, clock=NOON), engine=engine)
    with serving(app) as address:
        yield address, codes
    engine.dispose()


@pytest.fixture
def site(served: tuple[str, dict[str, str]]) -> str:
    return served[0]


@pytest.fixture
def shown(browser: Browser, site: str) -> Iterator[Shown]:
    """Show a frame with our map on a page of another origin, at rest."""
    closing: list[Any] = []

    def show(
        query: str = "", *, attributes: str = "", csp: str | None = None, wait: bool = True, **options: Any
    ) -> Visit:
        context = browser.new_context(
            **(
                {"viewport": {"width": 900, "height": 700}, "locale": "zh-CN", "reduced_motion": "reduce"}
                | options
            )
        )
        context.set_default_timeout(8000)
        markup = f'<iframe src="{site}/embed?v=1&amp;{query.replace("&", "&amp;")}" title="map" width="100%" height="480" {attributes}></iframe>'
        around = foreign(markup, csp=csp)
        address = around.__enter__()
        closing.append((context, around))
        page = context.new_page()
        visit = Visit(page, page.frame_locator("iframe"))
        page.goto(address)
        if wait:
            visit.frame.locator(LIVE).wait_for(state="attached")
        return visit

    yield show
    for context, around in closing:
        context.close()
        around.__exit__(None, None, None)
