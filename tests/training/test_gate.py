"""The verdict on a challenger: worked by hand, on worlds whose truth is known, and refused."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.build import build_matrix
from features.past import build_past
from leadml.model import sigmoid
from leadml.tables import Tables
from training.closeness import (
    LEVEL,
    SLOPE,
    judge_calibration,
    judge_losses,
    pair,
)
from training.gate import (
    Champion,
    Gate,
    Rule,
    champion_probabilities,
    compare,
    judge_challenger,
    list_changes,
)
from training.metrics import average_precision, bootstrap_weights, log_loss
from training.train import TrainingResult


def world(n: int = 2_000, *, seed: int = 0, rate: float = -1.5) -> pd.DataFrame:
    """Leads with true log-odds; group, converted, truth."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(rate, 1.2, n)
    groups = pd.Series([f"g{k // 2}" for k in range(n)], dtype="str")
    converted = rng.random(n) < sigmoid(odds)
    return pd.DataFrame({"group": groups, "converted": converted, "odds": odds})


def beside(frame: pd.DataFrame, challenger: np.ndarray, champion: np.ndarray) -> pd.DataFrame:
    return frame.assign(challenger=challenger, champion=champion)


def verdicts(both: pd.DataFrame) -> dict[str, bool]:
    return {name: passed for name, passed, _ in judge_losses(both, version="1", seed=0)}


# Beside the champion.


def test_a_difference_is_the_one_worked_by_hand() -> None:
    frame = pd.DataFrame(
        {
            "group": pd.Series(list("abcd"), dtype="str"),
            "converted": [True, False, True, False],
            "challenger": [0.5, 0.5, 0.5, 0.5],
            "champion": [0.8, 0.2, 0.8, 0.2],
        }
    )
    found = pair(log_loss, frame, bootstrap_weights(frame["group"], seed=0))
    assert found.challenger == pytest.approx(np.log(2))
    assert found.champion == pytest.approx(-np.log(0.8))
    assert found.difference.value == pytest.approx(np.log(2) + np.log(0.8))
    # Every example differs by the same, so every resample does: pairing leaves no noise.
    assert found.difference.lower == pytest.approx(found.difference.value)
    assert found.difference.upper == pytest.approx(found.difference.value)


def test_the_same_probabilities_pass_with_a_difference_of_nothing() -> None:
    frame = world()
    p = sigmoid(frame["odds"].to_numpy())
    said = judge_losses(beside(frame, p, p), version="3", seed=0)
    assert [(name, passed) for name, passed, _ in said] == [
        ("log loss", True),
        ("average precision", True),
    ]
    assert "+0.0000 (+0.0000 to +0.0000)" in said[0][2]
    assert "of version 3" in said[0][2]
    assert "2,000 examples that neither has seen" in said[0][2]


def test_a_better_challenger_passes_and_a_worse_one_is_refused_on_both() -> None:
    frame = world()
    good = sigmoid(frame["odds"].to_numpy())
    poor = sigmoid(frame["odds"].to_numpy() + np.random.default_rng(1).normal(0, 1.5, len(frame)))
    assert verdicts(beside(frame, good, poor)) == {"log loss": True, "average precision": True}
    assert verdicts(beside(frame, poor, good)) == {"log loss": False, "average precision": False}


def test_a_small_difference_beyond_noise_is_refused() -> None:
    frame = world(40_000)
    good = sigmoid(frame["odds"].to_numpy())
    shifted = sigmoid(frame["odds"].to_numpy() + 0.12)
    both = beside(frame, shifted, good)
    found = pair(log_loss, both, bootstrap_weights(both["group"], seed=0))
    assert 0 < found.difference.lower < found.difference.value < 0.03 * found.champion
    assert verdicts(both) == {"log loss": False, "average precision": True}


def test_a_small_loss_of_ranking_beyond_noise_is_refused() -> None:
    frame = world(40_000)
    odds = frame["odds"].to_numpy()
    blurred = sigmoid(odds + np.random.default_rng(1).normal(0, 0.35, len(frame)))
    both = beside(frame, blurred, sigmoid(odds))
    found = pair(average_precision, both, bootstrap_weights(both["group"], seed=0))
    assert -0.10 * found.champion < found.difference.value < found.difference.upper < 0
    assert not verdicts(both)["average precision"]


def test_much_worse_on_its_face_is_refused_however_wide_the_interval() -> None:
    frame = world(160, seed=4)
    good = sigmoid(frame["odds"].to_numpy())
    noise = np.random.default_rng(2).normal(0, 0.5, len(frame))
    both = beside(frame, sigmoid(frame["odds"].to_numpy() + noise), good)
    found = pair(log_loss, both, bootstrap_weights(both["group"], seed=0))
    assert found.difference.lower < 0
    assert found.difference.value > 0.03 * found.champion
    assert not verdicts(both)["log loss"]


@pytest.mark.parametrize(("won", "others"), [(19, 400), (400, 19)])
def test_too_few_to_compare_is_no_pass_and_says_how_many(won: int, others: int) -> None:
    converted = np.arange(won + others) < won
    groups = pd.Series([str(k) for k in range(won + others)], dtype="str")
    frame = pd.DataFrame({"group": groups, "converted": converted})
    half = np.full(len(frame), 0.5)
    ((name, passed, text),) = judge_losses(beside(frame, half, half), version="2", seed=0)
    assert (name, passed) == ("comparison", False)
    assert f"Not judged: {won} wins and {others} others can be compared with version 2" in text
    assert "20 of each" in text


def test_twenty_of_each_are_judged() -> None:
    converted = np.arange(40) < 20
    groups = pd.Series([str(k) for k in range(40)], dtype="str")
    half = np.full(40, 0.5)
    frame = pd.DataFrame({"group": groups, "converted": converted})
    assert list(verdicts(beside(frame, half, half))) == ["log loss", "average precision"]


# Calibration.


def judged(n: int, *, slope: float = 1.0, shift: float = 0.0, seed: int = 0) -> pd.DataFrame:
    """Probabilities whose log-odds hold with ``slope`` after a shift of the level."""
    frame = world(n, seed=seed)
    said = (frame["odds"].to_numpy() + shift) / slope
    return frame.assign(challenger=sigmoid(said))


def test_probabilities_that_are_all_alike_have_no_slope_and_are_not_refused_for_it() -> None:
    frame = world(600).assign(challenger=0.25)
    rate = frame["converted"].mean()
    passed, text = judge_calibration(frame.assign(challenger=rate), seed=0)
    assert passed
    assert "cannot be told" in text


@pytest.mark.parametrize(
    ("slope", "shift", "verdict"),
    [
        (1.0, 0.0, "passes"),
        (1.0, 0.2, "passes"),
        (1.0, 1.8, "refused"),
        (1.0, -1.8, "refused"),
        (0.35, 0.0, "refused"),
        (2.8, 0.0, "refused"),
    ],
)
def test_only_what_is_clearly_off_is_refused(slope: float, shift: float, verdict: str) -> None:
    found, text = judge_calibration(judged(6_000, slope=slope, shift=shift), seed=0)
    assert found == (verdict == "passes"), text
    assert f"{LEVEL[0]:.2f} to {LEVEL[1]:.2f}" in text
    assert f"{SLOPE[0]:.2f} to {SLOPE[1]:.2f}" in text


def test_what_could_be_noise_is_not_refused() -> None:
    frame = judged(6_000, shift=-1.5)
    few = frame.iloc[:60]
    assert not judge_calibration(frame, seed=0)[0]
    assert judge_calibration(few, seed=0)[0]


# What the champion says of examples it has not seen.


@pytest.fixture(scope="module")
def champion(trained: TrainingResult) -> Champion:
    return Champion("1", trained.model, trained.judged)


def test_a_champion_scores_what_came_after_its_data_and_remembers_its_own_test(
    champion: Champion, trained: TrainingResult, tables: Tables
) -> None:
    ended = pd.Timestamp("2026-05-01", tz="UTC")
    model = dataclasses.replace(
        trained.model, card={**trained.model.card, "known_until": ended.isoformat()}
    )
    ids = tables.leads["lead_id"].iloc[:4].to_numpy()
    second = pd.Timedelta(1, "s")
    moments = [ended + pd.Timedelta(9, "D"), ended, ended - second, ended - second]
    examples = pd.DataFrame({"lead_id": pd.Series(ids, dtype="str"), "as_of": moments})
    examples["as_of"] = examples["as_of"].dt.as_unit("us")
    kept = examples.iloc[[3, 0]].assign(probability=[0.123, 0.456])

    found = champion_probabilities(Champion("1", model, kept), tables, examples)

    matrix = build_matrix(trained.catalog, build_past(tables, examples.iloc[:2]))
    assert found[:2] == pytest.approx(model.probability(matrix), abs=0)
    assert np.isnan(found[2]), "neither new to it nor of its test part"
    assert found[3] == 0.123


def test_nothing_known_after_as_of_enters_the_champions_own_probability(
    champion: Champion, trained: TrainingResult, tables: Tables
) -> None:
    moment = pd.Timestamp("2026-02-01", tz="UTC")
    model = dataclasses.replace(
        trained.model, card={**trained.model.card, "known_until": "2026-01-01T00:00:00+00:00"}
    )
    ids = tables.upto(moment).leads["lead_id"].iloc[-30:].reset_index(drop=True)
    examples = pd.DataFrame({"lead_id": ids, "as_of": moment})
    examples["as_of"] = examples["as_of"].dt.as_unit("us")
    early = Champion("1", model, champion.judged)
    whole = champion_probabilities(early, tables, examples)
    past = champion_probabilities(early, tables.upto(moment), examples)
    assert (whole == past).all()


def test_a_repeated_training_is_compared_on_its_whole_test_part(
    champion: Champion, trained: TrainingResult, tables: Tables
) -> None:
    compared = compare(trained.judged, champion, tables)
    assert (compared["challenger"] == compared["champion"]).all()
    assert len(compared) == trained.evaluation.n
    assert compare(trained.judged, None, tables)["champion"].isna().all()


# The verdict.


def verdict(result: TrainingResult, **others: Any) -> Gate:
    asked: dict[str, Any] = {"champion": None, "changes": pd.DataFrame(), "seed": 0} | others
    compared = result.judged.rename(columns={"probability": "challenger"})
    compared["champion"] = compared["challenger"]
    return judge_challenger(compared, result=result, **asked)


def passed(gate: Gate) -> dict[str, bool]:
    return {rule.name: rule.passed for rule in gate.rules}


def carded(result: TrainingResult, **changes: Any) -> TrainingResult:
    """The same training with another card."""
    model = dataclasses.replace(result.model, card={**result.model.card, **changes})
    return dataclasses.replace(result, model=model)


def test_the_first_must_be_usable_calibrated_and_leak_free(trained: TrainingResult) -> None:
    gate = verdict(trained)
    assert passed(gate) == {"signal": True, "calibration": True, "leaks": True}
    assert (gate.passed, gate.champion, gate.verdict) == (True, "", "passed")
    weak = verdict(dataclasses.replace(trained, usable=False))
    assert not weak.passed
    assert weak.verdict.startswith("signal: It has no usable signal: AUC 0.")


def test_a_later_one_is_judged_beside_the_champion(
    champion: Champion, trained: TrainingResult
) -> None:
    gate = verdict(trained, champion=champion)
    assert list(passed(gate)) == [
        *("signal", "log loss", "average precision", "calibration", "leaks", "stability")
    ]
    assert (gate.passed, gate.champion) == (True, "1")


def test_examples_the_champion_has_seen_are_left_out(
    champion: Champion, trained: TrainingResult, tables: Tables
) -> None:
    forgetful = dataclasses.replace(champion, judged=champion.judged.iloc[:0])
    compared = compare(trained.judged, forgetful, tables)
    gate = judge_challenger(
        compared, result=trained, champion=forgetful, changes=pd.DataFrame(), seed=0
    )
    assert "Not judged: 0 wins and 0 others" in gate.verdict
    assert passed(gate)["calibration"], "it needs no champion"


@pytest.mark.parametrize(("key", "value"), [("outcome", "sql"), ("horizon_days", 30)])
def test_another_question_is_not_compared(
    champion: Champion, trained: TrainingResult, key: str, value: object
) -> None:
    gate = verdict(carded(trained, **{key: value}), champion=champion)
    assert not gate.passed
    assert "version 1 predicts closed_won within 90 days, this one" in gate.verdict


def leak(column: str, **others: object) -> dict[str, object]:
    return {"column": column, "verdict": "leak", "reason": "too good", **others}


def test_a_column_called_a_leak_is_refused_where_it_is_read(trained: TrainingResult) -> None:
    read = trained.catalog.attribute_columns[0]
    assert passed(verdict(carded(trained, leaks=[leak("never_read")])))["leaks"]
    gate = verdict(carded(trained, leaks=[leak(read), leak("never_read")]))
    assert gate.verdict == (
        f"leaks: It reads {read}, called a leak. Exclude it, or allow it by name in "
        "attributes.allow."
    )


def test_a_leak_allowed_by_name_passes_and_is_said(trained: TrainingResult) -> None:
    read = trained.catalog.attribute_columns[0]
    gate = verdict(carded(trained, leaks=[leak(read, allowed=True)]))
    assert gate.passed
    assert (
        gate.rules[-1].text == f"No column it reads is called a leak but {read}, allowed by name."
    )


# Stability.


def scores(stages: list[str], grades: str = "A") -> pd.DataFrame:
    """Scores of leads in stages; where "" is said, a lead that is not scored: it has one too."""
    n = len(stages)
    scored = np.array([stage != "" for stage in stages])
    return pd.DataFrame(
        {
            "lead_id": [f"L{k}" for k in range(n)],
            "stage": [stage or "disqualified" for stage in stages],
            "fit_grade": list(grades) * (n // len(grades)),
            "engagement_grade": pd.array([1] * n, dtype="Int64"),
            "probability": np.where(scored, 0.25, np.nan),
            "unscored_reason": np.where(scored, "", "no consent"),
        }
    )


def test_changes_are_listed_lead_by_lead() -> None:
    listed = list_changes(scores(["mql", "", "iql", ""]), scores(["iql", "iql", "iql", ""], "AB"))
    assert listed.fillna(-1).to_dict("list") == {
        "lead_id": ["L0", "L1", "L2"],
        "stage_before": ["mql", "unscored", "iql"],
        "stage": ["iql", "iql", "iql"],
        "grade_before": ["A1", "A1", "A1"],
        "grade": ["A1", "B1", "A1"],
        "probability_before": [0.25, -1, 0.25],
        "probability": [0.25, 0.25, 0.25],
    }


@pytest.mark.parametrize(("moved", "refuses"), [(20, 0), (21, 1)])
def test_a_fifth_of_the_stages_may_change(
    champion: Champion, trained: TrainingResult, moved: int, refuses: int
) -> None:
    changes = list_changes(scores(["mql"] * 100), scores(["iql"] * moved + ["mql"] * (100 - moved)))
    rule = verdict(trained, champion=champion, changes=changes).rules[-1]
    assert (rule.name, rule.passed) == ("stability", not refuses)
    assert f"Of 100 open leads {moved} ({moved}%) change stage ({moved} mql to iql)" in rule.text


def test_grades_that_change_for_half_of_the_leads_refuse(
    champion: Champion, trained: TrainingResult
) -> None:
    changes = list_changes(scores(["mql"] * 100), scores(["mql"] * 100, "AB"))
    rule = verdict(trained, champion=champion, changes=changes).rules[-1]
    assert not rule.passed
    assert "0 (0%) change stage and 50% change grade" in rule.text


def test_few_open_leads_refuse_nothing_and_none_is_said(
    champion: Champion, trained: TrainingResult
) -> None:
    few = list_changes(scores(["mql"] * 19), scores(["iql"] * 19))
    rule = verdict(trained, champion=champion, changes=few).rules[-1]
    assert rule.passed
    assert rule.text.endswith("So few leads refuse nothing.")
    assert "no open lead" in verdict(trained, champion=champion).rules[-1].text


def test_a_gate_survives_json() -> None:
    gate = Gate((Rule("a", passed=True, text="x"), Rule("b", passed=False, text="y")), "4")
    assert gate.to_json()["passed"] is False
    assert Gate.from_json(gate.to_json()) == gate
    assert gate.verdict == "b: y"
