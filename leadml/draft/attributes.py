"""Which other columns of the leads may the model see, and which must it not?"""

from collections.abc import Sequence

import pandas as pd

from leadml import hints
from leadml.columns import settled
from leadml.draft.files import File, Table, distinct_share
from leadml.draft.times import time_formats
from leadml.draft.words import comments, quote, wrapped
from leadml.events import slug
from leadml.hints import spoken


def attributes_section(leads: Table, order_by: str) -> tuple[list[str], list[str]]:
    """The section, and what to say of columns that look as if they knew the outcome."""
    file = leads.files[0]
    used = {*leads.columns.values(), order_by, *hints.OPTIONAL["table"]}
    names = [str(name) for name in file.frame if str(name) not in used]
    why: dict[str, list[str]] = {}
    seen = {slug(ours) for ours in leads.columns}
    for name in names:
        reason = "the same short name as another column" if slug(name) in seen else ""
        seen.add(slug(name))
        why.setdefault(reason or _why_excluded(file, name), []).append(name)
    roles = _roles(file, names)
    if "email" in roles:
        why["personal"].remove(roles["email"])
        why = {reason: columns for reason, columns in why.items() if columns}
    kept = why.pop("", [])
    categories = why.pop("a category", [])
    lines = ["", "[attributes]", "# Every other column of the leads is seen by the model."]
    lines.append("exclude = [" if why else "exclude = []")
    for reason, columns in why.items():
        lines += [f"    # {reason}", *wrapped(columns, "    ")]
    lines += ["]"] * bool(why)
    lines += [f"{role} = {quote(name)}" for role, name in roles.items() if slug(name) != role]
    if categories:
        lines += ["categories = [  # numbers that are codes", *wrapped(categories, "    "), "]"]
    suspect = [name for name in kept if hints.sounds_later(name)]
    if not suspect:
        return lines, []
    lines.append("# Suspect: they sound as if written after the outcome, or as of the export.")
    lines.append("# `leadml check` says what their values tell. Exclude those that are.")
    lines += comments(suspect)
    names_said = ", ".join(f"{name} ('{hints.sounds_later(name)}')" for name in suspect[:12])
    more = f" and {len(suspect) - 12} more" if len(suspect) > 12 else ""
    return lines, [f"suspect     may be written after the outcome: {names_said}{more}."]


def _roles(file: File, names: Sequence[str]) -> dict[str, str]:
    """The columns that are read for more than their text, by what is read from them."""
    roles: dict[str, str] = {}
    for role, pattern in hints.ROLES.items():
        for name in names:
            known = file.text(name).dropna()
            if role in roles or not pattern.search(spoken(name)) or known.empty:
                continue
            addresses = known.str.contains("@").mean() > 0.5
            if role != "email" or (addresses and _why_excluded(file, name) == "personal"):
                roles[role] = name
    return roles


def find_order_by(leads: Table) -> str:
    """A column of an undated table that counts leads as they came; empty where there is none."""
    if "created_at" in leads.columns:
        return ""
    file = leads.files[0]
    for name in map(str, file.frame):
        numbers = settled(file.frame[name])
        if (
            hints.SEQUENCE.search(spoken(name))
            and len(numbers) > 1
            and pd.api.types.is_float_dtype(numbers.dtype)
            and numbers.is_unique
            and bool((numbers % 1 == 0).all())
        ):
            ours = [key for key, theirs in leads.columns.items() if theirs == name]
            return ours[0] if ours else name
    return ""


def _why_excluded(file: File, name: str) -> str:
    """Why a column is kept out of the model; "a category" for codes, empty where it stays."""
    said, text = spoken(name), file.text(name)
    rows, levels = len(text), text.nunique()
    many = levels == 0 or levels > min(10, rows // 2)
    number = pd.api.types.is_float_dtype(settled(file.frame[name]).dtype)
    why = ""
    if hints.PERSONAL.search(said) and many:
        why = "personal"
    elif hints.TECHNICAL.search(said) or name.startswith("_"):
        why = "added by the export"
    elif number and hints.CATEGORIES.search(said) and levels <= 50:
        why = "a category"
    elif levels and hints.CODES.search(said) and not hints.COUNTS.search(said) and many:
        why = "codes and ids"
    elif not number and levels > 2 and time_formats(text) not in ([], [""]):
        why = "dates, which no feature reads"
    elif (
        not number and levels >= 20 and not time_formats(text) and distinct_share(file, name) > 0.8
    ):
        why = "nearly every value is another: ids or free text"
    return why
