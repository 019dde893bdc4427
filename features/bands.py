"""Bands: where does a band of sizes or amounts that is written as text begin?

`band_floor` reads "11-50 employees", "€500k – 1m", "10,001+" or "< 10"; `order_bands` puts the
levels of a column in their order. The way back: `band_labels` and `band_codes` part numbers at
edges, where an edge belongs to the band below it.

A number alone is no band, nor is text with a word in it that bands do not use. Ends of 1,000 and
more must be round (1,000, 1,001 or 999 before the next), which keeps years and phone numbers out.

>>> band_floor("11-50 employees"), band_floor("$1-10M"), band_floor("<10")
(11.0, 1000000.0, 0.0)
>>> band_floor("37"), band_floor("2019-2020")
(None, None)
>>> order_bands(["51-200", "1,001+", "11-50"])
('11-50', '51-200', '1,001+')
"""

import itertools
import math
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

_LONGEST = 80

_SCALES = {
    1e3: "k thousand thousands tsd tausend duizend mille",
    1e5: "lakh lakhs",
    1e6: "m mm mn mio mln million millions millionen miljoen millones",
    1e7: "crore crores cr",
    1e9: "b bn billion billions md mds mrd mrds mld milliard milliards milliarden miljard",
}
_WORDS = {
    "t": "to bis tot a hasta through",
    "o": "over above more greater larger up least plus mehr uber ueber ab mindestens meer boven"
    " vanaf mas",
    "u": "under below less fewer smaller most max upto unter weniger hochstens onder minder moins"
    " menos",
    "&": "and or und oder en of et ou y o",
    "": "employee employees people person persons staff fte ftes headcount workers users seats"
    " mitarbeiter mitarbeitende beschaftigte personen medewerker medewerkers werknemers employes"
    " salaries personnes empleados personas trabajadores usd eur gbp chf inr aud cad dollar dollars"
    " euro euros rs us revenue turnover umsatz omzet per year annual annually than from between at"
    " von zu zwischen als van tussen dan de entre desde",
}
_SIGNS = {"<": "u", "<=": "u", ">": "o", ">=": "o", "+": "+", "-": "-"}
"""t: to; o: over; u: under; &: and, or; nothing: read over. A number is n."""

_RANGE = re.compile(r"o?n[t&-]u?n|onun")
_OVER = re.compile(r"on|n&?o|n\+")
_UNDER = re.compile(r"o?tn|un|n&?u")
_SELF = {"self employed", "selfemployed", "just me", "only me", "myself only", "sole trader"}

_TOKEN = re.compile(
    r"(?P<number>(?!0\d)(?:[1-9]\d{0,2}(?:[ ,.'_]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d+)?)(?!\d))"
    r"|(?P<word>[a-z]+)\.?|(?P<sign>[<>]=?|[+-])|[ $€£¥₹]"
)
_ALIKE = str.maketrans({**dict.fromkeys("–—−‒‐‑", "-"), "’": "'", "≤": "<=", "≥": ">="})


def band_floor(text: str) -> float | None:
    """The lower end of a band, as it is written; None where the text is no band.

    "over 50", "> 50" and "50+" begin at 50; "up to 50" and "< 50" at 0; "self-employed" at 1.
    K, M and B (and their like in German, Dutch, French and Spanish) scale the number they follow;
    in "1-10M" both ends, and "500-1M", which could be either, is no band. Currencies are read over:
    1 EUR counts as 1 USD. A name before a band in brackets, "Small (11-50)", does not matter.
    """
    band = _band(text)
    return None if band is None else band[0]


def order_bands(levels: Sequence[str]) -> tuple[str, ...] | None:
    """The levels from the lowest band to the highest; None unless all are bands, and two at least.

    Bands that begin alike stand by where they end, then by name.
    """
    bands = [_band(level) for level in levels]
    known = [(*band, level) for band, level in zip(bands, levels, strict=True) if band is not None]
    if len(known) < max(2, len(levels)):
        return None
    return tuple(level for _, _, level in sorted(known))


def band_labels(edges: Sequence[float], *, whole: bool = True) -> tuple[str, ...]:
    """What the bands between edges are called, lowest first; one more than there are edges.

    Args:
        edges: strictly rising, finite.
        whole: whether the values are whole numbers. Where they are not, or an edge is not, "11 to
            50" would leave 10.5 out; the label then says "over 10 to 50".

    >>> band_labels((10, 50, 250))
    ('up to 10', '11 to 50', '51 to 250', 'over 250')
    >>> band_labels((0.5, 1_000))
    ('up to 0.5', 'over 0.5 to 1,000', 'over 1,000')
    """
    _check_edges(edges)
    whole = whole and all(float(edge).is_integer() for edge in edges)
    inner = [_between(a, b, whole=whole) for a, b in itertools.pairwise(edges)]
    return (f"up to {_said(edges[0])}", *inner, f"over {_said(edges[-1])}")


def band_codes(values: np.ndarray, edges: Sequence[float]) -> np.ndarray:
    """Which band each value lies in, as `band_labels` counts them.

    Args:
        values: float64, shape (n,).
        edges: strictly rising, finite; a value equal to an edge lies in the band below it.

    Returns:
        float64 positions 0 to ``len(edges)``, NaN for NaN; shape (n,).

    >>> band_codes(np.array([10, 10.5, 50, 51, np.nan]), (10, 50))
    array([ 0.,  1.,  1.,  2., nan])
    """
    _check_edges(edges)
    numbers = np.asarray(values, dtype=np.float64)
    codes = np.searchsorted(np.asarray(edges, dtype=np.float64), numbers, side="left")
    return np.where(np.isnan(numbers), np.nan, codes.astype(np.float64))


def _between(low: float, high: float, *, whole: bool) -> str:
    if not whole:
        return f"over {_said(low)} to {_said(high)}"
    return _said(high) if low + 1 == high else f"{_said(low + 1)} to {_said(high)}"


def _said(number: float) -> str:
    return f"{int(number):,}" if float(number).is_integer() else f"{number:,}"


def _check_edges(edges: Sequence[float]) -> None:
    rising = all(a < b for a, b in itertools.pairwise(edges))
    if not len(edges) or not rising or not all(map(math.isfinite, edges)):
        msg = f"Edges of bands must be finite and rise, got {list(edges)}. Sort them, each once."
        raise ValueError(msg)


def _band(text: str) -> tuple[float, float] | None:
    """Lower and upper end of a band, or of the one band in brackets behind a name."""
    if len(text) > _LONGEST:
        return None
    plain = unicodedata.normalize("NFKD", text.translate(_ALIKE)).casefold()
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter)).strip()
    if " ".join(re.findall("[a-z]+", plain)) in _SELF:
        return 1.0, 1.0
    if not any(map(str.isdecimal, plain)):
        return None
    inside = re.fullmatch(r"[^()\d]*\(([^()]*)\)", plain)
    return _read(inside.group(1) if inside else plain)


def _read(text: str) -> tuple[float, float] | None:
    """The ends of a band without a name; None where a word or the order of words is not known."""
    kinds, numbers, end = "", list[tuple[float, float | None]](), 0
    while end < len(text):
        token = _TOKEN.match(text, end)
        if token is None:
            return None
        end, word = token.end(), token["word"]
        if token["number"]:
            numbers.append((_number(token["number"]), None))
            kinds += "n"
        elif word in _scales() and kinds.endswith("n") and numbers[-1][1] is None:
            numbers[-1] = (numbers[-1][0], _scales()[word])
        elif word:
            if word not in _vocabulary():
                return None
            kinds += _vocabulary()[word]
        elif token["sign"]:
            kinds += _SIGNS[token["sign"]]
    return _ends(kinds, numbers)


def _ends(kinds: str, numbers: list[tuple[float, float | None]]) -> tuple[float, float] | None:
    if _RANGE.fullmatch(kinds):
        (low, scale), (high, high_scale) = numbers
        if scale is None and low < 1_000 and high_scale is not None:
            scale = high_scale
        low, high = low * (scale or 1.0), high * (high_scale or 1.0)
        round_ends = (scale or _is_round(low, 1)) and (high_scale or _is_round(high, -1))
        return (low, high) if low < high and round_ends else None
    if len(numbers) != 1:
        return None
    (number, scale) = numbers[0]
    number *= scale or 1.0
    if not (scale or _is_round(number, 1) or _is_round(number, -1)):
        return None
    if _OVER.fullmatch(kinds):
        return number, math.inf
    return (0.0, number) if _UNDER.fullmatch(kinds) else None


def _number(text: str) -> float:
    """A number with its thousands grouped by any mark: the last mark is decimal if not grouping."""
    grouped = re.fullmatch(r"([1-9]\d{0,2}(?:[ ,.'_]\d{3})+)(?:[.,](\d+))?", text)
    if grouped:
        return float(re.sub(r"\D", "", grouped.group(1)) + "." + (grouped.group(2) or "0"))
    return float(text.replace(",", "."))


def _is_round(number: float, beside: int) -> bool:
    """Whether a number, or the one before (1) or after (-1) it, is round; below 1,000 all are."""
    if number < 1_000:
        return True
    digits = (int(str(n).rstrip("0")) for n in (round(number), round(number) - beside))
    return any(d < 100 or (d < 1_000 and d % 25 == 0) for d in digits)


@lru_cache(maxsize=1)
def _vocabulary() -> dict[str, str]:
    return {word: kind for kind, words in _WORDS.items() for word in words.split()}


@lru_cache(maxsize=1)
def _scales() -> dict[str, float]:
    return {word: scale for scale, words in _SCALES.items() for word in words.split()}
