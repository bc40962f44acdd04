"""The words that the finder's scripts need, from the catalogue in the reader's language.

Placeholders are written ``{name}`` and are filled in by the browser. A pair is the singular and the plural.
"""

from __future__ import annotations

from stations import vocabulary
from stations.finding import Verdict
from stations.query import By
from web.i18n import lang, plural, say
from web.pages.words import map_words, vocabulary_labels
from web.streets import straight_words

__all__ = ["TOO_FAR", "choice_words", "finder_words", "heading_words", "minutes_words", "said_words", "verdict_words",
           "vocabulary_words"]  # fmt: skip

#: Sentences that the finder's scripts share with the map page's.
_SHARED = (
    "weekdays", "tomorrow_at", "weekday_at", "date_at", "today", "metres", "kilometres", "hours_unknown", "opens_at",
    "closes_at", "closes_in", "unknown_from", "open_unknown_from", "marker", "ring", "amenity_broken",
    "amenity_unknown", "inferred", "as_listed", "and", "failed", "offline", "close", "locating", "zoom_in", "zoom_out",
)  # fmt: skip


def finder_words() -> dict[str, object]:
    """Return every sentence that the finder's scripts say, by the key they ask for it with."""
    shared = map_words()
    one, many = heading_words(1), heading_words(2)
    headings = {key: [one[key], many[key]] for key in one}
    return {key: shared[key] for key in _SHARED} | headings | _list() | _place() | _keeping() | _saying()


#: Minutes from which on only the distance is told: nobody walks for ten hours, and a state then is of another day.
TOO_FAR = 600


def minutes_words(minutes: int | None, *, about: bool = False) -> str:
    """Say how long a way takes: 31 分钟, 3 小时 34 分; empty where that is unknown or of no use.

    about: an estimate among minutes that are none.
    """
    if minutes is None or minutes >= TOO_FAR:
        return ""
    if about:
        return say("约 {minutes}", minutes=minutes_words(minutes))
    hours, rest = divmod(minutes, 60)
    if not hours:
        return say("{n} 分钟", n=rest)
    return say("{h} 小时 {n} 分", h=hours, n=rest) if rest else say("{h} 小时", h=hours)


def heading_words(n: int) -> dict[str, str]:
    """Return what stands above a list of ``n`` stations, by where they were looked for."""
    return {
        "near_here": plural("附近最合适的 {n} 个", "附近最合适的 {n} 个", n),
        "near_place": plural("{place}附近最合适的 {n} 个", "{place}附近最合适的 {n} 个", n),
        "nearest_here": plural("离这里最近的 {n} 个", "离这里最近的 {n} 个", n),
        "nearest_place": plural("离{place}最近的 {n} 个", "离{place}最近的 {n} 个", n),
        "starred": plural("收藏的 {n} 个站点", "收藏的 {n} 个站点", n),
    }


def verdict_words() -> dict[str, str]:
    """Say what a verdict adds to the state; ``{n}`` is the minutes between arrival and closing."""
    return {
        Verdict.OPENS_BY_ARRIVAL: say("到达时已开门"),
        Verdict.CLOSING_SOON: say("到达后只开 {n} 分钟"),
        Verdict.CLOSES_BEFORE_ARRIVAL: say("到达前关门"),
    }


def choice_words(code: str) -> dict[str, str]:
    """Name what the public can say of a station."""
    return {choice: term.label(code) for choice, term in vocabulary.REPORT_CHOICES.items()}


def said_words(choice: str, amenity: str | None) -> str:
    """Say what enough people reported: 现在关着门, 设施坏了（热饭）."""
    what = vocabulary.REPORT_CHOICES[choice].label(lang())
    if amenity is None:
        return what
    return say("{what}（{amenity}）", what=what, amenity=vocabulary.AMENITIES[amenity].label(lang()))


def vocabulary_words(code: str) -> dict[str, object]:
    """Return the labels of the field's words, the order of the amenities' bits, and the class of each kind."""
    return vocabulary_labels(code) | {
        "order": list(vocabulary.AMENITIES),
        "classes": {kind.code: str(kind.station_class) for kind in vocabulary.KINDS.values()},
    }


def _list() -> dict[str, object]:
    return {
        "minutes": say("{n} 分钟"),
        "hours": say("{h} 小时"),
        "hours_minutes": say("{h} 小时 {n} 分"),
        "amenities": say("设施"),
        "rest_unknown": say("另 {n} 项未知"),
        "said_open": [plural("{n} 人说还开着", "{n} 人说还开着", n) for n in (1, 2)],
        "said_wrong": say("有人反映：{what}"),
        "said_of": say("{what}（{amenity}）"),
        "verified_ago": say("{ago}核实"),
        "unverified_short": say("未核实"),
        "hours_stale": say("时间可能已变"),
        "more_of": say("{name}：更多"),
        "details": say("全部信息和导航"),
        "where_from": say("从哪里找？"),
        "basis_walk": straight_words(By.WALK),
        "basis_ebike": straight_words(By.EBIKE),
        "about": say("约 {minutes}"),
        "nothing_open": say("附近现在没有开着的。先列最快开门的，再列时间未知、可以打电话问的。"),
        "nothing_near": say("附近没有：一小时之内到不了任何符合条件的站点。下面是最近的几个。"),
        "outside": say("这个位置不在本地图的地区里，定位可能不准：输入一个地方，或在地图上点一下。"),
        "set_aside": say("没有站点符合全部条件，先放宽了：{what}。"),
        "from_here": say("从这里找"),
        "map_failed": say("地图没有载入，列表照样可用。"),
    }


def _place() -> dict[str, object]:
    return {
        "location_declined": say("好的，不定位。输入一个地方，或在地图上点一下。"),
        "location_denied": say("浏览器没有允许定位。可以在浏览器或微信的设置里打开，或者："),
        "location_unavailable": say("已允许定位，但手机现在测不出位置。到空旷处再试，或者："),
        "location_late": say("已允许定位，但等了太久没有结果。再点一次，或者："),
        "location_impossible": say("这个浏览器不能定位。可以："),
        "type_place": say("输入地方"),
        "point_on_map": say("在地图上点"),
        "place_unknown": say("没有找到“{name}”。换个写法，或者："),
        "place_name": say("这个地方叫什么"),
        "place_home": say("家"),
        "place_often": say("常去"),
        "save": say("保存"),
        "cancel": say("取消"),
        "place_kept": say("已存下“{name}”，只在这部手机上。"),
        "place_removed": say("已移除。"),
        "remove_place": say("移除“{name}”"),
        "not_kept": say("这个浏览器不让保存。"),
        "link": say("这份列表的链接"),
        "copy_link": say("复制链接"),
        "copied": say("链接已复制。"),
        "copy_yourself": say("请长按链接自己复制。"),
        "share_with": say("发给别人"),
        "code_of_link": say("这份列表的二维码"),
    }


def _keeping() -> dict[str, object]:
    return {
        "from_pocket": say("没有网络。这是{ago}存下的名单，营业状态按手机现在的时间算。"),
        "just_now": say("刚才"),
        "nothing_kept": say("没有网络，这部手机也还没有存下名单。有网络时打开一次就会存下。"),
        "star": say("收藏这里"),
        "star_kept": say("已收藏“{name}”，只在这部手机上。"),
        "star_dropped": say("已取消收藏“{name}”。"),
        "no_stars": say("还没有收藏。在一行右边展开，点“收藏这里”。"),
        "export_json": say("导出 JSON"),
        "export_geojson": say("导出 GeoJSON"),
    }


def _saying() -> dict[str, object]:
    return {
        "confirm": say("信息无误，还开着"),
        "problem": say("有问题"),
        "what_is_wrong": say("什么不对？"),
        "which_amenity": say("哪一项？"),
        "in_words": say("补充说明（可不填，不要写姓名、电话、证件号）"),
        "send": say("提交"),
        "sending": say("正在提交…"),
        "thanks": say("谢谢，收到了。"),
        "queued": say("没有网络，已存在手机上，有网络时自动提交一次。"),
        "refused": say("没有收下：{why}"),
        "photo": say("照片（可不加；位置等信息会先去掉）"),
        "too_many": say("这一小时里提交得太多了，已存在手机上，过一会儿自动提交。"),
        "personal_number": say("文字里像是有证件号、银行卡号或手机号，请去掉再提交。"),
        "photo_refused": say("照片太大，或者不是照片。"),
    }
