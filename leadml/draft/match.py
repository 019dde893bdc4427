"""Which columns of a file are ours? By their names, and by whether their values can be that."""

from collections.abc import Collection

import pandas as pd

from leadml import hints
from leadml.columns import as_consent, settled
from leadml.draft.files import File, distinct_share
from leadml.draft.outcomes import won_and_lost
from leadml.draft.times import TIMES, time_formats
from leadml.hints import Role, spoken


def match_columns(
    file: File, role: Role, *, ids: Collection[str] | None = None
) -> dict[str, str] | None:
    """Our columns of a role by their name in the file; None where one it needs is not there."""
    taken: dict[str, str] = {}
    for ours in (*hints.NEEDED[role], *hints.OPTIONAL[role]):
        fitting = [name for name in columns_for(file, ours, role) if name not in taken.values()]
        if ours == "lead_id" and ids is not None and fitting:
            shares = {name: float(file.text(name).isin(ids).mean()) for name in fitting}
            fitting = [name for name in fitting if shares[name] > 0 or spoken(name) != "id"]
            fitting.sort(key=lambda name: -shares[name])
        if fitting:
            taken[ours] = fitting[0]
        elif ours in hints.NEEDED[role]:
            return None
    return taken


def columns_for(file: File, ours: str, role: Role) -> list[str]:
    """The columns that may be ``ours`` by name and values, likeliest first."""
    if ours in file.frame:
        return [ours] if _fits(file, ours, ours, role) else []
    order = {name: place for place, name in enumerate(hints.COLUMNS[ours])}
    named = [str(name) for name in file.frame if spoken(str(name)) in order]
    named.sort(key=lambda name: order[spoken(name)])
    return [name for name in named if _fits(file, name, ours, role)]


def _fits(file: File, name: str, ours: str, role: Role) -> bool:
    """Whether the values of a column can be what its name promises."""
    text = file.text(name)
    filled, levels = float(text.notna().mean()), text.nunique()
    whole = role in {"leads", "table"}
    least = 0.5
    if ours == "lead_id":
        least = 0.9 if whole else 0.5
        fits = not whole or distinct_share(file, name) >= 0.9
    elif ours in TIMES or ours == "month":
        least = 0.0 if ours in {"closed_at", "recorded_at"} else 0.5
        fits = bool(time_formats(text))
    elif ours == "outcome":
        telling = role == "outcomes" or spoken(name) in hints.TELLING_OUTCOMES
        won, lost, _ = won_and_lost(text.dropna().unique())
        least, fits = 0.0, levels <= 30 and (telling or bool(won and (lost or levels > 1)))
    elif ours == "event_type":
        fits = levels <= max(20, len(text) / 5)
    elif ours in {"value", "amount", "cost"}:
        number = pd.api.types.is_float_dtype(settled(file.frame[name]).dtype)
        least, fits = -1.0, name == ours or number
    else:
        known = as_consent(text) if ours == "consent" else text
        least, fits = (
            0.0,
            bool(known[text.notna()].notna().all()) and not (ours == "source" and levels > 200),
        )
    return filled > least and fits
