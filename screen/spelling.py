"""How names are typed on a keyboard without Chinese: the pinyin of each syllable, without tones.

Characters with several readings are read as the words that pypinyin knows say (重庆 is chong qing, 长寿 chang shou),
and, where its words are not those of places, as `_PLACES` says.
"""

import re
import unicodedata
from functools import lru_cache

_RUNS = re.compile(r"[㐀-鿿\U00020000-\U0003ffff]+|[a-z0-9]+")
# As places and the families that they are named for are called: pypinyin reads 朝阳 zhao yang and 曾 ceng, a rare
# word, and 柏林 as the capital of Germany.
_PLACES = {"朝阳": "chao yang", "柏林": "bai lin", "单家": "shan jia", "解家": "xie jia", "查家": "zha jia",
           "任家": "ren jia", "仇家": "qiu jia", "区家": "ou jia"}  # fmt: skip
_SINGLE = {"曾": "zēng", "柏": "bǎi"}


def plain(text: str) -> str:
    """Full-width letters as plain ones, small, and blanks as one: as texts are compared."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def syllables(name: str) -> list[str]:
    """That of each character in order; a run of letters or digits is one: 第12网格 → di, 12, wang, ge."""
    found: list[str] = []
    for run in _RUNS.findall(plain(name)):
        found += [run] if run.isascii() else _read(run)
    return found


@lru_cache(maxsize=1 << 16)
def _read(run: str) -> tuple[str, ...]:
    reader = _reader()
    return tuple(reader(run))


@lru_cache(maxsize=1)
def _reader():  # type: ignore[no-untyped-def]
    # Not at import: its dictionaries take a third of a second and 40 MB, which only a server of pages has need of.
    import pypinyin

    pypinyin.load_phrases_dict({word: [[one] for one in told.split()] for word, told in _PLACES.items()})
    pypinyin.load_single_dict({ord(one): told for one, told in _SINGLE.items()})
    return pypinyin.lazy_pinyin
