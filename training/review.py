"""Keep the model or change it? One quarter as it happened: what was said, and what came of it.

The scores are those that leads were given, where files of them are at hand; else those that the
champion gives to looks of the quarter it has not learned from. A score is held against what
happened once its horizon is over; younger ones are counted and judged no one by.
"""

import re
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from features.past import build_past
from leadml.arrays import Floats
from leadml.config import Config
from leadml.errors import DataError
from leadml.model import Calibration
from leadml.moments import open_at
from leadml.tables import Tables
from leadml.timeline import days
from training.contacts import expect_wins, shared_spread
from training.evaluate import Evaluation, evaluate
from training.examples import build_examples, groups_of, reached_after
from training.funnel.acceptance import Acceptance, measure_acceptance
from training.funnel.quarters import (
    Quarters,
    Stretch,
    next_quarter,
    quarter_before,
    quarter_name,
    quarter_start,
)
from training.gate import Champion, champion_probabilities
from training.metrics import Estimate
from training.periods import LEAST_OUTCOMES
from training.rivals import newest_first, points

Verdict = Literal["keep", "recalibrate", "promote", "retrain", "wait"]
"""What to do with the champion."""


@dataclass(frozen=True, slots=True)
class Given:
    """Scores of leads, of any time.

    Attributes:
        scores: lead_id, as_of (UTC-aware), probability, model_version, and stage where it is known.
        from_files: whether they were given then; else the champion gives them now.
    """

    scores: pd.DataFrame
    from_files: bool


@dataclass(frozen=True, slots=True)
class Promise:
    """The leads that came to sales by the policy, and what had been expected of them.

    Attributes:
        leads: that were sql in the quarter, each at its first such score.
        weeks: from the first score of the quarter to the last, and by the median step further.
        over: those whose horizon is over.
        expected: wins among these, with a 90 % interval for the number that comes.
        happened: how many of them won.
    """

    leads: int
    weeks: float
    over: int
    expected: Estimate
    happened: int

    @property
    def per_week(self) -> float:
        """How many came to sales in an average week."""
        return self.leads / self.weeks


@dataclass(frozen=True, slots=True)
class Review:
    """A quarter as it happened.

    Attributes:
        quarter: which.
        from_files: whether the scores are those that were given.
        versions: the models that gave them, with how many each.
        scores, leads: how many, of how many leads.
        immature: scores whose horizon is not over.
        evaluation: of the others, beside the rivals; None where too few of them won or did not.
        promise: None where nothing says which leads were sql.
        acceptance: what sales said of the leads handed to them, beside the quarter before.
    """

    quarter: Stretch
    horizon_days: int
    from_files: bool
    versions: dict[str, int]
    scores: int
    leads: int
    immature: int
    evaluation: Evaluation | None
    promise: Promise | None
    acceptance: Acceptance

    def figure(self, name: str) -> Estimate | None:
        """A figure of the model; None where too few were judged."""
        return None if self.evaluation is None else self.evaluation.figures["model"][name]


def quarter_of(text: str) -> Stretch:
    """A quarter by its name.

    >>> quarter_of("2026Q3").start.isoformat()
    '2026-07-01T00:00:00+00:00'

    Raises:
        DataError: it is no quarter.
    """
    found = re.fullmatch(r"(\d{4})-?[Qq]([1-4])", text.strip(), re.ASCII)
    if found is None:
        msg = f"A quarter must be written like 2026Q3, got '{text}'."
        raise DataError(msg)
    start = pd.Timestamp(year=int(found[1]), month=3 * int(found[2]) - 2, day=1, tz="UTC")
    return Stretch(quarter_name(start), start, next_quarter(start))


def newest_judged(tables: Tables, *, horizon_days: int) -> Stretch:
    """The newest quarter whose every horizon is over by the end of the data."""
    start = quarter_before(quarter_start(tables.end - days(horizon_days)))
    return Stretch(quarter_name(start), start, next_quarter(start))


def champion_scores(champion: Champion, tables: Tables, config: Config, quarter: Stretch) -> Given:
    """What the champion says of those looks of the quarter that it has not learned from."""
    looked = build_examples(tables, config).looked
    inside = looked.loc[quarter.holds(looked["as_of"]), ["lead_id", "as_of"]]
    inside = inside.reset_index(drop=True)
    said = inside.assign(probability=champion_probabilities(champion, tables, inside))
    return Given(
        said.dropna(subset="probability").assign(model_version=champion.number), from_files=False
    )


def review_quarter(
    given: Given,
    tables: Tables,
    config: Config,
    quarter: Stretch,
    *,
    calibration: Calibration,
) -> Review:
    """Holds the scores of a quarter against what happened.

    Args:
        given: the scores; those of other times, of leads that the tables lack or that had closed,
            and those without a probability are passed over.
        tables: with the outcomes since.
        config: what is predicted, and what sales can do.
        quarter: which.
        calibration: of the champion, for the interval of what was expected.

    Raises:
        DataError: nothing was scored in the quarter.
    """
    scored = _scored(given.scores, tables, quarter)
    horizon = days(config.label.horizon_days)
    over = scored["as_of"] + horizon <= tables.end
    judged = scored[over].reset_index(drop=True)
    when = reached_after(tables, judged, config.label.outcome)
    judged = judged.assign(
        converted=(when < judged["as_of"] + horizon).to_numpy(dtype=bool),
        group=groups_of(tables, judged),
    )
    start = quarter_before(quarter.start)
    before = Stretch(quarter_name(start), start, quarter.start)
    versions = scored["model_version"].astype(str).value_counts()
    return Review(
        quarter,
        config.label.horizon_days,
        given.from_files,
        {str(name): int(count) for name, count in versions.items()},
        len(scored),
        int(scored["lead_id"].nunique()),
        int((~over).sum()),
        _evaluation(judged, tables, config),
        _promise(scored, judged, calibration, seed=config.training.seed),
        measure_acceptance(tables, Quarters(quarter, before, quarter.end, "")),
    )


def decide(review: Review, *, challenger_passed: bool) -> Verdict:
    """What to do with the champion.

    A model that sorts no better than chance, or whose probabilities do no better than the average
    rate, is to be trained again; else a challenger that the gate lets pass takes its place; else,
    where the level is off beyond noise, it is recalibrated; else it stays.
    """
    if review.evaluation is None:
        return "promote" if challenger_passed else "wait"
    model = review.evaluation.figures["model"]
    level = review.evaluation.figures["base rate"]
    lost = model["auc"].lower <= 0.5 or model["log_loss"].value >= level["log_loss"].value
    if challenger_passed:
        return "promote"
    if lost:
        return "retrain"
    ratio = model["observed_to_expected"]
    return "keep" if ratio.lower <= 1.0 <= ratio.upper else "recalibrate"


def _scored(given: pd.DataFrame, tables: Tables, quarter: Stretch) -> pd.DataFrame:
    """The scores of the quarter that something can become of, one a lead and moment."""
    inside = quarter.holds(given["as_of"]) & given["probability"].notna()
    inside &= given["lead_id"].isin(tables.leads["lead_id"])
    scored = given[inside].drop_duplicates(["lead_id", "as_of"]).reset_index(drop=True)
    scored = scored[open_at(tables, scored)].reset_index(drop=True)
    if scored.empty:
        msg = (
            f"Open leads must have been scored in {quarter.name}, got none among {len(given):,} "
            "scores. Name the files that `leadml score` wrote then, or another --quarter."
        )
        raise DataError(msg)
    return scored.sort_values(["as_of", "lead_id"], ignore_index=True)


def _evaluation(judged: pd.DataFrame, tables: Tables, config: Config) -> Evaluation | None:
    won = int(judged["converted"].sum())
    if min(won, len(judged) - won) < LEAST_OUTCOMES:
        return None
    probability = judged["probability"].to_numpy(dtype=np.float64)
    return evaluate(judged, probability, _rivals(judged, tables, config), seed=config.training.seed)


def _rivals(judged: pd.DataFrame, tables: Tables, config: Config) -> dict[str, Floats]:
    """The share that had won before the quarter, the newest first, and points where they tell."""
    created = tables.leads.set_index("lead_id")["created_at"].reindex(judged["lead_id"])
    earlier = build_examples(tables.upto(judged["as_of"].min()), config).mature["converted"]
    rate = float(earlier.mean()) if len(earlier) else float(judged["converted"].mean())
    found: dict[str, Any] = {
        "base rate": np.full(len(judged), rate),
        "newest first": newest_first(created),
    }
    table = points(config.points, build_past(tables, judged[["lead_id", "as_of"]]), config.events)
    return found if table is None else found | {"points": table}


def _promise(
    scored: pd.DataFrame,
    judged: pd.DataFrame,
    calibration: Calibration,
    *,
    seed: int,
) -> Promise | None:
    staged = scored.dropna(subset="stage") if "stage" in scored else scored.head(0)
    if staged.empty:
        return None
    contacted = _first_sql(staged)
    became = judged[["lead_id", "as_of", "converted"]]
    over = _first_sql(staged.merge(became, "left")).dropna(subset="converted")
    probability = over["probability"].to_numpy(dtype=np.float64)
    expected = expect_wins(probability, shared_spread(calibration, probability), seed=seed)
    won = int(over["converted"].astype(bool).sum())
    return Promise(len(contacted), _weeks(staged["as_of"]), len(over), expected, won)


def _weeks(moments: "pd.Series[pd.Timestamp]") -> float:
    """How long leads were scored; a week at least."""
    told = moments.drop_duplicates().sort_values()
    step = told.diff().median() if len(told) > 1 else pd.Timedelta(0)
    span = told.iloc[-1] - told.iloc[0] + step
    return max(span / pd.Timedelta(7, "D"), 1.0)


def _first_sql(scored: pd.DataFrame) -> pd.DataFrame:
    return scored[scored["stage"] == "sql"].drop_duplicates("lead_id")
