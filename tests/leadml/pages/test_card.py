"""Does a card say what the score says, exactly and in words?"""

import itertools
import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadml.pages import card as module
from leadml.pages.card import About, build_card, say_similar
from leadml.pages.environment import pages
from leadml.pages.waterfall import Move, draw_points, draw_waterfall, logit

HOSTILE = "<script>alert(1)</script>"
ABOUT = About("closed_won", 90, dated=True, base=logit(0.02))


def row(**changes):
    """A scored MQL, as `Scores.for_people` has it."""
    plain = {
        "lead_id": "L1",
        "as_of": pd.Timestamp("2026-07-01", tz="UTC"),
        "probability": 0.12,
        "lower": 0.08,
        "upper": 0.17,
        "points": np.nan,
        "fit_grade": "B",
        "engagement_grade": 2,
        "stage": "mql",
        "action": "nurture",
        "track": "case studies and product",
        "follow_up_minutes": np.nan,
        "look_again": pd.Timestamp("2026-07-31", tz="UTC"),
        "blocked_by": "",
        "needs_met": "fit of grade C or better; engagement of grade 2 or better",
        "needs_missing": "a demo request within 30 days",
        "moves_up": "sql with: a demo request within 30 days",
        "explored": False,
        "unscored_reason": "",
        "reasons": [
            {"text": "3 pricing-page views", "group": "engagement", "effect": math.log(4)},
            {"text": "country: FR", "group": "fit", "effect": -math.log(2)},
        ],
    }
    return {**plain, **changes}


def text_of(card):
    """What a person reads of the card, drawn alone."""
    page = pages(Path(module.__file__).parent).from_string(
        '{% from "card.html" import lead_card %}{{ lead_card(card) }}'
    )
    drawn = page.render(card=card)
    assert "script>" not in drawn.replace("&lt;/script&gt;", "").replace("&lt;script&gt;", "")
    plain = re.sub(r"<[^>]*>", " ", re.sub(r"<svg.*?</svg>", "", drawn, flags=re.DOTALL))
    return re.sub(r"\s+", " ", plain.replace("\u00a0", " "))


# The waterfall.


def test_the_steps_lead_from_the_average_lead_to_this_one_by_hand():
    """Odds of 1:4, times 4, divided by 2, and what is left of the way to 3:1: times 6."""
    fall = draw_waterfall(
        [Move("up", math.log(4)), Move("down", -math.log(2))], base=logit(0.2), score=logit(0.75)
    )
    assert [step.kind for step in fall.steps] == ["start", "for", "against", "rest", "end"]
    assert [step.change for step in fall.steps] == [
        "",
        "×\u00a04.0",
        "÷\u00a02.0",
        "×\u00a06.0",
        "",
    ]
    odds = [math.exp(step.end) for step in fall.steps]
    assert odds == pytest.approx([0.25, 1.0, 0.5, 3.0, 3.0])
    said = [step.reached.replace("\u00a0", " ") for step in fall.steps]
    assert said == ["20 %", "50 %", "33 %", "75 %", "75 %"]


@given(
    effects=st.lists(st.floats(-8, 8), max_size=10),
    base=st.floats(-9, 9),
    score=st.floats(-30, 30),
)
def test_every_step_begins_where_the_last_one_ended_and_the_bars_lie_so(effects, base, score):
    fall = draw_waterfall([Move("", own) for own in effects], base=base, score=score)
    steps = fall.steps
    assert steps[0].end == base
    assert steps[-1].end == score
    moved = [step for step in steps if step.kind not in {"start", "end"}]
    assert base + sum(step.end - step.start for step in moved) == pytest.approx(score, abs=1e-6)
    for one, other in itertools.pairwise(steps):
        assert other.start == pytest.approx(one.end, abs=1e-8)
    for step in steps:
        assert 0 <= step.left <= step.right <= 100
        assert step.after in {step.left, step.right}
        if step.end > step.start:
            assert step.after == step.right


def test_more_reasons_are_told_where_what_is_left_would_outweigh_them():
    """Twelve reasons of 0.3: six leave 1.8 untold, more than half of one; twelve leave nothing."""
    reasons = [{"text": f"r{k}", "group": "fit", "effect": 0.3} for k in range(12)]
    score = 1 / (1 + math.exp(-(ABOUT.base + 3.6)))
    far = build_card(row(reasons=reasons, probability=score), ABOUT)
    assert len(far.speaks_for) == 12
    small = [reason | {"effect": 0.3 if k < 6 else 0.02} for k, reason in enumerate(reasons)]
    score = 1 / (1 + math.exp(-(ABOUT.base + 1.92)))
    near = build_card(row(reasons=small, probability=score), ABOUT)
    assert len(near.speaks_for) == 6
    assert [step.kind for step in near.waterfall.steps][-2:] == ["rest", "end"]


def test_no_rest_is_told_where_the_reasons_tell_all():
    fall = draw_waterfall([Move("up", 1.0)], base=-2.0, score=-1.0)
    assert [step.kind for step in fall.steps] == ["start", "for", "end"]


def test_ticks_stand_where_their_probability_lies_and_apart():
    fall = draw_waterfall([Move("up", 3.0)], base=logit(0.01), score=logit(0.5))
    low, high = fall.steps[0], fall.steps[-1]
    per_odds = (high.after - low.after) / (high.end - low.end)
    for tick in fall.ticks:
        share = float(tick.label.replace("\u00a0%", "")) / 100
        assert tick.at == pytest.approx(low.after + per_odds * (logit(share) - low.end), abs=0.02)
    places = [tick.at for tick in fall.ticks]
    assert len(places) >= 2
    assert min(np.diff(places)) >= 18


def test_points_are_drawn_on_a_scale_of_points():
    fall = draw_points([Move("views", 40.0), Move("student", -100.0)], score=-60.0)
    assert [step.reached for step in fall.steps] == ["0", "40", "-60", "-60"]
    assert [step.change for step in fall.steps] == ["", "+40", "−100", ""]
    assert {"0", "-50"} <= {tick.label for tick in fall.ticks}


@pytest.mark.parametrize("probability", [0.0, 1.0, 1e-300])
def test_a_certain_score_can_be_drawn(probability):
    card = build_card(row(probability=probability, lower=0.0, upper=1.0), ABOUT)
    assert card.waterfall is not None
    assert all(math.isfinite(step.left) for step in card.waterfall.steps)


def test_without_the_average_lead_there_is_no_waterfall():
    assert build_card(row(), About("closed_won", 90, dated=True)).waterfall is None


# The words.


def test_a_card_tells_the_score_what_speaks_for_it_and_what_to_do():
    card = build_card(row(missing=["employees", "industry"]), ABOUT)
    text = text_of(card)
    assert "12 % (8–17) that it becomes a customer within 90 days" in text
    assert "MQL Fit B · Engagement 2 As of 1 July 2026" in text
    assert "Nurture. Send case studies and product. Look again by 31 July 2026." in text
    assert "For 3 pricing-page views × 4.0 Against Country: FR ÷ 2.0" in text
    assert "Has, for MQL fit of grade C or better engagement of grade 2 or better" in text
    assert "Lacks, for SQL a demo request within 30 days" in text
    assert "read by the model: employees and industry." in text
    assert "Step Odds Then The average lead 2.0 %" in text


def test_whatever_is_not_known_is_left_out():
    bare = {
        name: row()[name]
        for name in ("lead_id", "as_of", "probability", "lower", "upper", "stage", "reasons")
    }
    text = text_of(build_card(bare, ABOUT))
    for word in ("nan", "None", "NaT", "Fit", "Engagement", "Has,", "Lacks", "Look again", "Held"):
        assert word not in text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"action": "call", "follow_up_minutes": 15.0}, "Call within 15 minutes."),
        ({"action": "call", "follow_up_minutes": 60.0}, "Call within 1 hour."),
        ({"action": "call", "follow_up_minutes": 1440.0}, "Call within 24 hours."),
        ({"action": "call", "follow_up_minutes": 2880.0}, "Call within 2 days."),
        ({"action": "remove"}, "Take it off all lists."),
        ({"action": "call", "explored": True}, "drawn at random to learn from"),
        ({"action": "call", "explored": np.bool_(1)}, "drawn at random to learn from"),
    ],
)
def test_what_to_do_is_said_with_how_soon(changes, said):
    assert said in " ".join(build_card(row(**changes), ABOUT).todo)


def test_a_lead_that_is_held_back_says_by_what_and_lacks_nothing():
    held = row(blocked_by="bounced", moves_up="nothing while this holds: bounced", needs_missing="")
    card = build_card(held, ABOUT)
    assert (card.held, card.lacks, card.next_stage) == ("bounced", (), "")
    assert "Held back: bounced. Nothing moves it up while this holds." in text_of(card)


def test_an_unscored_lead_says_why_and_shows_no_score():
    nothing = row(
        probability=np.nan, lower=np.nan, upper=np.nan, reasons=[], unscored_reason="no consent"
    )
    card = build_card(nothing, ABOUT)
    text = text_of(card)
    assert (card.score, card.waterfall) == ("", None)
    assert "No score no consent" in text
    assert "For" not in text


def test_points_are_called_points():
    card = build_card(row(probability=np.nan, points=70.0), ABOUT)
    assert (card.score, card.interval, card.predicted) == ("70 points", "", "")
    assert [reason.odds for reason in card.speaks_for] == ["+1.38629"]


def test_without_dates_no_date_and_no_horizon_is_told():
    text = text_of(build_card(row(look_again=pd.NaT), About("closed_won", 90, dated=False)))
    assert "that it becomes a customer SQL" not in text
    assert "As of" not in text
    assert "90 days" not in text


def test_hostile_texts_are_shown_as_they_are():
    hostile = row(
        stage=HOSTILE,
        blocked_by=HOSTILE,
        moves_up=f"{HOSTILE} with: {HOSTILE}",
        needs_missing=HOSTILE,
        missing=[HOSTILE],
        warnings=[HOSTILE],
        reasons=[{"text": HOSTILE, "group": HOSTILE, "effect": 1.0}],
    )
    card = build_card(hostile, ABOUT, names=[HOSTILE])
    assert text_of(card).count("&lt;script&gt;") >= 8


# Similar leads.


def similar(won, n, nearest=()):
    return {
        "n": n,
        "won": won,
        "rate": won / max(n, 1),
        "lower": 0.11,
        "upper": 0.27,
        "nearest": list(nearest),
    }


@pytest.mark.parametrize(
    ("won", "n", "said"),
    [
        (
            9,
            50,
            "Of the 50 past leads most like it, 9 became customers within 90 days (18 %, 11–27).",
        ),
        (1, 50, "Of the 50 past leads most like it, 1 became a customer within 90 days"),
        (0, 50, "Of the 50 past leads most like it, none became a customer within 90 days (0 %"),
        (1, 1, "Of the one past lead like it, 1 became a customer"),
    ],
)
def test_what_became_of_similar_leads_is_said_in_any_number(won, n, said):
    told = say_similar(similar(won, n), ABOUT)
    assert told.text.replace("\u00a0", " ").startswith(said)


def test_the_nearest_are_told_with_how_they_ended():
    nearest = [
        {"lead_id": "A", "ended": "won", "days": 34},
        {"lead_id": "B", "ended": "lost", "days": 1},
        {"lead_id": "C", "ended": "open", "days": 90},
        {"lead_id": "D", "ended": "won", "days": 0},
    ]
    assert say_similar(similar(2, 50, nearest), ABOUT).nearest == (
        "Lead A became a customer after 34 days.",
        "Lead B was lost after 1 day.",
        "Lead C was still open after 90 days.",
        "Lead D became a customer after less than a day.",
    )


def test_without_a_past_nothing_is_said_of_it():
    assert say_similar(similar(0, 0), ABOUT) is None
