"""What the scripts at the door are given: addresses, and every word that they say, in the reader's language."""

from __future__ import annotations

from typing import Any, Final

from flask import url_for
from markupsafe import Markup

from stations.keeping.inspecting.record import MAX_PHOTOS
from web.assets import static_url
from web.desk.inspections_words import answer_words, observed_words
from web.i18n import lang, say
from web.maps.lean import script_json

__all__ = ["SCRIPTS", "STYLES", "setup"]

#: In the order in which they need each other.
SCRIPTS: Final = (
    "js/core.js",
    "js/finder/store.js",
    "js/desk/door_store.js",
    "js/desk/door_send.js",
    "js/desk/door_find.js",
    "js/desk/door_form.js",
    "js/desk/door.js",
)
STYLES: Final = ("css/base.css", "css/desk/base.css", "css/desk/inspections.css")


def setup() -> Markup:
    """Return words and addresses as JSON that is safe inside a script element. Nothing of it is about a person."""
    given = {
        "lang": lang(),
        "sprite": static_url("icons.svg"),
        # A browser may ask for a worker in another language than the page is in.
        "worker": url_for("desk.door_worker", lang=lang()),
        "page": url_for("desk.at_the_door"),
        "who": url_for("desk.door_who"),
        "stations": url_for("desk.door_stations"),
        "take": url_for("desk.door_take"),
        "log_in": url_for("desk.log_in", next=url_for("desk.at_the_door")),
        "most_photos": MAX_PHOTOS,
        "answers": answer_words(),
        "observed": observed_words(),
        "words": _words(),
    }
    return Markup(script_json(given))  # noqa: S704 - every character with a meaning in markup is escaped in it


def _words() -> dict[str, Any]:
    return {
        "today": say("今天"),
        "metres": say("{n}米"),
        "kilometres": say("{n}公里"),
        "failed": say("没有成功，请稍后再试。"),
        "offline": say("没有网络。"),
        "nobody": say("登录以后，这里显示您的检查。没有送出的检查还在这部手机里。"),
        "log_in": say("登录"),
        "none_yet": say("还没有检查。找到要检查的驿站，选检查表，开始填写。"),
        "no_pack": say("还没有存下驿站名单。请在有网络时打开一次本页。"),
        "pack_age": say("名单是{ago}存下的，共 {n} 个驿站。"),
        "pack_more": say("名单只存了最近的 {n} 个；其他的请输入编号。"),
        "no_checklist": say("还没有发布检查表，请管理员先发布。"),
        "nearest": say("离我最近"),
        "finding": say("正在定位…"),
        "no_position": say("没有取得位置。仍然可以检查，位置空着。"),
        "position": say("位置已取得，误差约 {n} 米"),
        "scan": say("拍门牌二维码"),
        "no_code": say("照片里没有读到驿站的二维码，请靠近再拍，或输入编号。"),
        "not_known": say("名单里没有 {code}。有网络时会核对；也可以直接检查。"),
        "start": say("开始检查"),
        "go_on": say("继续填写"),
        "delete": say("删除"),
        "really_delete": say("删除这份没有送出的检查？删了就找不回来。"),
        "sent": say("已送出"),
        "waiting": say("等网络，自动送出"),
        "sending": say("正在送出…"),
        "filling": say("没填完"),
        "refused": say("被退回：{why}"),
        "photos_left": say("还有 {n} 张照片等着送"),
        "photo_refused": say("照片被退回：{why}"),
        "leave_out": say("不要这张"),
        "retake": say("重拍"),
        "session_lost": say("登录已过期。检查还在这部手机里，登录后会自动送出。"),
        "other_member": say("现在登录的是别人，您的检查留着没有送。"),
        "store_full": say("手机存满了，最后的改动没有存下。请清理空间，不要关闭本页。"),
        "stored": say("已存在手机里"),
        "look": say("在工作台查看"),
        "checklist": say("检查表"),
        "observed": say("到达时"),
        "posted": say("公示时间：{hours}"),
        "no_hours": say("没有登记开放时间"),
        "remark": say("说明"),
        "photo": say("拍照"),
        "photo_wanted": say("请拍一张"),
        "photo_needed": say("必须拍一张"),
        "mend_by": say("整改期限"),
        "to_mend": say("需要整改"),
        "confirms": say("登记的信息与现场一致"),
        "confirms_hint": say("勾选后，这个驿站记为您今天现场核实。"),
        "whole_remark": say("总的说明"),
        "privacy": say("请不要写姓名、身份证号、手机号，不要拍到人脸。"),
        "done": say("填好，送出"),
        "later": say("先存着"),
        "unanswered": say("还有 {n} 项没有回答，会记为“没看到”。仍要送出？"),
        "photo_missing": say("“{item}”必须拍一张照片。"),
        "nothing": say("一项都还没有检查。"),
        "too_many_photos": say("一次检查最多 {n} 张照片。"),
        "progress": say("{done}/{all} 项"),
        "needs": say("因为“{item}”不符合，这一项不用看。"),
        "remove_photo": say("去掉照片"),
        "photo_of": say("“{item}”的照片 {n}"),
        "other_items": say("其他"),
        "last": say("上次检查 {ago}"),
        "never": say("没有检查过"),
        "building": say("建设中"),
        "suspended": say("暂停服务"),
        "back": say("返回"),
    }
