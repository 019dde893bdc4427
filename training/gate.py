"""May a challenger replace the champion? Rules, each with its numbers in a sentence.

A challenger is judged on the newest mature examples that neither model has seen, beside the
champion, on the same rows: the difference is resampled in pairs over whole groups. A rule refuses
what is worse beyond noise, and what is much worse on its face however wide the interval: few
examples must not let a poor model through. Where too few can be compared, that is no pass either.
The first champion has no one to be compared with: it must be usable, calibrated and leak-free.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.build import build_matrix
from features.catalog import Catalog
from features.past import build_past
from leadml.arrays import Floats
from leadml.model import LeadModel
from leadml.tables import Tables
from training.closeness import judge_calibration, judge_losses
from training.train import TrainingResult

MOST_LEADS = 20_000
"""Among more open leads, evenly spaced ones tell which share changes."""

LEAST_LEADS = 20
"""Among fewer open leads a share that changes is told and refuses nothing."""

MOST_STAGES = 0.20
"""Sales and marketing plan by stage: a new model may move one open lead in five."""

MOST_GRADES = 0.40
"""Grades part closer together than stages: twice what stages may."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the gate: whether it let the challenger pass, and why, in a sentence."""

    name: str
    passed: bool
    text: str


@dataclass(frozen=True, slots=True)
class Gate:
    """The verdict on a challenger.

    Attributes:
        rules: in the order they are told.
        champion: the version it was compared with; empty where there was none.
    """

    rules: tuple[Rule, ...]
    champion: str

    @property
    def passed(self) -> bool:
        """Whether every rule let it pass."""
        return all(rule.passed for rule in self.rules)

    @property
    def verdict(self) -> str:
        """``passed``, or a line for each rule that refused: its name and its sentence."""
        refused = [f"{rule.name}: {rule.text}" for rule in self.rules if not rule.passed]
        return "\n".join(refused) or "passed"

    def to_json(self) -> dict[str, Any]:
        """Itself as plain data."""
        return {"passed": self.passed, **dataclasses.asdict(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Gate":
        """The inverse of `to_json`."""
        return cls(tuple(Rule(**rule) for rule in data["rules"]), data["champion"])


@dataclass(frozen=True, slots=True)
class Champion:
    """The model that scores now, as a challenger is compared with it.

    Attributes:
        number: its version.
        judged: lead_id, as_of, probability: its test examples, as the model that had not seen
            them judged them when it was trained.
    """

    number: str
    model: LeadModel
    judged: pd.DataFrame


def compare(judged: pd.DataFrame, champion: Champion | None, tables: Tables) -> pd.DataFrame:
    """The challenger's test examples with what both models say of them.

    Args:
        judged: lead_id, as_of, converted, group, probability: of `TrainingResult`.
        champion: whom to compare with.
        tables: what the challenger was trained on.

    Returns:
        lead_id, as_of, converted, group, challenger, champion; NaN where the champion has no
        honest probability.
    """
    frame = judged.rename(columns={"probability": "challenger"}).reset_index(drop=True)
    if champion is None:
        return frame.assign(champion=np.nan)
    return frame.assign(champion=champion_probabilities(champion, tables, frame))


def champion_probabilities(champion: Champion, tables: Tables, examples: pd.DataFrame) -> Floats:
    """What the champion says of examples it has not seen; shape (n,), NaN of all others.

    Examples from the end of its data on it scores itself. Those of its own test part have the
    probabilities that were kept when it was trained: since then it has learned from them.

    Args:
        champion: the model.
        tables: all that is known; features look at what lay before each as_of.
        examples: lead_id, as_of.
    """
    own = champion.judged[["lead_id", "as_of", "probability"]]
    found = examples[["lead_id", "as_of"]].merge(own, "left", on=["lead_id", "as_of"])
    probability = found["probability"].to_numpy(dtype=np.float64, copy=True)
    ended = pd.Timestamp(champion.model.card["known_until"])
    later = (examples["as_of"] >= ended).to_numpy(dtype=bool)
    if later.any():
        asked = examples.loc[later, ["lead_id", "as_of"]].reset_index(drop=True)
        matrix = build_matrix(Catalog.from_json(champion.model.catalog), build_past(tables, asked))
        probability[later] = champion.model.probability(matrix)
    return probability


def judge_challenger(
    compared: pd.DataFrame,
    *,
    result: TrainingResult,
    champion: Champion | None,
    changes: pd.DataFrame,
    seed: int,
) -> Gate:
    """The verdict on a training.

    Args:
        compared: of `compare`.
        result: the challenger, and how it was judged.
        champion: whom it was compared with; None at the first training.
        changes: of `list_changes`; empty where there is no champion.
        seed: of the resampling.
    """
    rules = [_signal(result)]
    if champion is not None:
        rules += _comparison(compared, result, champion, seed)
    rules.append(Rule("calibration", *judge_calibration(compared, seed=seed)))
    rules.append(_leaks(result.model))
    if champion is not None:
        rules.append(_stability(changes))
    return Gate(tuple(rules), champion.number if champion else "")


def list_changes(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """What two models make of the same open leads.

    Args:
        before: the champion's scores: lead_id, stage, fit_grade, engagement_grade, probability,
            unscored_reason.
        after: the challenger's, of the same leads in the same order.

    Returns:
        lead_id, stage_before, stage, grade_before, grade (as in A1), probability_before,
        probability; ``unscored`` for a stage where a model gives no score; leads that neither
        scores are left out.
    """
    listed = pd.DataFrame(
        {
            "lead_id": after["lead_id"].to_numpy(),
            "stage_before": _stages(before),
            "stage": _stages(after),
            "grade_before": _grades(before),
            "grade": _grades(after),
            "probability_before": before["probability"].to_numpy(dtype=np.float64),
            "probability": after["probability"].to_numpy(dtype=np.float64),
        }
    )
    scored = (listed["stage_before"] != "unscored") | (listed["stage"] != "unscored")
    return listed[scored].reset_index(drop=True)


def _stages(scores: pd.DataFrame) -> np.ndarray:
    stages = scores["stage"].to_numpy(dtype=object)
    return np.where(scores["unscored_reason"].to_numpy(dtype=object) == "", stages, "unscored")


def _grades(scores: pd.DataFrame) -> np.ndarray:
    engagement = scores["engagement_grade"].astype("string").fillna("-")
    fit = scores["fit_grade"].astype("string").replace("", "-")
    return (fit + engagement).to_numpy(dtype=object)


def _signal(result: TrainingResult) -> Rule:
    model, base = (result.evaluation.figures[name] for name in ("model", "base rate"))
    auc = model["auc"]
    figures = (
        f"AUC {auc.value:.3f} ({auc.lower:.3f} to {auc.upper:.3f}), log loss "
        f"{model['log_loss'].value:.4f} (base rate: {base['log_loss'].value:.4f})"
    )
    if result.usable:
        return Rule("signal", passed=True, text=f"It has a usable signal: {figures}.")
    text = f"It has no usable signal: {figures}. Such a model is never champion."
    return Rule("signal", passed=False, text=text)


def _comparison(
    compared: pd.DataFrame, result: TrainingResult, champion: Champion, seed: int
) -> list[Rule]:
    """Log loss and average precision beside the champion's, or why they are not judged."""
    asked = [
        f"{card['outcome']} within {card['horizon_days']} days"
        for card in (champion.model.card, result.model.card)
    ]
    if asked[0] != asked[1]:
        text = (
            f"Not judged: version {champion.number} predicts {asked[0]}, this one {asked[1]}. "
            "Promote it by force if the question is meant to change."
        )
        return [Rule("comparison", passed=False, text=text)]
    both = compared[compared["champion"].notna()].reset_index(drop=True)
    return [Rule(*said) for said in judge_losses(both, version=champion.number, seed=seed)]


def _leaks(model: LeadModel) -> Rule:
    """No column the model reads is called a leak, unless a person allowed it by name."""
    card = model.card
    allowed = set(card["config"]["attributes"]["allow"])
    used = set(Catalog.from_json(model.catalog).attribute_columns)
    leaks = {
        row["column"]: bool(row.get("allowed", row["column"] in allowed))
        for row in card["leaks"]
        if row["verdict"] == "leak" and row["column"] in used
    }
    forbidden = sorted(column for column, by_name in leaks.items() if not by_name)
    if forbidden:
        text = (
            f"It reads {', '.join(forbidden)}, called a leak. Exclude it, or allow it by name in "
            "attributes.allow."
        )
        return Rule("leaks", passed=False, text=text)
    said = f" but {', '.join(sorted(leaks))}, allowed by name" if leaks else ""
    return Rule("leaks", passed=True, text=f"No column it reads is called a leak{said}.")


def _stability(changes: pd.DataFrame) -> Rule:
    """How many open leads get another stage or grade; the most common moves are named."""
    if changes.empty:
        return Rule("stability", passed=True, text="There is no open lead that could change.")
    moved = changes[changes["stage"] != changes["stage_before"]]
    regraded = float((changes["grade"] != changes["grade_before"]).mean())
    share = len(moved) / len(changes)
    moves = (moved["stage_before"] + " to " + moved["stage"]).value_counts()
    named = ", ".join(f"{n:,} {move}" for move, n in moves.head(5).items())
    text = (
        f"Of {len(changes):,} open leads {len(moved):,} ({share:.0%}) change stage"
        f"{f' ({named})' if named else ''} and {regraded:.0%} change grade; "
        f"{MOST_STAGES:.0%} and {MOST_GRADES:.0%} may"
    )
    few = len(changes) < LEAST_LEADS
    calm = share <= MOST_STAGES and regraded <= MOST_GRADES
    end = ". So few leads refuse nothing." if few and not calm else "."
    return Rule("stability", passed=calm or few, text=text + end)
