"""Are the past leads that are named the nearest ones, and was their end known by then?"""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadml.timeline import DAY_NS, nanos
from training.neighbours import Looked, find_neighbours, find_similar, look_back

DAY0 = pd.Timestamp("2026-01-01", tz="UTC")


def looked(rows):
    """Looks of (lead_id, view, day, ended, days), each with a horizon of 10 days."""
    ids, view, day, ended, days = zip(*rows, strict=True)
    as_of = np.array(day, dtype=np.int64) * DAY_NS
    return Looked(
        np.array(view, dtype=float).reshape(len(rows), -1),
        np.array(ids, dtype=object),
        as_of,
        as_of + 10 * DAY_NS,
        np.array(ended, dtype=object),
        np.array(days, dtype=np.int64),
    )


def ask(past, view, *, lead_id="me", day=100, most=50):
    (found,) = find_neighbours(
        past,
        np.array([view], dtype=float).reshape(1, -1),
        np.array([lead_id], dtype=object),
        np.array([day], dtype=np.int64) * DAY_NS,
        most=most,
    )
    return found


def ids(found):
    return [one.lead_id for one in found.nearest]


PAST = looked(
    [
        ("far", 9.0, 10, "won", 1),
        ("near", 1.2, 20, "won", 4),
        ("nearer", 0.9, 30, "lost", 7),
        ("middle", 3.0, 40, "open", 10),
    ]
)


def test_the_nearest_come_first_with_how_they_ended():
    found = ask(PAST, 1.0)
    assert [(one.lead_id, one.ended, one.days) for one in found.nearest] == [
        ("nearer", "lost", 7),
        ("near", "won", 4),
        ("middle", "open", 10),
    ]
    assert (found.n, found.won, found.rate) == (4, 2, 0.5)
    assert found.lower < 0.5 < found.upper


def test_distance_is_over_all_subjects_together():
    past = looked([("both", [1.0, 1.0], 1, "won", 1), ("one", [0.0, 1.3], 1, "won", 1)])
    assert ids(ask(past, [0.0, 0.0])) == ["one", "both"]


def test_only_so_many_tell():
    found = ask(PAST, 1.0, most=2)
    assert (found.n, found.won, ids(found)) == (2, 1, ["nearer", "near"])


def test_a_lead_looked_at_often_counts_once_by_its_nearest_look():
    past = looked(
        [
            ("often", 1.0, 10, "open", 10),
            ("often", 1.1, 20, "won", 5),
            ("often", 5.0, 30, "won", 1),
            ("other", 2.0, 10, "lost", 2),
            ("third", 3.0, 10, "lost", 2),
        ]
    )
    found = ask(past, 1.04, most=2)
    assert [(one.lead_id, one.ended) for one in found.nearest] == [
        ("often", "open"),
        ("other", "lost"),
    ]


def test_nobody_is_like_itself():
    assert ids(ask(PAST, 1.0, lead_id="nearer")) == ["near", "middle", "far"]


def test_what_was_known_only_after_the_moment_is_not_looked_at():
    """Looks of days 10, 20, 30 and 40 are known 10 days later."""
    assert ids(ask(PAST, 1.0, day=39)) == ["near", "far"]
    assert ids(ask(PAST, 1.0, day=40)) == ["nearer", "near", "far"]
    nothing = ask(PAST, 1.0, day=19)
    assert (nothing.n, nothing.won, nothing.nearest) == (0, 0, ())


def test_of_looks_at_like_distance_the_newest_is_nearest_then_the_id_decides():
    past = looked([("b", 1.0, 5, "won", 1), ("old", 1.0, 1, "won", 1), ("a", 1.0, 5, "won", 1)])
    assert ids(ask(past, 0.0)) == ["a", "b", "old"]
    assert ids(ask(past, 0.0, most=1)) == ["a"]


def test_an_empty_past_tells_nothing():
    past = looked([("a", 1.0, 1, "won", 1)])
    empty = dataclasses.replace(
        past,
        **{f.name: getattr(past, f.name)[:0] for f in dataclasses.fields(past)},
    )
    assert ask(empty, 1.0).n == 0


def plainly(past, view, lead_id, as_of, most):
    """The definition, as a loop."""
    best = {}
    for k in range(len(past.lead_ids)):
        own = str(past.lead_ids[k])
        if own == lead_id or past.known_at[k] > as_of:
            continue
        far = float(np.sqrt(((past.view[k] - view) ** 2).sum()))
        key = (far, -past.as_of[k], own, k)
        best[own] = min(best.get(own, key), key)
    return [key[3] for key in sorted(best.values())][:most]


@given(st.data())
def test_what_is_found_is_what_the_definition_says_in_any_order(data):
    n = data.draw(st.integers(1, 25))
    rows = [
        (
            f"L{data.draw(st.integers(0, 6))}",
            [data.draw(st.integers(0, 3)), data.draw(st.integers(0, 2))],
            k,
            data.draw(st.sampled_from(["won", "lost", "open"])),
            1,
        )
        for k in range(n)
    ]
    order = data.draw(st.permutations(range(n)))
    view = [data.draw(st.integers(0, 3)), data.draw(st.integers(0, 2))]
    lead_id, day = f"L{data.draw(st.integers(0, 6))}", data.draw(st.integers(5, 40))
    most = data.draw(st.integers(1, 6))
    past = looked(rows)
    expected = plainly(past, np.array(view), lead_id, day * DAY_NS, most)
    for asked in (past, looked([rows[k] for k in order])):
        found = ask(asked, view, lead_id=lead_id, day=day, most=most)
        assert found.n == len(expected)
        assert found.won == sum(past.ended[k] == "won" for k in expected)
        assert ids(found) == [past.lead_ids[k] for k in expected[:3]]


# With a real model.


@pytest.fixture(scope="module")
def asked(tables):
    came = tables.leads[tables.leads["created_at"] < tables.end - pd.Timedelta(120, "D")]
    lead_id = came["lead_id"].iloc[-40:].reset_index(drop=True)
    return pd.DataFrame({"lead_id": lead_id, "as_of": tables.end - pd.Timedelta(100, "D")})


def test_how_a_look_ended_is_its_label(trained, config, tables):
    past = look_back(trained.model, trained.catalog, tables, config)
    won = past.ended == "won"
    assert 0 < won.sum() < len(won)
    assert (past.days[won] < config.label.horizon_days).all()
    assert (past.days[past.ended == "open"] == config.label.horizon_days).all()
    assert past.known_at.max() <= nanos(pd.DatetimeIndex([tables.end]))[0]
    k = int(np.flatnonzero(past.ended == "lost")[0])
    own = tables.outcomes[tables.outcomes["lead_id"] == past.lead_ids[k]]
    lost_at = own.loc[own["outcome"] == "closed_lost", "closed_at"].min()
    when = pd.Timestamp(int(past.as_of[k]), tz="UTC")
    assert (lost_at - when).days == past.days[k]


def test_the_future_changes_nothing(trained, config, tables, asked):
    whole = find_similar(trained.model, trained.catalog, tables, config, asked)
    known = tables.upto(asked["as_of"].iloc[0])
    assert len(known.outcomes) < len(tables.outcomes)
    cut = find_similar(trained.model, trained.catalog, known, config, asked)
    assert cut == whole
    assert all(own.n == 50 for own in whole.values())
    assert len({own.won for own in whole.values()}) > 3


def test_leads_the_model_thinks_likely_resemble_those_who_became_customers(
    trained, config, tables, asked, scorer
):
    from serving.scoring import score_examples

    similar = find_similar(trained.model, trained.catalog, tables, config, asked)
    said = score_examples(scorer, tables, asked).table["probability"]
    rates = pd.Series([similar[own].rate for own in asked["lead_id"]])
    assert rates.corr(said) > 0.5


def test_tables_without_dates_have_no_past_to_speak_of(trained, config, tables, asked):
    undated = dataclasses.replace(tables, clock="none")
    assert find_similar(trained.model, trained.catalog, undated, config, asked) == {}
