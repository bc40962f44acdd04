"""The words of the desk that more than one of its pages says."""

from __future__ import annotations

from datetime import datetime

from stations.hours import SHANGHAI
from web.i18n import say

__all__ = ["beijing", "role_meaning", "role_name"]


def beijing(moment: datetime) -> str:
    """Write a moment in Beijing time, to the minute."""
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def role_name(role: str) -> str:
    """Return what a role is called."""
    return {
        "viewer": say("查阅"),
        "editor": say("编辑"),
        "inspector": say("巡查"),
        "planner": say("规划"),
        "administrator": say("管理员"),
    }[role]


def role_meaning(role: str) -> str:
    """Return what a role may do, in a sentence."""
    return {
        "viewer": say("看工作台上的一切，不改任何内容。"),
        "editor": say("登记和修改站点，导入名单，处理群众反映。"),
        "inspector": say("登记现场看到的情况。"),
        "planner": say("计算覆盖和选址，保存方案。"),
        "administrator": say("管理人员和授权，并可做以上各项。"),
    }[role]
