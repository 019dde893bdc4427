"""Judged examples, written out by hand or drawn."""

import numpy as np
import pandas as pd
from hypothesis import strategies as st

START = pd.Timestamp("2026-01-05", tz="UTC")


def look_at(rows: list[tuple[str, float, float, bool]], *, spread: float = 0.2) -> pd.DataFrame:
    """Judged examples from (lead, days after START, probability, converted)."""
    frame = pd.DataFrame(rows, columns=["lead_id", "day", "probability", "converted"])
    as_of = (START + pd.to_timedelta(frame["day"], unit="D")).dt.as_unit("us")
    return frame.drop(columns="day").assign(as_of=as_of, spread=spread, group=frame["lead_id"])


@st.composite
def some_looks(draw: st.DrawFn) -> pd.DataFrame:
    """Up to 25 leads, looked at in up to 4 weeks, with ties of probability; a lead wins once."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    levels = draw(st.sampled_from([2, 5, 1000]))
    rows = [("first", 0.0, 0.5 / levels, False), ("first", 21.0, 0.5 / levels, False)]
    for lead in range(draw(st.integers(1, 25))):
        weeks = np.flatnonzero(rng.random(4) < 0.6)
        won = rng.random() < 0.4
        for week in weeks:
            probability = (rng.integers(0, levels) + 0.5) / levels
            rows.append((f"L{lead:02}", 7.0 * week, probability, bool(won and week >= 1)))
    return look_at(rows)
