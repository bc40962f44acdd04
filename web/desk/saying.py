"""What the accounts' errors are called at the desk: by their reasons, in the reader's language."""

from __future__ import annotations

from stations.accounts.passwords import MIN_LENGTH
from stations.errors import Invalid
from web.i18n import say

__all__ = ["event_words", "wrong"]


def wrong(error: Invalid) -> str:
    """Say what is wrong with a field."""
    known = {
        "short": say("密码至少 {n} 个字符。", n=MIN_LENGTH),
        "long": say("密码太长了。"),
        "digits": say("密码不能全是数字：手机号、证件号最先被人猜。"),
        "guessable": say(
            "这个密码太容易猜：常用词、拼音姓名、生日、键盘顺序和重复都不算数。试试把几个不相干的词连起来。"
        ),
        "login": say("登录名用 2 到 40 个小写字母、数字、点、连字符或下划线，以字母开头。"),
        "name": say("姓名写 1 到 60 个字，一行。"),
        "region": say("登记里没有这个区域。"),
        "role": say("没有这种角色。"),
        "email": say("邮箱地址写一个，例如 wang@example.org。"),
        "code": say("验证码不对。请看手机上的时间准不准，再输入新的六位数字。"),
    }
    return known.get(error.reason or "", say("这一项写得不对。"))


def event_words(kind: str) -> str:
    """Say what happened to an account."""
    return {
        "logged_in": say("登录"),
        "failed": say("登录失败"),
        "password_set": say("设置了密码"),
        "two_factor_on": say("开启两步验证"),
        "two_factor_off": say("关闭两步验证"),
        "codes_made": say("生成恢复码"),
        "code_used": say("用掉一个恢复码"),
        "link_made": say("生成一次性链接"),
        "link_mailed": say("邮寄一次性链接"),
        "sessions_ended": say("结束了所有登录"),
        "oidc_linked": say("连接统一身份"),
        "unlocked": say("解除锁定"),
        "disabled": say("停用账号"),
        "enabled": say("恢复账号"),
    }[kind]
