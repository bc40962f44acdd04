"""What layers of demand are called, and what is wrong with a file of one, in words."""

from __future__ import annotations

from web.i18n import say

__all__ = ["counts_label", "form_label", "left_out_words", "reasons", "unit_of"]


def reasons() -> dict[str, str]:
    """Return what is said for each reason for which a layer is not taken, or a run not begun."""
    return {
        "shapes": say(
            "文件里是线，或者几种形状混在一起：要么都是点，要么都是面。环卫路线请取各段中点，以每天经过的次数为权重。"
        ),
        "no_weight": say("没有一列是明确的数量：请指出是哪一列，或者选“每行算一个”。"),
        "no_position": say("没有经度和纬度的列：请指出是哪两列。"),
        "datum": say("请选坐标系：选错了，位置会偏几百米。"),
        "bad_amount": say("有一行的数量不是0或更大的数：请改正，不知道的请留空。"),
        "bad_pixel": say("有像元小于0，或者是无穷大：请声明 nodata 的值，或者改正。"),
        "no_crs": say("栅格没有写明坐标参考系：请带上它重新保存（例如 EPSG:4326）。"),
        "rotated": say("栅格是斜的：请先转成正北朝上的格网。"),
        "too_many_pixels": say("栅格的像元太多：请先裁出本地区，或者用更粗的格网。"),
        "too_many": say("行数太多：请先按网格合计，或者分成几个文件。"),
        "nothing": say("文件里没有大于0的数量。"),
        "elsewhere": say("全部落在本登记的范围之外：这是别的地方的数据。"),
        "swapped": say("经度和纬度写反了：请把两列对调。"),
        "degrees": say("文件说单位是米，里面却是度：请用正确的坐标参考系重新保存。"),
        "metres": say("文件说单位是度，里面却是米：请用正确的坐标参考系重新保存。"),
        "memory": say("格子和站点太多，内存放不下：请用更大的格子、更小的区域，或者更短的主要时限。"),
        "taken": say("已有叫这个名字的图层，请换一个名字，或者先移走那一个。"),
    }


def counts_label(code: str) -> str:
    """Return what a layer counts."""
    return {
        "residents": say("居民"),
        "orders_noon": say("午间订单"),
        "orders_night": say("夜间订单"),
        "sanitation": say("环卫作业"),
        "other": say("其他"),
    }[code]


def unit_of(code: str) -> str:
    """Return the unit that is offered for what a layer counts."""
    return {
        "residents": say("人"),
        "orders_noon": say("单"),
        "orders_night": say("单"),
        "sanitation": say("次"),
        "other": say("个"),
    }[code]


def form_label(form: str) -> str:
    """Return what a layer was read from."""
    return {"raster": say("栅格"), "points": say("点"), "areas": say("面")}[form]


def left_out_words(why: str, rows: int) -> str:
    """Say how many rows were left out, and why."""
    return {
        "no amount": say("{n} 行没有数量，没有计入。", n=f"{rows:,}"),
        "no position": say("{n} 行没有可用的位置，没有计入。", n=f"{rows:,}"),
    }[why]
