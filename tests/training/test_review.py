"""A quarter as it happened: what was said is held against what came, by hand."""

import numpy as np
import pandas as pd
import pytest

from leadml.config import Config, parse_config
from leadml.errors import DataError
from leadml.model import Calibration
from leadml.tables import Tables
from training.evaluate import Evaluation
from training.funnel.acceptance import Acceptance
from training.funnel.quarters import Stretch
from training.metrics import Estimate
from training.review import Given, Review, decide, newest_judged, quarter_of, review_quarter

Q1 = quarter_of("2026Q1")
END = pd.Timestamp("2026-07-01", tz="UTC")
SURE = Calibration(1.0, 0.0)


@pytest.fixture
def config() -> Config:
    return parse_config({"label": {"horizon_days": 30}, "training": {"seed": 1}})


def at(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


def tables_of(leads: int, closed: dict[int, tuple[str, str]]) -> Tables:
    """Leads 0, 1, … that came on the last of December, and how some closed."""
    names = [f"L{k:03}" for k in range(leads)]
    rows = [(names[k], outcome, at(when), np.nan) for k, (outcome, when) in closed.items()]
    never, nobody = pd.DatetimeIndex([], tz="UTC"), pd.array([], "str")
    nothing = pd.DataFrame({"lead_id": nobody, "valid_from": never})
    events = nothing.rename(columns={"valid_from": "occurred_at"}).assign(
        event_type=nobody, value=np.zeros(0), known_at=never
    )
    return Tables(
        pd.DataFrame({"lead_id": pd.array(names, "str"), "created_at": at("2025-12-31")}),
        events,
        pd.DataFrame(rows, columns=["lead_id", "outcome", "closed_at", "amount"]).astype(
            {"lead_id": "str", "outcome": "str", "closed_at": "datetime64[us, UTC]"}
        ),
        nothing,
        pd.DataFrame({"source": nobody, "month": never, "cost": np.zeros(0)}),
        END,
    )


def given(rows: list[tuple[int, str, float, str]]) -> Given:
    """Scores from (lead, as_of, probability, stage)."""
    frame = pd.DataFrame(rows, columns=["lead_id", "as_of", "probability", "stage"])
    return Given(
        frame.assign(
            lead_id=[f"L{k:03}" for k in frame["lead_id"]],
            as_of=pd.to_datetime(frame["as_of"], utc=True, format="ISO8601"),
            model_version="1",
        ),
        from_files=True,
    )


def reviewed(scores: Given, tables: Tables, config: Config) -> Review:
    return review_quarter(scores, tables, config, Q1, calibration=SURE)


def test_a_quarter_has_a_name() -> None:
    assert quarter_of("2026Q4") == Stretch("Q4 2026", at("2026-10-01"), at("2027-01-01"))
    assert quarter_of(" 2026-q1 ").end == at("2026-04-01")


@pytest.mark.parametrize("text", ["", "2026", "2026Q5", "Q1 2026", "2026Q11", "٢٠٢٦Q1"])
def test_what_is_no_quarter_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="must be written like 2026Q3"):
        quarter_of(text)


@pytest.mark.parametrize(
    ("horizon", "newest"),
    [(30, "Q1 2026"), (91, "Q1 2026"), (92, "Q4 2025"), (181, "Q4 2025"), (182, "Q3 2025")],
)
def test_the_newest_quarter_is_one_whose_every_horizon_is_over(horizon: int, newest: str) -> None:
    assert newest_judged(tables_of(1, {}), horizon_days=horizon).name == newest


def test_only_open_leads_of_the_quarter_count_each_moment_once(config: Config) -> None:
    tables = tables_of(5, {1: ("closed_lost", "2026-01-10")})
    scores = given(
        [
            (0, "2026-01-05", 0.2, "mql"),
            (0, "2026-01-05", 0.2, "mql"),
            (0, "2026-03-31T23:59", 0.3, "mql"),
            (0, "2026-04-01", 0.3, "mql"),
            (0, "2025-12-31T23:59", 0.3, "mql"),
            (1, "2026-01-09", 0.1, "lead"),
            (1, "2026-01-11", 0.1, "lead"),
            (2, "2026-01-05", np.nan, "lead"),
            (9, "2026-01-05", 0.1, "lead"),
        ]
    )
    found = reviewed(scores, tables, config)
    assert (found.scores, found.leads, found.versions) == (3, 2, {"1": 3})
    assert found.evaluation is None, "three scores judge nobody"


def test_a_quarter_without_scores_is_refused(config: Config) -> None:
    with pytest.raises(DataError, match="must have been scored in Q1 2026, got none among 1"):
        reviewed(given([(0, "2026-04-01", 0.2, "sql")]), tables_of(1, {}), config)


def test_a_promise_counts_each_lead_at_its_first_score_as_sql(config: Config) -> None:
    closed = {
        0: ("closed_won", "2026-02-04"),  # 30 days after its first score: a day too late
        1: ("closed_won", "2026-02-03"),
        2: ("closed_won", "2026-01-20"),
    }
    tables = tables_of(4, closed)
    scores = given(
        [
            (0, "2026-01-05", 0.5, "sql"),
            (0, "2026-01-12", 0.9, "sql"),
            (1, "2026-01-04", 0.1, "mql"),
            (1, "2026-01-05", 0.25, "sql"),
            (2, "2026-01-05", 0.7, "mql"),
            (3, "2026-03-25", 0.125, "sql"),
        ]
    )
    promise = reviewed(scores, tables, config).promise
    assert promise is not None
    assert (promise.leads, promise.over, promise.happened) == (3, 3, 1)
    assert promise.expected.value == pytest.approx(0.5 + 0.25 + 0.125)
    assert promise.per_week == pytest.approx(3 / (87 / 7)), "80 days, and the median step of 7"


def test_scores_without_a_stage_promise_nothing(config: Config) -> None:
    tables = tables_of(3, {})
    rows = [
        (0, "2026-01-05", 0.5, "sql"),
        (1, "2026-02-02", 0.5, "sql"),
        (2, "2026-03-02", 0.5, ""),
    ]
    some = given(rows)
    none = Given(some.scores.assign(stage=np.nan), from_files=False)
    late = Given(some.scores.assign(stage=[np.nan, "sql", "lead"]), from_files=False)
    assert reviewed(none, tables, config).promise is None
    promise = reviewed(late, tables, config).promise
    assert promise is not None
    assert (promise.leads, promise.weeks) == (1, pytest.approx((28 + 28) / 7))


def test_scores_whose_horizon_is_not_over_are_counted_and_judge_nobody() -> None:
    config = parse_config({"label": {"horizon_days": 120}, "training": {"seed": 1}})
    scores = given([(0, "2026-02-01", 0.5, "sql"), (1, "2026-03-04", 0.5, "sql")])
    found = reviewed(scores, tables_of(2, {}), config)
    assert (found.scores, found.immature) == (2, 1)
    assert found.promise is not None
    assert (found.promise.leads, found.promise.over) == (2, 1)


def test_the_figures_are_those_of_the_scores_that_were_given(config: Config) -> None:
    """Thirty of sixty leads win, and the scores part them but for one pair."""
    tables = tables_of(60, dict.fromkeys(range(30), ("closed_won", "2026-01-20")))
    said = [0.8] * 29 + [0.2] + [0.8] + [0.2] * 29
    found = reviewed(given([(k, "2026-01-05", said[k], "mql") for k in range(60)]), tables, config)
    assert found.evaluation is not None
    # of 900 pairs 29 * 29 are right, and 29 + 29 alike
    assert found.evaluation.figures["model"]["auc"].value == pytest.approx((841 + 29) / 900)
    assert found.evaluation.converted == 30
    assert {"base rate", "newest first"} <= set(found.evaluation.figures)
    ratio = found.figure("observed_to_expected")
    assert ratio is not None
    assert ratio.value == pytest.approx(30 / (0.8 * 30 + 0.2 * 30))


def judged_as(auc: float, ratio: tuple[float, float], *, better: bool = True) -> Review:
    def one(value: float, lower: float, upper: float) -> Estimate:
        return Estimate(value, lower, upper)

    figures = {
        "model": {
            "auc": one(auc + 0.05, auc, auc + 0.1),
            "log_loss": one(0.1 if better else 0.3, 0.05, 0.4),
            "observed_to_expected": one(sum(ratio) / 2, *ratio),
        },
        "base rate": {"log_loss": one(0.2, 0.1, 0.3)},
    }
    evaluation = Evaluation(figures, pd.DataFrame(), pd.DataFrame(), 100, 30, 100, {})
    return _review(evaluation)


def _review(evaluation: Evaluation | None) -> Review:
    silent = Acceptance((), None, None, None, None, None)
    return Review(
        quarter=Q1,
        horizon_days=30,
        from_files=True,
        versions={"1": 100},
        scores=100,
        leads=100,
        immature=0,
        evaluation=evaluation,
        promise=None,
        acceptance=silent,
    )


@pytest.mark.parametrize(
    ("review", "passed", "verdict"),
    [
        (_review(None), False, "wait"),
        (_review(None), True, "promote"),
        (judged_as(0.7, (0.9, 1.1)), False, "keep"),
        (judged_as(0.7, (0.9, 1.1)), True, "promote"),
        (judged_as(0.7, (1.05, 1.3)), False, "recalibrate"),
        (judged_as(0.7, (0.6, 0.95)), False, "recalibrate"),
        (judged_as(0.48, (0.9, 1.1)), False, "retrain"),
        (judged_as(0.7, (0.9, 1.1), better=False), False, "retrain"),
        (judged_as(0.48, (0.9, 1.1)), True, "promote"),
    ],
    ids=range(9),
)
def test_what_happened_decides(review: Review, *, passed: bool, verdict: str) -> None:
    assert decide(review, challenger_passed=passed) == verdict
