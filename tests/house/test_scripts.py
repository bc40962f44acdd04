"""The two commands and what they install: POSIX shell, locked, explained, and checked before anything long is done."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from web.build import ASSETS
from web.door import require_port
from web.settings import SettingsError

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted(path for path in (ROOT / "script").iterdir() if not path.suffix)
LOCKS = ["requirements.lock", "requirements-dev.lock", "script/node.lock"]
PINNED = re.compile(r"^([a-z0-9._-]+)==(\S+)", re.MULTILINE)


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def door(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the first check as script/server does on a bare machine: no installed package is in reach (-I -S)."""
    return subprocess.run(
        [sys.executable, "-I", "-S", str(ROOT / "web" / "door.py"), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "YIZHAN_PORT": "1999"} | environment,
    )


@pytest.mark.parametrize("script", [*SCRIPTS, ROOT / ".ci" / "run"], ids=lambda path: path.name)
def test_a_script_is_executable_posix_shell_that_stops_at_the_first_error(script: Path) -> None:
    lines = script.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "#!/bin/sh"
    assert "set -eu" in lines
    assert script.stat().st_mode & stat.S_IXUSR
    subprocess.run(["sh", "-n", script], check=True)
    bashisms = r"\[\[|^function |<<<|\blocal\s|&>|^\s*source\s|\[ [^]]*==|\bdeclare\s|\$RANDOM"
    assert re.findall(bashisms, script.read_text(encoding="utf-8"), re.MULTILINE) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_says_at_its_top_what_it_does(script: Path) -> None:
    assert script.read_text(encoding="utf-8").splitlines()[1].startswith("# ")


def test_ci_runs_script_test_and_nothing_else() -> None:
    commands = [line for line in text(".ci/run").splitlines() if line and not line.startswith(("#", "set "))]
    assert commands == ['exec "$(dirname -- "$0")/../script/test"']


# What is installed


@pytest.mark.parametrize("lock", [*LOCKS, "package-lock.json", "package.json", ".npmrc"])
def test_a_lock_names_no_host(lock: str) -> None:
    # Whom one may thank with money is no host of a registry.
    content = re.sub(r'"funding": (?:\{[^}]*\}|\[[^\]]*\])', "", text(lock))
    addresses = re.findall(r"https?://[^\s\"]+|^--?(?:index|extra|find|i\b).*$", content, re.MULTILINE)
    assert addresses == []
    assert '"resolved"' not in text(lock)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_python_package_has_a_version_and_hashes(lock: str) -> None:
    entries = re.split(r"\n(?=\S)", re.sub(r"^\s*#.*\n", "", text(lock), flags=re.MULTILINE).strip())
    assert entries
    for entry in entries:
        assert PINNED.match(entry), entry
        assert "--hash=sha256:" in entry, entry


def test_the_lock_for_tests_holds_the_lock_for_running() -> None:
    assert set(PINNED.findall(text("requirements.lock"))) <= set(
        PINNED.findall(text("requirements-dev.lock"))
    )


def test_every_declared_dependency_is_locked() -> None:
    project = tomllib.loads(text("pyproject.toml"))
    for lock, declared in {
        "requirements.lock": project["project"]["dependencies"],
        "requirements-dev.lock": project["dependency-groups"]["dev"],
    }.items():
        locked = {name for name, _ in PINNED.findall(text(lock))}
        names = {re.split(r"[\[<>=~! ]", requirement)[0].lower() for requirement in declared}
        assert names <= locked, lock


def test_npm_packages_are_exact_private_and_each_is_served() -> None:
    package, lock = json.loads(text("package.json")), json.loads(text("package-lock.json"))
    assert package["private"] is True
    assert package["license"] == "Apache-2.0"
    assert lock["packages"][""]["dependencies"] == package["dependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in package["dependencies"].values())
    assert set(package["dependencies"]) == set(ASSETS)
    for name, entry in lock["packages"].items():
        assert not name or entry["integrity"].startswith("sha512-"), name


def test_what_is_installed_or_made_is_ignored_by_git() -> None:
    made = [
        ".venv/x",
        "node_modules/x",
        "var/x",
        "web/static/vendor/x",
        "web/translations/en/LC_MESSAGES/messages.mo",
    ]
    done = subprocess.run(
        ["git", "check-ignore", *made], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == made


# Before anything long is done


def test_help_comes_before_any_installation_and_says_how_to_change_the_port() -> None:
    done = door("--help")
    assert done.returncode == 3
    assert all(part in done.stdout for part in ("--registry", "--province", "YIZHAN_PORT=8001 script/server"))


def test_good_options_pass_the_door_in_silence() -> None:
    done = door("--registry", "henan", "--province", "41")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--regstry", "x"], "unrecognized arguments: --regstry"),
        (["extra"], "unrecognized arguments: extra"),
        (["--registry"], "expected one argument"),
        (["--registry", ""], "--registry is empty"),
        (["--registry", "My List"], "--registry 'My List': must be lower-case"),
        (["--registry", "henan", "--province", "99"], "--province '99': must be the GB/T 2260 code"),
        (["--province", "41"], "needs --registry NAME"),
    ],
)
def test_wrong_options_explain_themselves(arguments: list[str], said: str) -> None:
    done = door(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_taken_port_is_told_with_who_holds_it_and_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = door(YIZHAN_PORT=str(port))
        assert done.returncode == 2
        for part in (
            f"Port {port} of 127.0.0.1 is taken",
            f"process {os.getpid()} ",
            f"YIZHAN_PORT={port + 1} script/server",
        ):
            assert part in done.stderr
    require_port("127.0.0.1", port)


@pytest.mark.parametrize("host", ["192.0.2.77", "no such host", "a" * 300])
def test_a_host_that_is_not_this_machine_is_named(host: str) -> None:
    with pytest.raises(SettingsError, match="YIZHAN_HOST="):
        require_port(host, 8000)


def with_programs(folder: Path, *names: str, **scripts: str) -> dict[str, str]:
    """Make a PATH of the named programs and of small scripts in place of others."""
    for name in names:
        found = shutil.which(name)
        assert found, name
        (folder / name).symlink_to(found)
    for name, body in scripts.items():
        file = folder / name
        file.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        file.chmod(0o755)
    return {"PATH": str(folder)}


def test_a_python_that_is_too_old_is_named(tmp_path: Path) -> None:
    old = 'case $1 in --version) echo "Python 3.9.2" ;; *) exit 1 ;; esac'
    environment = with_programs(tmp_path, "sh", python3=old)
    done = subprocess.run(
        [ROOT / "script" / "python"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed; found: Python 3.9.2" in done.stderr


def test_without_apt_the_packages_that_are_needed_are_named(tmp_path: Path) -> None:
    environment = with_programs(tmp_path, "sh", "cat", "ls", "id", "grep", "rm", bare="exit 1")
    done = subprocess.run(
        [ROOT / "script" / "packages", "test", tmp_path / "bare"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "has no apt" in done.stderr
    assert all(name in done.stderr for name in ("python3-venv", "chromium", "YIZHAN_DATABASE_URL"))


def test_without_sudo_an_ordinary_user_is_told_what_to_ask_for(tmp_path: Path) -> None:
    environment = with_programs(
        tmp_path, "sh", "cat", "ls", "grep", "rm", id="echo 1000", bare="exit 1", **{"apt-get": "exit 9"}
    )
    done = subprocess.run(
        [ROOT / "script" / "packages", "server", tmp_path / "bare"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "there is no sudo" in done.stderr
    assert "python3-venv" in done.stderr


def test_bootstrap_refuses_a_word_that_it_does_not_know() -> None:
    done = subprocess.run(
        [ROOT / "script" / "bootstrap", "serve"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (2, "usage: script/bootstrap [server|test]\n")
