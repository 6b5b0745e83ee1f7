"""Words of a comment, in any script (METHODS section 11)."""

import re
import unicodedata
from functools import lru_cache

_WITHOUT_SPACES = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\u1780-\u17ff"  # Myanmar, Khmer
    "\u3040-\u30ff\u31f0-\u31ff"  # Hiragana, Katakana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)
_RUN = re.compile(f"[{_WITHOUT_SPACES}]+")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")

_STOP_WORDS = (
    # English
    "a about after all also am an and any are as at be because been before being but by can could"
    " did do does doing for from get got had has have having he her here him his how i i'd i'll"
    " i'm i've if in into is it it's its just me more most my no nor of on once only or other our"
    " out over own s same she should so some such t than that that's the their them then there"
    " these they this those through to too under until up us very was we were what when where"
    " which while who whom why will with would you your"
    # German
    " aber alle als also am an auch auf aus bei bin bis bist da dann das dass dem den der des die"
    " diese dieser dieses doch ein eine einem einen einer eines er es für hat haben hatte ich ihr"
    " im in ist ja kann man mein mir mit nach noch nur oder sehr sein sich sie sind so über um und"
    " uns vom von vor war was weil wenn wer wie wir wird zu zum zur"
    # French
    " ai au aux avec ce ces cette dans de des du elle en est et eux il ils je la le les leur lui"
    " ma mais me mes mon ne nous on ou par pas pour qu que qui sa se ses son sont sur tu un une"
    " vous y à été être"
    # Spanish
    " al como con cuando de del desde el ella en entre era es esta este esto hay la las lo los"
    " más me mi muy nos o para pero por que se ser si sin sobre son su sus te tiene un una y ya yo"
    # Portuguese and Italian
    " ao as com da das do dos e em eu foi isso mas na nas não no nos os pela pelo que seu sua são"
    " também tem uma che con della delle di gli ho il nel non per più questo sono"
)
COMMENTS_KEPT = 32_768
"""Comments whose terms are remembered, as each look at a window reads mostly the same ones."""

STOP_WORDS = frozenset(_STOP_WORDS.split())


def fold(text: str) -> str:
    """Return NFKC, case folded text with straight apostrophes, so that spellings meet."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")


def has_no_spaces(text: str) -> bool:
    """Say whether the text holds a script that is written without spaces."""
    return not text.isascii() and _RUN.search(text) is not None


def tokens(text: str) -> list[str]:
    """Return letters and digits with inner apostrophes; pairs of characters where the script
    has no spaces (a single character alone)."""
    words: list[str] = _WORD.findall(fold(text))
    if not has_no_spaces(text):
        return words
    found: list[str] = []
    for word in words:
        start = 0
        for run in _RUN.finditer(word):
            found += [word[start : run.start()]] if run.start() > start else []
            found += _pairs(run.group())
            start = run.end()
        found += [word[start:]] if start < len(word) else []
    return found


@lru_cache(maxsize=COMMENTS_KEPT)
def terms(text: str) -> frozenset[str]:
    """Return the words and two-word phrases of a comment that may say something.

    Stop words, single letters and plain numbers are out, and phrases that begin or end so.
    """
    words = tokens(text)
    telling = [_is_telling(word) for word in words]
    single = {word for word, tells in zip(words, telling, strict=True) if tells}
    pairs = {
        f"{words[i]} {words[i + 1]}"
        for i in range(len(words) - 1)
        if telling[i] and telling[i + 1] and not has_no_spaces(words[i] + words[i + 1])
    }
    return frozenset(single | pairs)


def _pairs(run: str) -> list[str]:
    return [run] if len(run) == 1 else [run[i : i + 2] for i in range(len(run) - 1)]


def _is_telling(word: str) -> bool:
    return (
        word not in STOP_WORDS and not word.isnumeric() and (len(word) > 1 or has_no_spaces(word))
    )
