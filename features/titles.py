"""Titles: how high does a lead stand in its company, and what does it work on?

`seniority` and `job_function` look for whole words in a job title, longest phrase first; the words
are those of `features.title_words`: English, and the commonest of German, Dutch, French and
Spanish. A title that says nothing gives None.

>>> seniority("VP of Sales"), job_function("VP of Sales")
('vice president', 'sales')
>>> seniority("Assistant to the CEO"), seniority("Product Owner"), seniority("Account Executive")
('assistant', 'specialist', 'specialist')
>>> seniority("Geschäftsführer"), job_function("Geschaeftsfuehrer")
('c-level', 'general management')
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache

from features.title_words import FUNCTIONS, GENERAL, LEVELS, LOOSE, WHOLE

SENIORITIES = tuple(level for level in LEVELS if level)
"""What `seniority` answers, from the lowest."""

JOB_FUNCTIONS = (*FUNCTIONS, *(function for function in GENERAL if function))
"""What `job_function` answers."""

_LONGEST = 120
_WIDEST = 4
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "æ": "ae", "ø": "oe", "œ": "oe"})
_TO_WHOM = {"to", "of", "for", "der", "des", "du", "de", "van", "von"}


def seniority(title: str) -> str | None:
    """One of `SENIORITIES`; None where a title says nothing of its bearer's standing.

    Of two levels the higher counts ("Founder & CEO" is an owner), but students, assistants and,
    below directors, juniors stay what they are. "Assistant Manager" is a manager, "Assistant to the
    Manager" an assistant. Only the first 120 characters are read.
    """
    return _seniority(_words(title))


def job_function(title: str) -> str | None:
    """One of `JOB_FUNCTIONS`; None where a title does not say what its bearer works on.

    The longest phrase counts, of two the first: "Product Marketing" is marketing, "Head of IT and
    Operations" is IT. "general management" only where nothing narrower is said.
    """
    words = _words(title)
    for phrases in (_functions(), _loose()):
        found = _longest(words, phrases)
        if found is not None:
            return found
    return "administration" if _seniority(words) == "assistant" else _longest(words, _general())


def _seniority(words: list[str]) -> str | None:
    whole = WHOLE.get(" ".join(words))
    if whole is not None:
        return whole
    found = _own(words)
    if not found:
        return None
    highest = max(found, key=SENIORITIES.index)
    if "student" in found:
        return "student"
    if "assistant" in found and not _is_deputy(words, highest):
        return "assistant"
    is_junior = "junior" in found and highest in {"specialist", "senior", "manager", "head"}
    return "junior" if is_junior else highest


def _longest(words: list[str], phrases: Mapping[str, str]) -> str | None:
    """The name of the phrase with most words, of two the first."""
    found = [(len(phrase.split()), name) for phrase, name, _ in _match(words, phrases) if name]
    return max(found, key=lambda size_name: size_name[0])[1] if found else None


def _own(words: list[str]) -> set[str]:
    """The levels of a title, but for those of the people it serves: "Founder's Associate"."""
    found = list(_match(words, _levels()))
    own = [level for _, level, end in found if words[end : end + 1] != ["s"]]
    own = own or [level for _, level, _ in found]
    if "chief" in words and "officer" in words[words.index("chief") :]:
        own.append("c-level")
    return set(own) - {""}


def _is_deputy(words: list[str], level: str) -> bool:
    """Whether an assistant shares the rank it assists: "Assistant Sales Manager"."""
    if level not in {"manager", "head", "director", "vice president"}:
        return False
    return words[0] == "assistant" and words[1] not in _TO_WHOM


def _words(title: str) -> list[str]:
    """The words of a title as `features.title_words` writes them, up to "to the ..."."""
    text = unicodedata.normalize("NFKC", title[:_LONGEST]).casefold().translate(_UMLAUTS)
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.replace("’", "'"))
        text = "".join(letter for letter in text if not unicodedata.combining(letter))
    text = (
        re.sub(r"\b([a-z])\.(?=[a-z]\b)", r"\1", text).replace("&", " and ").replace("+", " and ")
    )
    words = re.findall(r"[a-z0-9]+", text)
    if "to" in words:
        before = words[: words.index("to")]
        words = before if any(level for _, level, _ in _match(before, _levels())) else words
    return words


def _match(words: list[str], phrases: Mapping[str, str]) -> Iterator[tuple[str, str, int]]:
    """Phrase, its name and the word behind it, from the left, the longest phrase first."""
    start = 0
    while start < len(words):
        for end in range(min(start + _WIDEST, len(words)), start, -1):
            phrase = " ".join(words[start:end])
            if phrase in phrases:
                yield phrase, phrases[phrase], end
                start = end
                break
        else:
            start += 1


@lru_cache(maxsize=1)
def _levels() -> dict[str, str]:
    return _by_phrase(LEVELS)


@lru_cache(maxsize=1)
def _functions() -> dict[str, str]:
    return _by_phrase(FUNCTIONS)


@lru_cache(maxsize=1)
def _loose() -> dict[str, str]:
    return _by_phrase(LOOSE)


@lru_cache(maxsize=1)
def _general() -> dict[str, str]:
    return _by_phrase(GENERAL)


def _by_phrase(table: Mapping[str, str]) -> dict[str, str]:
    return {
        phrase.strip(): name for name, phrases in table.items() for phrase in phrases.split(",")
    }
