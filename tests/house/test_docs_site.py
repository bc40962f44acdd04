"""The documentation's site: built of every page, and no link, anchor or picture of it leads nowhere."""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "docs"))

import build_site  # noqa: E402

PAGES = build_site.read_pages()
ROLES = ("rider", "keeper", "inspector", "editor", "planner", "embedder", "operator")


class Elements(HTMLParser):
    """What a page links to, shows, and can be linked at."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.pictures: list[tuple[str, str]] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if "id" in said:
            self.anchors.add(said["id"])
        if tag == "a" and "href" in said:
            self.links.append(said["href"])
        if tag == "img":
            self.pictures.append((said.get("src", ""), said.get("alt", "")))
        assert tag not in {"script", "iframe", "link"}, tag


def test_no_link_anchor_or_picture_of_the_site_leads_nowhere(tmp_path: Path) -> None:
    built = {path: Elements(path.read_text(encoding="utf-8")) for path in build_site.build(tmp_path / "site")}
    broken = []
    for path, page in built.items():
        for link in (*page.links, *(source for source, _ in page.pictures)):
            if re.match(r"https?:|mailto:|tel:", link):
                continue
            name, _, anchor = unquote(link).partition("#")
            target = (path.parent / name).resolve() if name else path
            if not target.is_file() or (anchor and target in built and anchor not in built[target].anchors):
                broken.append(f"{path.relative_to(tmp_path / 'site')}: {link}")
        broken += [f"{path.name}: {source} says nothing" for source, words in page.pictures if len(words) < 8]
    assert broken == []
    assert (tmp_path / "site" / "index.html") in built
    assert len(built) == len(PAGES)


@pytest.mark.parametrize("path", PAGES)
def test_every_link_of_a_source_leads_to_a_file_and_a_heading(path: str) -> None:
    page = PAGES[path]
    for link in page.links:
        if re.match(r"[a-z]+:", link):
            continue
        target, anchor = build_site.target_of(page, unquote(link))
        assert (ROOT / target).exists(), f"{path} links to {link}"
        if anchor and target in PAGES:
            assert anchor in PAGES[target].anchors, f"{path} links to {link}, and there is no such heading"


@pytest.mark.parametrize("role", ROLES)
def test_each_role_has_a_page_with_pictures(role: str) -> None:
    page = PAGES[f"docs/roles/{role}.md"]
    assert any(link.endswith(".png") for link in page.links)
    assert f"docs/roles/{role}.md" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_anchors_are_those_of_github() -> None:
    taken: list[str] = []
    for heading, anchor in {
        "yizhan db migrate": "yizhan-db-migrate",
        "What `script/server` does": "what-scriptserver-does",
        "谁来用？哪里开始": "谁来用哪里开始",
        "A, B & c_d": "a-b--c_d",
    }.items():
        taken.append(build_site.slug(heading.replace("`", ""), taken))
        assert taken[-1] == anchor
    assert build_site.slug("A, B & c_d", taken) == "a-b--c_d-1"


def test_a_folder_that_holds_the_project_is_never_emptied() -> None:
    for folder in (ROOT, ROOT.parent):
        with pytest.raises(ValueError, match="holds the project"):
            build_site.build(folder)
