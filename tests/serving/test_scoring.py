"""From leads and their past to scores: one is as many, and unscored says why."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from leadml.policy import STAGES
from leadml.tables import Tables
from serving.scorer import Scorer
from serving.scores import COLUMNS, Scores
from serving.scoring import score_examples, unseen_categories

DAY = pd.Timedelta(1, "D")
OF_A_MODEL = [name for name in COLUMNS if name != "points"]


def looked_at(tables: Tables, *, days: float = 7, rows: slice = slice(None)) -> pd.DataFrame:
    leads = tables.leads[rows]
    moments = leads["created_at"] + days * DAY
    return pd.DataFrame({"lead_id": leads["lead_id"], "as_of": moments}).reset_index(drop=True)


@pytest.fixture(scope="module")
def scores(scorer: Scorer, tables: Tables) -> Scores:
    return score_examples(scorer, tables, looked_at(tables), most_reasons=99)


def row_of(scorer: Scorer, tables: Tables, lead_id: str, as_of: pd.Timestamp) -> pd.Series:
    example = pd.DataFrame({"lead_id": pd.Series([lead_id], dtype="str"), "as_of": [as_of]})
    return score_examples(scorer, tables, example).table.iloc[0]


@pytest.mark.parametrize("which", ["scorer", "crossing"])
def test_a_lead_alone_gets_to_the_bit_what_it_gets_in_a_batch(
    which: str, tables: Tables, request: pytest.FixtureRequest
) -> None:
    scorer: Scorer = request.getfixturevalue(which)
    examples = looked_at(tables, rows=slice(0, 600, 2))  # 300 rows, beyond those of one thread
    batch = score_examples(scorer, tables, examples)
    for k in range(0, 300, 6):
        alone = score_examples(scorer, tables, examples.iloc[[k]].reset_index(drop=True))
        expected = batch.table.iloc[[k]].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone.table, expected, check_exact=True)
        assert alone.reasons[0] == batch.reasons[k]
        assert alone.matrix.tobytes() == np.ascontiguousarray(batch.matrix[[k]]).tobytes()


def test_the_order_of_examples_changes_no_score(scorer: Scorer, tables: Tables) -> None:
    examples = looked_at(tables, rows=slice(0, 80))
    order = np.random.default_rng(0).permutation(80)
    one = score_examples(scorer, tables, examples)
    two = score_examples(scorer, tables, examples.iloc[order].reset_index(drop=True))
    expected = one.table.iloc[order].reset_index(drop=True)
    pd.testing.assert_frame_equal(two.table, expected, check_exact=True)


def test_what_comes_at_or_after_as_of_changes_no_score(scorer: Scorer, tables: Tables) -> None:
    examples = looked_at(tables, days=3, rows=slice(0, 60))
    moment = examples.set_index("lead_id")["as_of"]
    known = tables.events["known_at"] < tables.events["lead_id"].map(moment)
    cut = dataclasses.replace(
        tables,
        events=tables.events[known.to_numpy()].reset_index(drop=True),
        outcomes=tables.outcomes[:0],
    )
    assert (~known).sum() > 100
    one, two = (score_examples(scorer, own, examples) for own in (tables, cut))
    pd.testing.assert_frame_equal(one.table, two.table, check_exact=True)
    assert one.reasons == two.reasons


@pytest.mark.parametrize("which", ["scorer", "crossing"])
def test_all_effects_of_a_lead_add_up_to_its_log_odds_above_the_base(
    which: str, tables: Tables, request: pytest.FixtureRequest
) -> None:
    scorer: Scorer = request.getfixturevalue(which)
    scores = score_examples(scorer, tables, looked_at(tables), most_reasons=99)
    _, base = scorer.model.contributions(scores.matrix)
    log_odds = scorer.model.calibration.log_odds(scorer.model.margin(scores.matrix))
    for k, reasons in enumerate(scores.reasons):
        total = base + sum(reason.effect for reason in reasons)
        assert total == pytest.approx(log_odds[k], abs=1e-9)
    p = scores.table["probability"].to_numpy()
    assert np.log(p / (1 - p)) == pytest.approx(log_odds, abs=1e-9)
    groups = np.sum(list(scores.groups.values()), axis=0)
    assert scores.base + groups == pytest.approx(log_odds, abs=1e-9)


def test_reasons_come_strongest_first_in_the_number_asked_for(
    scorer: Scorer, tables: Tables, scores: Scores
) -> None:
    for reasons in scores.reasons:
        effects = [abs(reason.effect) for reason in reasons]
        assert effects == sorted(effects, reverse=True)
    few = score_examples(scorer, tables, looked_at(tables, rows=slice(0, 9)), most_reasons=2)
    assert few.reasons == [reasons[:2] for reasons in scores.reasons[:9]]
    none = score_examples(scorer, tables, looked_at(tables, rows=slice(0, 9)), most_reasons=0)
    assert none.reasons == [()] * 9


def test_a_reason_tells_the_value_that_pulls_its_way(scorer: Scorer, scores: Scores) -> None:
    column = {name: k for k, name in enumerate(scorer.catalog.names)}
    contributions, _ = scorer.model.contributions(scores.matrix)
    for k, reasons in enumerate(scores.reasons[:50]):
        for reason in reasons:
            place = column[reason.feature]
            feature = scorer.catalog.features[place]
            assert reason.text == feature.describe(scores.matrix[k, place])
            assert reason.group == feature.noun.group
            assert np.sign(contributions[k, place]) == np.sign(reason.effect)


def test_an_interval_brackets_its_probability(scores: Scores) -> None:
    table = scores.table
    assert table["probability"].notna().all()
    assert (table["lower"] <= table["probability"]).all()
    assert (table["probability"] <= table["upper"]).all()
    assert (table["lower"] < table["upper"]).all()
    assert table["probability"].between(0, 1).all()
    assert (table["lower"] >= 0).all()
    assert (table["upper"] <= 1).all()


def test_a_file_of_scores_has_its_columns_in_order(scores: Scores) -> None:
    file = scores.for_file()
    assert [name for name in file if name in COLUMNS] == OF_A_MODEL
    assert file["reasons"].str.contains("for: |against: ").all()
    records = scores.for_people()["reasons"].iloc[0]
    assert [set(record) for record in records[:1]] == [{"text", "group", "effect", "feature"}]


# One model answers several horizons. The main one is of 30 days.


def test_the_other_horizons_stand_behind_the_interval_of_the_main_one(
    crossing: Scorer, tables: Tables
) -> None:
    found = score_examples(crossing, tables, looked_at(tables, rows=slice(0, 9)))
    others = ["probability_7d", "probability_60d", "probability_180d"]
    assert found.within == {7: others[0], 30: "probability", 60: others[1], 180: others[2]}
    assert list(found.within) == [7, 30, 60, 180], "shortest first"
    file = found.for_file()
    start = ["lead_id", "as_of", "probability", "lower", "upper", *others, "fit_grade"]
    assert list(file)[:9] == start
    assert list(file.drop(columns=others)) == OF_A_MODEL
    assert set(others) <= set(found.for_people())


def test_a_model_of_one_horizon_makes_no_more_columns(scorer: Scorer, tables: Tables) -> None:
    alone = Scorer.of(dataclasses.replace(scorer.model, horizons={}), "1")
    found = score_examples(alone, tables, looked_at(tables, rows=slice(0, 9)))
    assert found.within == {30: "probability"}
    assert list(found.for_file()) == OF_A_MODEL


def test_a_probability_never_falls_as_its_horizon_grows_even_where_maps_cross(
    crossing: Scorer, tables: Tables
) -> None:
    found = score_examples(crossing, tables, looked_at(tables))
    margin = crossing.model.margin(found.matrix)
    main = crossing.model.calibration.probability(margin)
    for own in (crossing.model.horizons[days].probability(margin) for days in (7, 180)):
        assert 20 < (own > main).sum() < len(main) - 20, "the maps cross among these leads"
    answers = found.table[list(found.within.values())].to_numpy()
    assert (np.diff(answers, axis=1) >= 0).all()
    assert answers[:, 1].tolist() == main.tolist(), "the main horizon's is left as it is"
    expected = crossing.model.within(margin)
    assert answers.T.tolist() == [own.tolist() for own in expected.values()]


def test_the_other_horizons_change_neither_the_interval_nor_stage_nor_reasons(
    crossing: Scorer, tables: Tables
) -> None:
    alone = Scorer.of(dataclasses.replace(crossing.model, horizons={}), "1")
    one, two = (score_examples(own, tables, looked_at(tables)) for own in (alone, crossing))
    pd.testing.assert_frame_equal(one.table, two.table[list(one.table)], check_exact=True)
    assert one.reasons == two.reasons
    assert one.base == two.base


def test_an_unscored_lead_has_no_probability_within_any_horizon(
    crossing: Scorer, tables: Tables
) -> None:
    early = looked_at(tables, days=-1, rows=slice(0, 2))
    found = score_examples(crossing, tables, early)
    assert len(found.within) == 4
    assert found.table[list(found.within.values())].isna().all(axis=None)


# What a stage needs.


def test_a_sales_lead_has_asked_for_something_lately(
    scorer: Scorer, tables: Tables, scores: Scores
) -> None:
    asked = tables.events[tables.events["event_type"] == "demo_request"]
    examples = looked_at(tables)
    pairs = examples.merge(asked, on="lead_id")
    rule = scorer.levels.policy.rules[0]
    age = pairs["as_of"] - pairs["known_at"]
    recent = pairs.loc[(age > 0 * DAY) & (age <= rule.intent_days * DAY), "lead_id"]
    sales = scores.table[scores.table["stage"] == "sql"]
    assert len(sales) > 10
    assert set(sales["lead_id"]) <= set(recent)
    assert (sales["probability"] >= scorer.levels.sql_line).all()
    assert (sales["fit_grade"] <= rule.fit).all()
    silent = scores.table[~scores.table["lead_id"].isin(recent)]
    assert silent["probability"].max() > scorer.levels.sql_line, "a threshold alone is none"


def test_a_negative_sign_disqualifies_whatever_the_probability(
    scorer: Scorer, tables: Tables, scores: Scores
) -> None:
    left = tables.events[tables.events["event_type"] == "unsubscribed"]
    pairs = looked_at(tables).merge(left, on="lead_id")
    gone = set(pairs.loc[pairs["known_at"] < pairs["as_of"], "lead_id"])
    table = scores.table.set_index("lead_id")
    assert len(gone) > 10
    assert set(table.index[table["stage"] == "disqualified"]) == gone
    assert set(table.index[table["blocked_by"] == "unsubscribed"]) == gone


def test_every_lead_has_a_stage_and_something_to_do_with_it(scores: Scores) -> None:
    table = scores.table
    assert set(table["stage"]) <= set(STAGES)
    assert set(table["action"]) == {"call", "nurture", "wait", "remove"}
    called = table["action"] == "call"
    assert (table["follow_up_minutes"].notna() == called).all()
    assert set(table.loc[called, "stage"]) == {"sql"}
    days = (table["look_again"] - table["as_of"]) / DAY
    assert (days == days.round()).all()
    assert days.between(1, 90).all()
    assert ((table["moves_up"] == "") == (table["stage"] == "sql")).all()


def test_a_demo_request_of_the_last_day_is_followed_up_in_minutes(
    scorer: Scorer, tables: Tables
) -> None:
    asked = tables.events[tables.events["event_type"] == "demo_request"]
    examples = looked_at(tables, days=3)
    table = score_examples(scorer, tables, examples).table
    pairs = examples.merge(asked, on="lead_id")
    age = pairs["as_of"] - pairs["known_at"]
    hot = set(pairs.loc[(age > 0 * DAY) & (age <= DAY), "lead_id"])
    sales = table[table["stage"] == "sql"].set_index("lead_id")
    minutes = sales["follow_up_minutes"]
    assert set(minutes) == {5.0, 1440.0}
    assert set(minutes.index[minutes == 5.0]) == hot & set(sales.index)


def test_what_leads_were_keeps_them_where_they_nearly_are(
    scorer: Scorer, tables: Tables, scores: Scores
) -> None:
    """Every line and cut is moved 0.05 in log-odds above what the leads were judged by."""

    def above(line: float) -> float:
        return line / (line + (1 - line) * float(np.exp(-0.05)))

    levels = scorer.levels
    assert levels.fit_cuts is not None
    low, middle, high = levels.fit_cuts
    raised = dataclasses.replace(
        levels,
        sql_line=above(levels.sql_line),
        mql_line=above(levels.mql_line),
        fit_cuts=(low + 0.05, middle + 0.05, high + 0.05),
    )
    harder = dataclasses.replace(scorer, levels=raised)
    examples = looked_at(tables)
    anew = score_examples(harder, tables, examples).table
    kept = score_examples(harder, tables, examples, before=scores.table).table
    were = ["stage", "fit_grade"]
    assert (anew[were] != scores.table[were]).any(axis=None)
    pd.testing.assert_frame_equal(kept[were], scores.table[were])


def test_of_an_undated_source_there_is_no_day_to_look_again(scorer: Scorer, tables: Tables) -> None:
    undated = dataclasses.replace(tables, clock="none")
    found = score_examples(scorer, undated, looked_at(tables, rows=slice(0, 9))).table
    assert found["look_again"].isna().all()


# Why a lead is not scored. L0 closes between its tenth and its 28th day.


@pytest.mark.parametrize(
    ("outcome", "said"),
    [("closed_won", "already a customer"), ("closed_lost", "already closed")],
)
def test_a_closed_lead_is_not_scored(
    scorer: Scorer, tables: Tables, outcome: str, said: str
) -> None:
    row = tables.outcomes[tables.outcomes["outcome"] == outcome].iloc[0]
    after = row_of(scorer, tables, row["lead_id"], row["closed_at"] + pd.Timedelta(1, "us"))
    at = row_of(scorer, tables, row["lead_id"], row["closed_at"])
    assert (after["unscored_reason"], at["unscored_reason"]) == (said, "")


def test_a_lead_that_refused_is_not_scored_and_one_that_never_said_is(
    scorer: Scorer, tables: Tables
) -> None:
    consent = np.full(len(tables.leads), 1.0)
    consent[0], consent[1] = 0.0, np.nan
    asked = dataclasses.replace(tables, leads=tables.leads.assign(consent=consent))
    found = score_examples(scorer, asked, looked_at(asked, rows=slice(0, 3))).table
    assert found["unscored_reason"].tolist() == ["no consent", "", ""]


def test_a_lead_older_than_any_the_model_saw_is_not_scored(scorer: Scorer, tables: Tables) -> None:
    open_still = dataclasses.replace(tables, outcomes=tables.outcomes[:0])
    lead = tables.leads.iloc[0]
    oldest = lead["created_at"] + scorer.model.card["max_age_days"] * DAY
    assert row_of(scorer, open_still, "L0", oldest)["unscored_reason"] == ""
    late = row_of(scorer, open_still, "L0", oldest + pd.Timedelta(1, "s"))
    assert late["unscored_reason"].startswith("older than 365 days")


def test_a_lead_that_did_not_exist_yet_is_not_scored(scorer: Scorer, tables: Tables) -> None:
    lead = tables.leads.iloc[0]
    early = row_of(scorer, tables, "L0", lead["created_at"] - pd.Timedelta(1, "us"))
    assert early["unscored_reason"] == "created after as_of"
    assert row_of(scorer, tables, "L0", lead["created_at"])["unscored_reason"] == ""


def test_a_lead_of_whom_nothing_is_known_is_not_scored(scorer: Scorer, tables: Tables) -> None:
    unknown = tables.leads.assign(
        employees=np.nan, industry=pd.Series([None] * len(tables.leads), dtype="str")
    )
    silent = dataclasses.replace(tables, leads=unknown, events=tables.events[:0])
    acted = dataclasses.replace(tables, leads=unknown)
    who = looked_at(tables, rows=slice(0, 20))
    nothing = score_examples(scorer, silent, who).table["unscored_reason"]
    assert set(nothing) == {"nothing is known about this lead yet"}
    busy = set(acted.events["lead_id"])
    found = score_examples(scorer, acted, who).table.set_index("lead_id")["unscored_reason"]
    assert {lead for lead, reason in found.items() if reason == ""} <= busy
    assert (found == "").any()


def test_unscored_is_not_zero(scorer: Scorer, tables: Tables) -> None:
    examples = looked_at(tables, days=-1, rows=slice(0, 2))
    found = score_examples(scorer, tables, examples)
    table = found.table
    assert table[["probability", "lower", "upper"]].isna().all(axis=None)
    assert table["engagement_grade"].isna().all()
    assert table["fit_grade"].tolist() == ["", ""]
    assert table["stage"].tolist() == ["lead", "lead"], "a stage it has all the same"
    assert found.reasons == [(), ()]
    assert found.for_file()["reasons"].tolist() == ["", ""]


def test_no_examples_make_an_empty_table(scorer: Scorer, tables: Tables) -> None:
    found = score_examples(scorer, tables, looked_at(tables, rows=slice(0, 0)))
    some = score_examples(scorer, tables, looked_at(tables, rows=slice(0, 1)))
    assert list(found.for_file()) == list(some.for_file())
    assert len(found.for_file()) == 0


def test_a_category_that_training_never_saw_is_named(scorer: Scorer, tables: Tables) -> None:
    industry = tables.leads["industry"].copy()
    industry.iloc[0], industry.iloc[1] = "Zorb", None
    asked = dataclasses.replace(tables, leads=tables.leads.assign(industry=industry))
    found = score_examples(scorer, asked, looked_at(asked, rows=slice(0, 3)))
    assert unseen_categories(scorer, found.matrix) == [["industry"], [], []]
    assert found.table["probability"].notna().all()
