"""The example units for systemd: read by systemd itself, and what they start is there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UNITS = sorted((ROOT / "docs" / "systemd").iterdir())


def test_systemd_finds_no_fault_in_the_units(tmp_path: Path) -> None:
    for unit in UNITS:
        text = (
            unit.read_text(encoding="utf-8").replace("/opt/yizhan", str(ROOT)).replace("=yizhan\n", "=root\n")
        )
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [
            "systemd-analyze",
            "verify",
            "--man=no",
            "--recursive-errors=one",
            *map(str, sorted(tmp_path.iterdir())),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if "yizhan" in line]
    assert (ours, done.returncode) == ([], 0), done.stderr


def test_systemd_would_find_a_fault(tmp_path: Path) -> None:
    bad = tmp_path / "yizhan-bad.service"
    bad.write_text("[Service]\nType=oneshot\nExecStart=/no/such/program\nRestart=perhaps\n", encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(bad)], capture_output=True, text=True, check=False
    )
    assert "yizhan-bad.service" in done.stderr


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_what_a_unit_names_of_the_project_is_there(unit: Path) -> None:
    for path in re.findall(r"/opt/yizhan/([\w./-]+)", unit.read_text(encoding="utf-8")):
        assert (ROOT / path).exists() or path.startswith(".venv/bin/"), path
