"""Every sentence that a reader can meet goes through the catalogue, and the English one is complete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from flask import Flask

from web import i18n
from web.catalogues import catalogue, messages, untranslated
from web.finder import offline
from web.finder.words import finder_words
from web.maps import finder_map
from web.pages.words import map_words

WEB = Path(i18n.__file__).parent
CHINESE = re.compile(r"[\u3400-\u9fff\u3000-\u303f\uff00-\uffef]")
PLACEHOLDER = re.compile(r"\{\w+\}")
STATIC = WEB / "static"
SCRIPTS = sorted(path for path in STATIC.rglob("*.js") if "vendor" not in path.parts)
MAP_SCRIPTS = sorted((STATIC / "js").glob("*.js"))
TEMPLATES = sorted((WEB / "templates").glob("**/*.html"))
#: Newer than Chrome 80, which messengers on older phones still carry; of scripts ESLint tells.
TOO_NEW_STYLE = re.compile(
    r"(?<![\w-])(?:inset|aspect-ratio|content-visibility)\s*:|:has\(|@container|@layer|\d[sdl]v[hw]\b"
)


def _below_static(path: Path) -> str:
    return str(path.relative_to(STATIC))


def ids() -> set[str]:
    return {text if isinstance(text, str) else text[0] for _, text in messages()}


def forms(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string)


def test_every_sentence_has_an_english_translation() -> None:
    english = catalogue("en")
    known = {m.id if isinstance(m.id, str) else m.id[0] for m in english if m.id}
    assert ids() - known == set()
    assert [message.id for message in untranslated(english)] == []


def test_the_catalogue_holds_no_sentence_that_nobody_says() -> None:
    english = catalogue("en")
    assert {m.id if isinstance(m.id, str) else m.id[0] for m in english if m.id} - ids() == set()
    assert list(english.obsolete) == []


def test_translations_have_the_placeholders_of_their_sentences() -> None:
    for message in catalogue("en"):
        if message.id:
            source = message.id if isinstance(message.id, str) else message.id[0]
            for form in forms(message):
                wanted = sorted(PLACEHOLDER.findall(source))
                if source == "{month}月{day}日 {time}":
                    wanted.sort()
                assert sorted(PLACEHOLDER.findall(form)) == wanted, source


def test_no_english_translation_is_still_chinese() -> None:
    assert [m.id for m in catalogue("en") if m.id and any(CHINESE.search(form) for form in forms(m))] == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_template_says_nothing_past_the_catalogue(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    for allowed in (r"\{#.*?#\}", r"_\('[^']*'\)", r"'　' if"):
        text = re.sub(allowed, "", text, flags=re.DOTALL)
    assert [line.strip() for line in text.splitlines() if CHINESE.search(line)] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=_below_static)
def test_a_script_says_only_words_that_it_was_given(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert not CHINESE.search(re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL))


@pytest.fixture
def words() -> dict[str, object]:
    app = Flask("words")
    i18n.init_app(app, default="zh")
    with app.test_request_context("/"):
        return map_words()


def test_every_word_that_a_script_asks_for_is_given_and_no_other(words: dict[str, object]) -> None:
    text = "\n".join(script.read_text(encoding="utf-8") for script in MAP_SCRIPTS)
    asked = set(re.findall(r'say\(\s*"(\w+)"\s*[,)]', text))
    asked |= {key for pair in re.findall(r'\? "(\w+)" : "(\w+)"', text) for key in pair if key in words}
    asked |= {key for key in words if re.search(rf'"{key}"', text)} | {"weekdays"}
    prefixes = re.findall(r'say\("(\w+_)" \+', text)
    assert set(words) - asked - {key for key in words if key.startswith(tuple(prefixes))} == set()
    assert asked - set(words) == set()


def test_every_word_that_the_finder_s_scripts_ask_for_is_given_and_no_other() -> None:
    app = Flask("words")
    i18n.init_app(app, default="zh")
    with app.test_request_context("/"):
        words = finder_words()
    own = [path for path in (*offline.SCRIPTS, *finder_map.SCRIPTS) if "vendor" not in path]
    text = "\n".join((STATIC / path).read_text(encoding="utf-8") for path in own)
    asked = set(re.findall(r'say\(\s*"(\w+)"\s*[,)]', text))
    asked |= {key for found in re.findall(r'say\([^()]*\? "(\w+)" : "(\w+)"', text) for key in found}
    assert asked - set(words) == set()
    assert {key for key in words if f'"{key}"' not in text} - {"weekdays"} == set()


@pytest.mark.parametrize("style", sorted((WEB / "static" / "css").rglob("*.css")), ids=lambda path: path.name)
def test_a_style_works_in_the_browsers_of_older_messengers(style: Path) -> None:
    assert TOO_NEW_STYLE.findall(style.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=_below_static)
def test_a_script_never_writes_markup(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert (
        re.findall(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|bindPopup|bindTooltip|\beval\b|new Function",
            text,
        )
        == []
    )
