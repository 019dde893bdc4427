"""What is to be predicted: which outcomes are won and lost, and how far ahead to look?"""

from collections.abc import Mapping

import pandas as pd

from leadml.draft.files import Table
from leadml.draft.outcomes import won_and_lost
from leadml.draft.times import Clock, times_of
from leadml.draft.words import comments, quote
from leadml.errors import listed
from leadml.hints import Role

HORIZONS = (7, 14, 30, 60, 90, 180)


def label_section(tables: Mapping[Role, Table], clock: Clock) -> tuple[list[str], list[str]]:
    """The section, and what to say of the outcomes."""
    lines = ["", "[label]", 'outcome = "closed_won"']
    said: list[str] = []
    table = tables.get("table") or tables.get("outcomes")
    if table is None:
        said.append(
            "outcomes    no file says who was won and lost: add data.outcomes before training."
        )
    else:
        text = table.text("outcome")
        won, lost, unclear = won_and_lost(text.dropna().value_counts().index)
        column = table.columns["outcome"]
        if not won:
            said.append(
                f"outcomes    '{column}' says {listed(unclear or lost)}: which of them is won? "
                "Set label.won and label.lost."
            )
        else:
            no = listed(lost) or "not said"
            said.append(f"outcomes    '{column}': won is {listed(won)}; lost is {no}.")
            if "closed_at" in table.columns and table.role == "table":
                closed = table.text("closed_at").notna()
                if lost and closed[text.isin(lost)].mean() < 0.99:
                    lines.append(f"# Without a close date, so open and not lost: {listed(lost)}.")
                    lost = []
            lines.append(f"won = [{', '.join(map(quote, won))}]")
            lines.append(f"lost = [{', '.join(map(quote, lost))}]")
        if unclear and won:
            lines += ["# Neither won nor lost, so far:", *comments(unclear)]
            said.append(f"outcomes    neither won nor lost, so far: {listed(unclear)}.")
    return [*lines, *_horizon(tables, clock)], said


def _horizon(tables: Mapping[Role, Table], clock: Clock) -> list[str]:
    """How far ahead to look: as long as most wins take, while labels still get mature."""
    leads = tables["table"] if "table" in tables else tables["leads"]
    closing = tables.get("table") or tables.get("outcomes")
    if "created_at" not in leads.columns:
        return ["# No dates, so no horizon: every lead's outcome counts."]
    plain = "horizon_days = 90  # how far ahead to look for the outcome"
    if closing is None or not {"lead_id", "closed_at"} <= set(closing.columns):
        return [plain]
    if "lead_id" not in leads.columns:
        return [plain]
    created = times_of(leads, "created_at", clock)
    closed = times_of(closing, "closed_at", clock)
    won = closing.text("outcome").isin(won_and_lost(closing.text("outcome").dropna().unique())[0])
    first = pd.Series(created.to_numpy(), index=leads.text("lead_id").to_numpy())
    first = first[~first.index.duplicated()]
    taken = closed.to_numpy() - closing.text("lead_id").map(first).to_numpy()
    days = pd.Series(taken)[won].dropna().dt.total_seconds() / 86_400
    span = (max(created.max(), closed.max()) - created.min()) / pd.Timedelta(1, "D")
    if not len(days) or pd.isna(span):
        return [plain]
    most = [horizon for horizon in HORIZONS if horizon <= span / 3] or [HORIZONS[0]]
    likely = float(days.quantile(0.9))
    horizon = min([h for h in most if h >= max(likely, 30)] or [most[-1]])
    return [
        f"# Nine in ten wins came within {likely:.0f} days of creation; the data span {span:.0f}.",
        f"horizon_days = {horizon}",
    ]
