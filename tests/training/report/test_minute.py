"""The first minute: what is so, and one to three things to do, each with its number."""

from types import SimpleNamespace

import pandas as pd
import pytest

from tests.training.report.judged import judged_card
from tests.training.report.rendered import NBSP, render, tags_of, text_of
from training.report.minute import Minute, Today, read_minute, what_to_do

LINE = SimpleNamespace(probability=0.12, wins_happened=31, wins_lower=24.4, wins_upper=40.2)
PLAN = SimpleNamespace(
    capacity=SimpleNamespace(people=4, conversations_per_week=15),
    weeks=21.6,
    everybody=SimpleNamespace(line=LINE),
)


def leads(**counts: int) -> pd.DataFrame:
    """So many open leads a stage, each with a probability of 0.25; ``none`` are unscored."""
    rows = [
        (stage, float("nan") if stage == "none" else 0.25)
        for stage, n in counts.items()
        for _ in range(n)
    ]
    return pd.DataFrame(rows, columns=["stage", "probability"])


def todo(card: dict | None = None, **given) -> list[str]:
    today = Today(**({"open_leads": leads(sql=12, mql=30)} | given))
    return [text.replace(NBSP, " ") for text in what_to_do(card or judged_card(), today)]


def test_the_minute_goes_from_how_many_to_what_to_do() -> None:
    today = Today(leads(sql=12), won_leads=500, since="This is the first model.", mend=["Mend x."])
    minute = read_minute(judged_card(), today)
    said = [text.replace(NBSP, " ") for text in minute.sentences]
    assert said[0].startswith(
        "The data hold 5,000 leads until 1 July 2026; 500 of them, 10 %, became customers so far. "
        "The model was judged on 1,000 leads that it had not learned from, from 2 January 2026"
    )
    assert said[1].startswith("Calling the top 20 % of leads first reaches 46 % (41–51) of the")
    assert said[2].startswith("Its probabilities may be taken at face value")
    assert said[3] == "It leans most on: pricing-page views and country."
    assert said[4] == "This is the first model."
    assert minute.todo[1] == "Mend x."


def test_leads_that_won_are_left_out_where_nobody_counted_them() -> None:
    (first, *_) = read_minute(judged_card(), Today(leads())).sentences
    assert first.startswith("The data hold 5,000 leads until 1 July 2026. The model was judged")
    one = read_minute(judged_card(), Today(leads(), won_leads=1)).sentences[0].replace(NBSP, " ")
    assert "1 of them, 0.02 %, became a customer so far." in one
    undated = read_minute(judged_card(clock="none"), Today(leads())).sentences[0]
    assert undated.startswith("The data hold 5,000 leads. ")


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        (
            {"sql": 12, "none": 4},
            (
                "Call the 12 open leads that are at SQL now; within 90 days expect about 3 wins "
                "among them."
            ),
        ),
        (
            {"sql": 1},
            (
                "Call the 1 open lead that is at SQL now; within 90 days expect about 0.2 wins "
                "among them."
            ),
        ),
        (
            {"mql": 3, "lead": 1, "none": 1},
            "Of 4 open leads none is at SQL now. Let marketing work on the 3 at MQL.",
        ),
        ({"lead": 1}, "Of 1 open lead none is at SQL now. None is at MQL either."),
    ],
)
def test_whom_to_call(counts: dict[str, int], said: str) -> None:
    assert todo(open_leads=leads(**counts)) == [said]


@pytest.mark.parametrize(
    ("stages", "answers", "said"),
    [
        ({"sql": 2}, ["", ""], "Call the 2 open leads that are at SQL now; within 90 days"),
        (
            {"sql": 4, "mql": 1},
            ["sales_accepted", "", "sales_rejected", "", "sales_accepted"],
            (
                "4 open leads are at SQL now: call the 2 that sales has not answered yet; within "
                "90 days expect about 0.5 wins among them. Of the others sales took 1 and gave "
                "back 1."
            ),
        ),
        (
            {"sql": 2},
            ["sales_accepted", ""],
            (
                "2 open leads are at SQL now: call the one that sales has not answered yet; "
                "within 90 days expect about 0.2 wins among them. Of the others sales took 1."
            ),
        ),
        (
            {"sql": 1},
            ["sales_rejected"],
            "1 open lead is at SQL now; sales has answered before: it gave back 1.",
        ),
    ],
)
def test_leads_that_sales_has_answered_before_are_told_apart(
    stages: dict[str, int], answers: list[str], said: str
) -> None:
    (call,) = todo(open_leads=leads(**stages).assign(answer=answers))
    assert call.startswith(said)


def test_more_calls_than_a_week_holds_are_said_to_be_weeks_of_work() -> None:
    plan = SimpleNamespace(capacity=SimpleNamespace(people=1, conversations_per_week=5))
    told = {**vars(PLAN), **vars(plan)}
    first = todo(open_leads=leads(sql=12), plan=SimpleNamespace(**told))[0]
    assert first.endswith(" They are 3 weeks' work at 5 a week, so begin with the highest.")
    few = todo(open_leads=leads(sql=5), plan=SimpleNamespace(**told))[0]
    assert "work" not in few


def test_probabilities_that_are_off_promise_no_wins() -> None:
    card = judged_card()
    for row in card["evaluation"]["reliability"]:
        row |= {"observed_lower": row["predicted"] + 0.1, "observed": row["predicted"] + 0.2}
    assert todo(card) == ["Call the 12 open leads that are at SQL now, the highest first."]


def test_a_capacity_that_is_told_gives_the_line() -> None:
    assert todo(plan=PLAN)[1] == (
        "Sales can take on 60 new leads a week: that is every lead with all else that the policy "
        "asks for, from 12 % on. Tried on 22 weeks, these calls reached 31 wins (24–40 were "
        "expected)."
    )


def test_three_things_at_most_and_none_is_fine() -> None:
    assert len(todo(plan=PLAN, mend=["a", "b", "c"])) == 3
    assert todo(open_leads=leads()) == []
    assert todo(judged_card(clock="none")) == []
    html = render(judged_card(), "minute", minute=Minute(("a",), ()))
    assert "What to do" not in html


def test_without_a_signal_nobody_is_to_be_called() -> None:
    assert todo(judged_card(usable=False), mend=["Mend x."]) == [
        (
            "Do not rank leads by this model: 1,000 leads it was judged on show no signal beyond "
            "the average rate. Keep to the order you use today."
        ),
        "Mend x.",
    ]


def test_hostile_texts_are_shown_and_never_run() -> None:
    html = render(judged_card(), "minute", minute=Minute(("<script>1</script>",), ("<img>",)))
    assert {"script", "img"}.isdisjoint(tags_of(html))
    assert "<script>1</script>" in text_of(html)
