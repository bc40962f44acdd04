"""As whom one tries the desk in the sandbox: one for each kind of work, with a login and no password."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["TRYERS", "Tryer"]


@dataclass(frozen=True, slots=True)
class Tryer:
    """An account of the sandbox."""

    login: str
    name: str
    role: str
    region: str | None


TRYERS = (
    Tryer("try-minhe", "民和县编辑", "editor", "630222"),
    Tryer("try-haidong", "海东市编辑", "editor", "630200"),
    Tryer("try-inspector", "民和县巡查", "inspector", "630222"),
    Tryer("try-planner", "省规划", "planner", None),
    Tryer("try-viewer", "省查阅", "viewer", None),
    Tryer("try-administrator", "省管理员", "administrator", None),
)
