"""The documentation as pages of plain HTML: every Markdown file of the project's docs, with its pictures, and nothing from elsewhere.

    .venv/bin/python docs/build_site.py [FOLDER]      # var/docs where none is named

Headings get the anchors that GitHub gives them, so that one link is right in both. What links to a file that is no page of
the site is copied beside it where it stands in ``docs/``, and is plain text where it does not.
"""

from __future__ import annotations

import re
import shutil
import sys
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from posixpath import normpath, relpath

from markdown_it import MarkdownIt
from markdown_it.token import Token

__all__ = ["Page", "build", "read_pages", "slug"]

ROOT = Path(__file__).resolve().parents[1]
#: What the side of each page lists, in this order; what is not here follows by name.
_GROUPS = (
    ("Begin", ("README.md", "CHANGELOG.md")),
    (
        "By role",
        tuple(
            f"docs/roles/{name}.md"
            for name in ("rider", "keeper", "inspector", "editor", "planner", "embedder", "operator")
        ),
    ),
    ("For contributors", ("docs/architecture.md", "CONTRIBUTING.md")),
)
_STYLE = """
:root { color-scheme: light dark; --ink: #1b2420; --paper: #fff; --soft: #5a6862; --line: #dde3e0; --link: #0a6b45; --wash: #f5f7f6; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4ebe7; --paper: #121916; --soft: #9fb0a8; --line: #2b3733; --link: #6fd3a6; --wash: #1a2320; }
}
body { margin: 0; display: flex; color: var(--ink); background: var(--paper); font: 1rem/1.65 system-ui, "Noto Sans CJK SC", sans-serif; }
nav { flex: 0 0 15rem; box-sizing: border-box; height: 100vh; position: sticky; top: 0; overflow-y: auto;
  padding: 20px; background: var(--wash); border-right: 1px solid var(--line); }
nav h2 { font-size: 0.8125rem; margin: 16px 0 4px; color: var(--soft); }
nav ul { list-style: none; margin: 0; padding: 0; }
nav a { display: block; padding: 3px 0; font-size: 0.9375rem; text-decoration: none; }
nav [aria-current] { font-weight: 700; }
main { flex: 1 1 auto; min-width: 0; max-width: 52rem; padding: 24px 32px 64px; }
a { color: var(--link); }
img { max-width: 100%; height: auto; border: 1px solid var(--line); border-radius: 8px; }
pre { overflow-x: auto; padding: 12px 16px; background: var(--wash); border-radius: 8px; }
code { font-size: 0.9em; overflow-wrap: anywhere; }
pre code { overflow-wrap: normal; }
.table { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { padding: 6px 12px; border: 1px solid var(--line); text-align: left; vertical-align: top; }
@media (max-width: 44rem) {
  body { flex-direction: column-reverse; }
  nav { flex: none; position: static; height: auto; }
  main { padding: 16px; }
}
"""


@dataclass
class Page:
    """One page. path: of its source from the project's root. anchors: of its headings. links: as its source has them."""

    path: str
    title: str
    tokens: list[Token]
    anchors: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Where the page stands in the site."""
        return "index.html" if self.path == "README.md" else self.path.removeprefix("docs/")[:-3] + ".html"


def slug(heading: str, taken: list[str]) -> str:
    """Make the anchor of a heading as GitHub does: letters, digits, - and _ of any script stay, spaces become dashes."""
    plain = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
    number = sum(
        each == plain or re.fullmatch(rf"{re.escape(plain)}-\d+", each) is not None for each in taken
    )
    return plain if number == 0 else f"{plain}-{number}"


def read_pages() -> dict[str, Page]:
    """Read every page, by the path of its source."""
    sources = [
        *(ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")),
        *sorted((ROOT / "docs").glob("**/*.md")),
        *sorted((ROOT / "benchmarks" / "results").glob("*.md")),
    ]
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    return {page.path: page for page in (_read(parser, source) for source in sources)}


def _read(parser: MarkdownIt, source: Path) -> Page:
    tokens = parser.parse(source.read_text(encoding="utf-8"))
    page = Page(source.relative_to(ROOT).as_posix(), source.stem, tokens)
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            heading = tokens[at + 1]
            words = "".join(
                child.content for child in heading.children or () if child.type in {"text", "code_inline"}
            )
            anchor = slug(words, page.anchors)
            page.anchors.append(anchor)
            token.attrSet("id", anchor)
            if len(page.anchors) == 1:
                page.title = words
        for child in token.children or ():
            if child.type in {"link_open", "image"}:
                page.links.append(str(child.attrs["href" if child.type == "link_open" else "src"]))
    return page


def target_of(page: Page, link: str) -> tuple[str, str]:
    """Return the file from the project's root, and the anchor, that a link of a page leads to."""
    path, _, anchor = link.partition("#")
    return (page.path if not path else normpath(f"{page.path.rpartition('/')[0]}/{path}").lstrip("/")), anchor


def build(folder: Path) -> list[Path]:
    """Write the site into a folder, which is emptied before; returns the pages. Raises ValueError for a folder that is ours."""
    if folder.resolve() == ROOT or ROOT.is_relative_to(folder.resolve()):
        raise ValueError(f"{folder} holds the project itself: name another folder")
    pages = read_pages()
    shutil.rmtree(folder, ignore_errors=True)
    written = []
    for page in pages.values():
        for token in page.tokens:
            for child in token.children or ():
                _lead(child, page, pages, folder)
        out = folder / page.address
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(_laid_out(page, pages), encoding="utf-8")
        written.append(out)
    return written


def _lead(token: Token, page: Page, pages: dict[str, Page], folder: Path) -> None:
    """Let a link or a picture lead to where its target stands in the site."""
    if token.type not in {"link_open", "image"}:
        return
    name = "href" if token.type == "link_open" else "src"
    link = str(token.attrs[name])
    if re.match(r"[a-z]+:", link):
        token.attrSet("rel", "noopener")
        return
    path, anchor = target_of(page, link)
    here = page.address.rpartition("/")[0] or "."
    if path in pages:
        address = relpath(pages[path].address, here)
    elif path.startswith("docs/") and (ROOT / path).is_file():
        address = relpath(path.removeprefix("docs/"), here)
        copy = folder / path.removeprefix("docs/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, copy)
    else:
        del token.attrs[name]
        return
    token.attrSet(name, f"{address}#{anchor}" if anchor else address)


def _laid_out(page: Page, pages: dict[str, Page]) -> str:
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    body = parser.renderer.render(page.tokens, parser.options, {})
    body = body.replace("<table>", '<div class="table"><table>').replace("</table>", "</table></div>")
    listed = {path for _, paths in _GROUPS for path in paths}
    reference = tuple(path for path in pages if path not in listed and path.startswith("docs/"))
    results = tuple(path for path in pages if path.startswith("benchmarks/"))
    groups = (*_GROUPS[:2], ("Reference", reference), _GROUPS[2], ("Measured", results))
    here = page.address.rpartition("/")[0] or "."
    side = "".join(
        f"<h2>{escape(name)}</h2><ul>"
        + "".join(
            f'<li><a href="{relpath(pages[path].address, here)}"{" aria-current=page" if path == page.path else ""}>'
            f"{escape(pages[path].title)}</a></li>"
            for path in paths
        )
        + "</ul>"
        for name, paths in groups
    )
    return (
        f'<!doctype html>\n<html lang="{"zh-Hans" if re.search("[一-鿿]", page.title) else "en"}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(page.title)} · Yizhan Map</title>\n<style>{_STYLE}</style>\n</head>\n"
        f'<body>\n<nav aria-label="Pages">{side}</nav>\n<main>\n{body}</main>\n</body>\n</html>\n'
    )


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "var" / "docs"
    print(f"{len(build(target))} pages: {target / 'index.html'}")
