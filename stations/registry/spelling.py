"""Pinyin as people type it: cut into syllables, the last one perhaps unfinished, one letter perhaps wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import islice

__all__ = ["misspelt", "syllables", "within_one_letter"]

#: The syllables of standard Chinese without tones, v for ü, as the Xinhua dictionary has them.
_TABLE = """
a ai an ang ao ba bai ban bang bao bei ben beng bi bian biao bie bin bing bo bu ca cai can cang cao ce cen
ceng cha chai chan chang chao che chen cheng chi chong chou chu chua chuai chuan chuang chui chun chuo ci
cong cou cu cuan cui cun cuo da dai dan dang dao de dei den deng di dia dian diao die ding diu dong dou du
duan dui dun duo e ei en eng er fa fan fang fei fen feng fiao fo fou fu ga gai gan gang gao ge gei gen geng
gong gou gu gua guai guan guang gui gun guo ha hai han hang hao he hei hen heng hong hou hu hua huai huan
huang hui hun huo ji jia jian jiang jiao jie jin jing jiong jiu ju juan jue jun ka kai kan kang kao ke kei
ken keng kong kou ku kua kuai kuan kuang kui kun kuo la lai lan lang lao le lei len leng li lia lian liang
liao lie lin ling liu lo long lou lu luan lun luo lv lve ma mai man mang mao me mei men meng mi mian miao
mie min ming miu mo mou mu na nai nan nang nao ne nei nen neng ni nian niang niao nie nin ning niu nong nou
nu nuan nun nuo nv nve o ou pa pai pan pang pao pei pen peng pi pian piao pie pin ping po pou pu qi qia qian
qiang qiao qie qin qing qiong qiu qu quan que qun ran rang rao re ren reng ri rong rou ru rua ruan rui run
ruo sa sai san sang sao se sen seng sha shai shan shang shao she shei shen sheng shi shou shu shua shuai
shuan shuang shui shun shuo si song sou su suan sui sun suo ta tai tan tang tao te tei teng ti tian tiao tie
ting tong tou tu tuan tui tun tuo wa wai wan wang wei wen weng wo wu xi xia xian xiang xiao xie xin xing
xiong xiu xu xuan xue xun ya yan yang yao ye yi yin ying yo yong you yu yuan yue yun za zai zan zang zao ze
zei zen zeng zha zhai zhan zhang zhao zhe zhei zhen zheng zhi zhong zhou zhu zhua zhuai zhuan zhuang zhui
zhun zhuo zi zong zou zu zuan zui zun zuo
"""
_SYLLABLES = frozenset(_TABLE.split())
_BEGINNINGS = frozenset(syllable[:end] for syllable in _SYLLABLES for end in range(1, len(syllable) + 1))
_LONGEST = 6
_MOST_CUTS = 8
_MOST_LETTERS = 60
_MOST_WAYS = 4
_MOST_MISSPELT = 2_000

Cut = tuple[str, ...]


@lru_cache(maxsize=4096)
def syllables(letters: str, *, unfinished: bool = False) -> tuple[Cut, ...]:
    """Return the ways to cut letters into syllables, fewest syllables first, at most eight.

    letters: a to z. unfinished: whether the last syllable may still be being typed. Empty where they are no pinyin.
    """
    letters = letters.replace("ü", "v")
    if not letters or len(letters) > _MOST_LETTERS:
        return ()
    cuts = islice(_cuts(letters, unfinished=unfinished), 200)
    return tuple(sorted(cuts, key=lambda cut: (len(cut), cut))[:_MOST_CUTS])


def _cuts(letters: str, *, unfinished: bool) -> Iterator[Cut]:
    open_at = _open_ends(letters, unfinished=unfinished)

    def go_on(at: int, so_far: Cut) -> Iterator[Cut]:
        if at == len(letters):
            yield so_far
            return
        for end in range(min(at + _LONGEST, len(letters)), at, -1):
            part = letters[at:end]
            if end in open_at and (
                part in _SYLLABLES or (unfinished and end == len(letters) and part in _BEGINNINGS)
            ):
                yield from go_on(end, (*so_far, part))

    return go_on(0, ())


def _open_ends(letters: str, *, unfinished: bool) -> set[int]:
    """Return the positions from which the rest can be cut, so that no blind alley is walked twice."""
    length = len(letters)
    good = {length}
    for at in range(length - 1, -1, -1):
        for end in range(at + 1, min(at + _LONGEST, length) + 1):
            part = letters[at:end]
            if end in good and (part in _SYLLABLES or (unfinished and end == length and part in _BEGINNINGS)):
                good.add(at)
                break
    return good


@lru_cache(maxsize=1024)
def misspelt(letters: str) -> frozenset[Cut]:
    """Return the syllables that may have been meant where one letter is wrong, missing or too many.

    Only whole syllables, and what ``syllables`` finds is not among them unless it is one letter away as well. At most
    some hundred, rarely thousand ways; empty for fewer than four letters, which are one letter away from nearly everything.
    """
    if not 4 <= len(letters) <= _MOST_LETTERS:
        return frozenset()
    before = _whole_cuts_before(letters)
    behind = {
        len(letters) - at: [cut[::-1] for cut in cuts]
        for at, cuts in _whole_cuts_before(letters, backwards=True).items()
    }
    slips = [
        (heads, meant, tails)
        for at, heads in before.items()
        for end in range(at + 1, min(at + _LONGEST + 1, len(letters)) + 1)
        if (tails := behind.get(end))
        for meant in _meant(letters[at:end])
    ]
    # The likeliest cuts of what is spelt right come first for every slip, so that a long name is not used up by the
    # slips at its beginning.
    found: set[Cut] = set()
    for rank in range(2 * _MOST_WAYS - 1):
        for heads, meant, tails in slips:
            found.update(
                (*head, meant, *tail)
                for i, head in enumerate(heads)
                for j, tail in enumerate(tails)
                if i + j == rank
            )
            if len(found) > _MOST_MISSPELT:
                return frozenset(found)
    return frozenset(found)


def _whole_cuts_before(letters: str, *, backwards: bool = False) -> dict[int, list[Cut]]:
    """Return, for every position that whole syllables can reach, some ways to get there, fewest syllables first."""
    reached: dict[int, list[Cut]] = {0: [()]}
    for at in range(len(letters)):
        if at not in reached:
            continue
        reached[at] = sorted(reached[at], key=lambda cut: (len(cut), cut))[:_MOST_WAYS]
        for end in range(at + 1, min(at + _LONGEST, len(letters)) + 1):
            part = letters[len(letters) - end : len(letters) - at] if backwards else letters[at:end]
            if part in _SYLLABLES:
                reached.setdefault(end, []).extend((*cut, part) for cut in reached[at])
    last = reached.get(len(letters), [])
    if last:
        reached[len(letters)] = sorted(last, key=lambda cut: (len(cut), cut))[:_MOST_WAYS]
    return reached


@cache
def _by_less_letters() -> dict[str, set[str]]:
    """Return the syllables by themselves and by what is left of them when one letter is taken out."""
    found: dict[str, set[str]] = defaultdict(set)
    for syllable in _SYLLABLES:
        for key in _less(syllable):
            found[key].add(syllable)
    return found


def _less(word: str) -> set[str]:
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


@lru_cache(maxsize=4096)
def _meant(part: str) -> tuple[str, ...]:
    known = _by_less_letters()
    near = {syllable for key in _less(part) for syllable in known.get(key, ())}
    return tuple(
        sorted(syllable for syllable in near if syllable != part and within_one_letter(part, syllable))
    )


def within_one_letter(one: str, other: str) -> bool:
    """Tell whether two words differ by at most one letter: wrong, missing or too many."""
    if abs(len(one) - len(other)) > 1:
        return False
    at = next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    return one[at + 1 :] == other[at + 1 :] or one[at:] == other[at + 1 :] or one[at + 1 :] == other[at:]
