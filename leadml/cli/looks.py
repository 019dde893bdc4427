"""Which looks of a model can lines be tried on? Those at leads that could be called."""

from typing import TYPE_CHECKING

from leadml.errors import ConfigError, SignalError, nearest

if TYPE_CHECKING:
    import pandas as pd

    from leadml.model import LeadModel
    from leadml.tables import Tables


def policy_looks(
    model: "LeadModel", tables: "Tables", judged: "pd.DataFrame", *, by: str = "", everybody: bool
) -> "pd.DataFrame":
    """The judged examples that lines are tried on, as `training.thresholds.draw_plan` takes them.

    Args:
        model: with the policy, and the interval of its probabilities.
        tables: with the column ``by``.
        judged: lead_id, as_of, converted, probability.
        by: the column that says a lead's region, team or product; "" for one for all.
        everybody: whether leads count that lack what else sales needs.

    Raises:
        SignalError: no lead has all else that sales needs.
        ConfigError: there is no such column.
    """
    from training.contacts import shared_spread

    looks = judged if everybody else _eligible(model, tables, judged)
    spread = shared_spread(model.calibration, looks["probability"].to_numpy())
    return looks.assign(spread=spread, segment=_segments(tables, looks, by))


def _eligible(model: "LeadModel", tables: "Tables", judged: "pd.DataFrame") -> "pd.DataFrame":
    """The judged examples that would be sql however low its line lay."""
    from serving.scorer import Scorer
    from serving.scoring import score_examples

    at_any, looked = Scorer.of(model, "").without_lines(), judged[["lead_id", "as_of"]]
    stages = score_examples(at_any, tables, looked, most_reasons=0).table["stage"]
    found = judged[(stages == "sql").to_numpy()].reset_index(drop=True)
    if not len(found):
        msg = (
            "Some judged lead must have what else sales needs by the policy, got none. Look at "
            "the rule for sql, or plan with --everybody."
        )
        raise SignalError(msg)
    return found


def _segments(tables: "Tables", judged: "pd.DataFrame", by: str) -> "pd.Series[str]":
    """The region, team or product of each judged example; one for all where none is asked for."""
    import pandas as pd

    if not by:
        return pd.Series("", index=judged.index, dtype="str")
    if by not in tables.leads:
        hint = nearest(by, tables.attribute_columns)
        msg = f"capacity.by must be a column of the leads, got '{by}'.{hint}"
        raise ConfigError(msg)
    column = tables.leads.set_index("lead_id")[by]
    return judged["lead_id"].map(column).fillna("not known").astype("str")
