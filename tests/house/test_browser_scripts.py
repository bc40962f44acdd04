"""What pages run is read by the browsers of older messengers: ESLint holds it to Chrome 80, syntax and interfaces."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def lint(*arguments: str, script: str | None = None) -> Any:
    done = subprocess.run(
        [ROOT / "script" / "npm", "exec", "--offline", "--", "eslint", "--format", "json", *arguments],
        cwd=ROOT,
        input=script,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.lstrip().startswith("["), done.stdout + done.stderr
    return json.loads(done.stdout[done.stdout.index("[") :])


def test_every_script_of_the_pages_runs_in_chrome_80() -> None:
    files = lint("web/static")
    ours = [path for path in (ROOT / "web/static").rglob("*.js") if "vendor" not in path.parts]
    assert {Path(each["filePath"]) for each in files} == set(ours)
    assert [
        f"{Path(each['filePath']).name}:{fault['line']}: {fault['message']}"
        for each in files
        for fault in each["messages"]
    ] == []


@pytest.mark.parametrize(
    "script",
    [
        "document.title = [1].at(0);",
        "structuredClone(document.title);",
        "document.title = 'a'.replaceAll('a', 'b');",
        "Promise.any([]);",
        "var a = {}; a.b ??= 1;",
        "class A { #secret = 1; }",
        "document.title = crypto.randomUUID();",
        "eval(document.title);",
    ],
)
def test_a_script_that_is_too_new_or_runs_words_is_found(script: str) -> None:
    (found,) = lint("--stdin", "--stdin-filename", "web/static/js/new.js", script=script)
    assert found["messages"] != []
