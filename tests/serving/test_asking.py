"""Are questions asked where an answer may change a stage, and nowhere else?"""

import numpy as np
import pandas as pd

from leadml.tables import Tables
from serving.asking import LEAST_CHANCE, ask
from serving.scorer import Scorer
from serving.scoring import score_examples


def after_a_week(tables: Tables) -> pd.DataFrame:
    """Every lead, a week after it came."""
    leads = tables.leads
    return pd.DataFrame(
        {"lead_id": leads["lead_id"], "as_of": leads["created_at"] + pd.Timedelta(7, "D")}
    )


def test_questions_are_of_missing_attributes_of_scored_leads(
    scorer: Scorer, tables: Tables
) -> None:
    chosen = after_a_week(tables).head(300).reset_index(drop=True)
    scores = score_examples(scorer, tables, chosen)
    asked = ask(scorer, scores, most=2)
    assert len(asked) == 300
    assert any(asked)
    scored = ~np.isnan(scores.seen.score)
    for row, questions in enumerate(asked):
        assert len(questions) <= 2
        assert scored[row] or not questions
        for question in questions:
            columns = [
                k
                for k, f in enumerate(scorer.catalog.features)
                if f.noun.keys == (question.attribute,) and not f.word.of_events
            ]
            assert np.isnan(scores.matrix[row, columns]).all()
            assert question.chance >= LEAST_CHANCE


def test_one_lead_is_asked_what_it_is_asked_in_a_batch(scorer: Scorer, tables: Tables) -> None:
    chosen = after_a_week(tables).head(120).reset_index(drop=True)
    together = ask(scorer, score_examples(scorer, tables, chosen), most=3)
    row = next(k for k, own in enumerate(together) if own)
    alone = ask(
        scorer, score_examples(scorer, tables, chosen.iloc[[row]].reset_index(drop=True)), most=3
    )[0]
    assert [q.attribute for q in alone] == [q.attribute for q in together[row]]
    assert np.allclose([q.chance for q in alone], [q.chance for q in together[row]])
