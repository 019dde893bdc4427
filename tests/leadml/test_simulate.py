"""Is the simulated company believable, and its truth true?"""

import itertools
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from leadml.config import parse_config
from leadml.errors import DataError
from leadml.simulate.calendar import (
    DAY_S,
    HORIZON_DAYS,
    MOST_CAPACITY,
    OFFICE_DAY_S,
    Calendar,
    build_calendar,
)
from leadml.simulate.company import INTEREST, LOSE, PACE, WIN, People, build_people, build_traits
from leadml.simulate.crm import TABLES, Simulation, build_truth, simulate, write_simulation
from leadml.simulate.process import (
    LEVELS,
    MQL,
    STAGES,
    WON,
    Day,
    Traits,
    daily_rates,
    walk,
)
from leadml.simulate.settings import MAX_AGE_DAYS

END = pd.Timestamp("2026-07-01", tz="UTC")
HORIZON = pd.Timedelta(HORIZON_DAYS, "D")
TIMES = {
    "leads": ["created_at"],
    "events": ["occurred_at", "recorded_at"],
    "outcomes": ["closed_at"],
    "attributes": ["valid_from"],
}
CLOSINGS = ("closed_won", "closed_lost")


@pytest.fixture(scope="module")
def crm() -> Simulation:
    return simulate(leads=9_000, months=24, seed=3)


@pytest.fixture(scope="module")
def closed_at(crm: Simulation) -> "pd.Series[pd.Timestamp]":
    closings = crm.outcomes[crm.outcomes.outcome.isin(CLOSINGS)]
    return closings.set_index("lead_id").closed_at


@pytest.fixture(scope="module")
def judged(crm: Simulation) -> pd.DataFrame:
    """The mature rows of truth, and whether the lead was won in [as_of, as_of + horizon)."""
    won = crm.outcomes[crm.outcomes.outcome == "closed_won"].set_index("lead_id").closed_at
    rows = crm.truth.merge(crm.leads, on="lead_id")
    won_at = rows.lead_id.map(won)
    rows["won"] = (won_at >= rows.as_of) & (won_at < rows.as_of + HORIZON)
    rows["arriving"] = rows.as_of == rows.created_at
    return rows[rows.as_of + HORIZON <= crm.end].reset_index(drop=True)


# --- the truth ---------------------------------------------------------------------------------


def test_truth_equals_the_plain_definition() -> None:
    """Pushes the distribution over all states forward, one office second at a time."""
    calendar, people, traits, days = _process(leads=300, seed=5)
    truth = build_truth(days, people, traits, calendar)
    states = {(day.number, lead): state for day in days for lead, *state in _standings(day)}
    arrivals = np.flatnonzero(truth.as_of.to_numpy() == _created(truth, people, calendar))
    others = np.setdiff1d(np.arange(len(truth)), arrivals)
    likely = others[np.argsort(-truth.probability.to_numpy()[others])]
    inside = [row for row in arrivals if 0 < _share(truth.as_of[row], people, truth.lead[row]) < 1]
    for row in (*arrivals[:3], *inside[:4], *likely[:4], *others[-3:]):
        lead, as_of = int(truth.lead[row]), truth.as_of[row]
        number = (as_of - calendar.start).days
        level, stage = (people.level[lead], 0) if row in arrivals else states[number, lead]
        expected = _plain_probability(
            traits.take(np.array([lead])),
            (int(level), int(stage)),
            _window_shares(as_of, calendar, int(people.opens_s[lead]), arriving=row in arrivals),
            calendar,
        )
        assert truth.probability[row] == pytest.approx(expected, rel=1e-9, abs=1e-15)


def test_no_chance_exceeds_one_for_the_most_extreme_lead_on_the_busiest_day() -> None:
    calendar = build_calendar(months=120, end=END, rng=np.random.default_rng(0))
    busiest = int(calendar.buying.argmax())
    calendar = replace(calendar, selling=np.full_like(calendar.selling, MOST_CAPACITY))
    bounds = [(effect.least, effect.most) for effect in (INTEREST, PACE, WIN, LOSE)]
    traits = Traits(*np.array(list(itertools.product(*bounds))).T)
    levels = np.arange(len(LEVELS))[:, None, None]
    rates = daily_rates(traits, levels, np.arange(len(STAGES))[:, None]).on(calendar, busiest)
    assert (rates.win + rates.lose).max() <= 1
    assert (rates.advance + rates.reject).max() <= 1
    assert (rates.rise + rates.fall + rates.leave).max() <= 1


def test_the_walk_wins_as_often_as_the_truth_says() -> None:
    """Many twins of one lead: what `walk` draws and what the recursion adds up must agree."""
    calendar = build_calendar(months=6, end=END, rng=np.random.default_rng(0))
    twins = 60_000
    traits = Traits(*(np.full(twins, factor) for factor in (1.5, 1.4, 2.0, 0.8)))
    walked = walk(
        traits,
        arrival_day=np.full(twins, 9),
        arrival_level=np.full(twins, LEVELS.index("warm")),
        calendar=calendar,
        rng=np.random.default_rng(1),
    )
    window = [day for day in walked if 10 <= day.number < 10 + HORIZON_DAYS]
    share = sum(int((day.closing == WON).sum()) for day in window) / twins
    shares = {day.number: 1.0 for day in window}
    state = (LEVELS.index("warm"), 0)
    expected = _plain_probability(traits.take(np.array([0])), state, shares, calendar)
    assert 0.05 < expected < 0.6
    assert abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / twins)


@pytest.mark.parametrize("moments", ["arrivals", "quarters"])
def test_leads_are_won_as_often_as_truth_says(judged: pd.DataFrame, moments: str) -> None:
    """Windows of one lead must not overlap, or its rows would count as more than they are.

    Quarters begin 90 to 92 days apart, so their windows do not; then the differences
    between label and probability are uncorrelated, and z-scores of groups are what they say.
    """
    quarters = judged.as_of.dt.is_quarter_start & ~judged.arriving
    rows = judged[judged.arriving if moments == "arrivals" else quarters]
    rows = rows.sort_values("probability")
    expected = rows.probability.cumsum() / rows.probability.sum()
    group = np.minimum((expected * 15).astype(int), 14)
    sums = pd.DataFrame(
        {
            "won": rows.won.groupby(group).sum(),
            "expected": rows.probability.groupby(group).sum(),
            "variance": (rows.probability * (1 - rows.probability)).groupby(group).sum(),
        }
    )
    z = (sums.won - sums.expected) / np.sqrt(sums.variance)
    assert len(sums) == 15
    assert abs(z.sum()) / np.sqrt(15) < 3.5
    assert (z**2).sum() < 44.3  # chi-square with 15 degrees of freedom: exceeded 1 in 10,000


def test_truth_covers_creation_each_month_and_the_end(
    crm: Simulation, closed_at: "pd.Series[pd.Timestamp]"
) -> None:
    leads = crm.leads.assign(closed_at=crm.leads.lead_id.map(closed_at).fillna(END + HORIZON))
    grid = pd.date_range(END - pd.DateOffset(months=24), END, freq="MS")
    expected = set(zip(leads.lead_id, leads.created_at, strict=True))
    for as_of in grid:
        old = (as_of - leads.created_at > pd.Timedelta(MAX_AGE_DAYS, "D")) & (as_of < END)
        here = leads[(leads.created_at < as_of) & (leads.closed_at > as_of) & ~old]
        expected |= {(lead_id, as_of) for lead_id in here.lead_id}
    found = list(zip(crm.truth.lead_id, crm.truth.as_of, strict=True))
    assert set(found) == expected
    assert len(found) == len(expected)


def test_truth_ranks_better_than_what_can_be_seen(crm: Simulation, judged: pd.DataFrame) -> None:
    rows = judged[~judged.arriving].reset_index(names="row")
    seen = rows[["row", "lead_id", "as_of"]].merge(crm.events, on="lead_id")
    known_at = seen[["occurred_at", "recorded_at"]].max(axis=1)
    recent = seen[(known_at < seen.as_of) & (known_at >= seen.as_of - pd.Timedelta(30, "D"))]
    count = recent.groupby("row").size().reindex(rows.row, fill_value=0).astype(float)
    truth_auc = _auc(rows.won, rows.probability)
    assert 0.88 < truth_auc < 0.97
    assert 0.62 < _auc(rows.won, count) < truth_auc - 0.05


# --- the tables --------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_tables() -> None:
    one, again = (simulate(leads=300, months=8, seed=4) for _ in range(2))
    other = simulate(leads=300, months=8, seed=5)
    for table in TABLES:
        assert_frame_equal(getattr(one, table), getattr(again, table))
        assert not getattr(one, table).equals(getattr(other, table))


def test_nothing_is_known_at_or_after_the_end(crm: Simulation) -> None:
    for table, columns in TIMES.items():
        for column in columns:
            times = getattr(crm, table)[column]
            assert str(times.dt.tz) == "UTC"
            assert times.max() < END, (table, column)
            assert times.min() >= END - pd.DateOffset(months=24), (table, column)
    assert crm.truth.as_of.max() == END
    assert max(crm.spend.month) < END.date()


def test_events_are_recorded_when_or_after_they_occur(crm: Simulation) -> None:
    delay = crm.events.recorded_at - crm.events.occurred_at
    assert (delay >= pd.Timedelta(0)).all()
    assert (delay < pd.Timedelta(1, "min")).mean() > 0.75
    assert 0.01 < (delay > pd.Timedelta(1, "D")).mean() < 0.06


def test_events_come_in_no_order_with_a_few_duplicates(crm: Simulation) -> None:
    assert not crm.events.occurred_at.is_monotonic_increasing
    assert 0 < crm.events.duplicated().mean() < 0.01


def test_leads_act_while_they_are_open(
    crm: Simulation, closed_at: "pd.Series[pd.Timestamp]"
) -> None:
    events = crm.events.merge(crm.leads[["lead_id", "created_at"]], on="lead_id")
    assert (events.occurred_at > events.created_at - pd.Timedelta(1, "h")).all()
    assert not (events.occurred_at >= events.lead_id.map(closed_at)).any()


def test_people_without_consent_get_no_mail(crm: Simulation) -> None:
    silent = crm.leads.loc[~crm.leads.consent, "lead_id"]
    mails = crm.events[crm.events.event_type.isin(["email_open", "unsubscribed"])]
    assert 0.02 < len(silent) / len(crm.leads) < 0.15
    assert not mails.lead_id.isin(silent).any()


def test_stages_are_reached_in_order_and_nothing_follows_a_closing(crm: Simulation) -> None:
    first = crm.outcomes.pivot_table(
        index="lead_id", columns="outcome", values="closed_at", aggfunc="min"
    )
    assert not crm.outcomes.duplicated(["lead_id", "outcome"]).any()
    stages = [*STAGES[1:], "closed_won"]
    for earlier, later in itertools.pairwise(stages):
        reached = first[first[later].notna()]
        assert (reached[earlier] < reached[later]).all(), (earlier, later)
    rejected = first[first.sales_rejected.notna()]
    assert (rejected["sql"] < rejected.sales_rejected).all()
    closing = first[list(CLOSINGS)]
    assert closing.notna().sum(axis=1).max() == 1
    others = first.drop(columns=list(CLOSINGS))
    assert not others.gt(closing.max(axis=1), axis=0).any(axis=None)


def test_only_wins_have_an_amount(crm: Simulation) -> None:
    won = crm.outcomes.outcome == "closed_won"
    assert (crm.outcomes.amount[won] > 0).all()
    assert crm.outcomes.amount[~won].isna().all()


def test_base_rates_are_those_of_such_a_company(
    crm: Simulation, judged: pd.DataFrame, closed_at: "pd.Series[pd.Timestamp]"
) -> None:
    reached = crm.outcomes.outcome.value_counts() / len(crm.leads)
    assert 0.04 < reached["closed_won"] < 0.09
    assert 0.02 < judged.won.mean() < 0.045
    assert 0.15 < 1 - len(closed_at) / len(crm.leads) < 0.40
    assert reached["mql"] > reached["sql"] > reached["opportunity"] > reached["closed_won"]
    assert reached["sales_rejected"] > 0.02
    by_source = judged.groupby("source").probability.mean()
    assert by_source["referral"] > 3 * by_source["content_syndication"]


def test_one_column_knows_too_much(
    crm: Simulation, judged: pd.DataFrame, closed_at: "pd.Series[pd.Timestamp]"
) -> None:
    leads = crm.leads.set_index("lead_id")
    filled, closed = leads.last_call_outcome.notna(), leads.index.isin(closed_at.index)
    assert filled[closed].mean() > 0.8
    assert filled[~closed].mean() < 0.1
    said = judged.last_call_outcome.fillna("")
    alone = said.map(judged.won.groupby(said).mean())
    assert _auc(judged.won, alone) > 0.9


def test_colleagues_share_their_company(crm: Simulation) -> None:
    accounts = crm.leads.dropna(subset="account_id").groupby("account_id")
    assert 0.05 < crm.leads.account_id.isna().mean() < 0.15
    assert (accounts.size() > 1).mean() > 0.2
    assert (accounts.country.nunique() == 1).all()
    gap = accounts.created_at.max() - accounts.created_at.min()
    assert (gap[accounts.size() == 2] < pd.Timedelta(90, "D")).mean() > 0.7


def test_leads_show_what_is_known_now_and_history_what_was(crm: Simulation) -> None:
    columns = ["industry", "employees", "revenue_eur", "job_title"]
    history = crm.attributes.sort_values("valid_from").groupby("lead_id")
    leads = crm.leads.set_index("lead_id").loc[sorted(crm.attributes.lead_id.unique())]
    assert 0.1 < len(leads) / len(crm.leads) < 0.5
    assert_frame_equal(history.nth(-1).set_index("lead_id").sort_index()[columns], leads[columns])
    first = history.nth(0).set_index("lead_id").sort_index()
    assert (first.valid_from == leads.created_at).all()
    assert first.employees.isna().mean() > leads.employees.isna().mean() + 0.1
    assert 0.1 < crm.leads.employees.isna().mean() < 0.3
    assert crm.leads.revenue_eur.isna().mean() > crm.leads.employees.isna().mean()


def test_every_month_has_its_spend_per_source(crm: Simulation) -> None:
    months = crm.leads.created_at.dt.strftime("%Y-%m-01").nunique()
    assert len(crm.spend) == months * crm.leads.source.nunique()
    assert (crm.spend.cost > 0).all()


# --- the folder --------------------------------------------------------------------------------


def test_what_is_written_reads_back_and_is_the_same_every_time(tmp_path: Path) -> None:
    crm = simulate(leads=200, months=6, seed=1)
    write_simulation(crm, tmp_path / "one")
    write_simulation(crm, tmp_path / "one")
    write_simulation(simulate(leads=200, months=6, seed=1), tmp_path / "two")
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == sorted([*(f"{table}.parquet" for table in TABLES), "leadml.toml"])
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert_frame_equal(pd.read_parquet(tmp_path / "one" / "events.parquet"), crm.events)


def test_the_configuration_is_one_leadml_reads(crm: Simulation, tmp_path: Path) -> None:
    write_simulation(replace(crm, end=END), tmp_path)
    settings = tomllib.loads((tmp_path / "leadml.toml").read_text(encoding="utf-8"))
    config = parse_config(settings)
    assert config.data.end == END
    assert config.label.horizon_days == HORIZON_DAYS
    assert config.examples.max_age_days == MAX_AGE_DAYS
    assert set(config.events) == set(crm.events.event_type)
    kinds = {name for name, event in config.events.items() if event.kind == "intent"}
    assert kinds == {"demo_request", "quote_request"}
    asked = {rule.words: rule.types_among(config.events) for rule in config.points.behaviour}
    assert all(asked.values())
    assert asked["demo or quote asked for"] == ("demo_request", "quote_request")
    holding = [rule.criterion.holds(crm.leads[rule.attribute]).mean() for rule in config.points.fit]
    assert all(0.01 < share < 0.7 for share in holding), holding
    assert "last_call_outcome" not in config.attributes.exclude
    assert set(config.attributes.exclude) <= set(crm.leads.columns)


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    crm = simulate(leads=100, months=6, seed=1)
    (tmp_path / "thesis.docx").write_text("years of work")
    with pytest.raises(DataError, match=r"folder of its own.*thesis\.docx.*empty folder"):
        write_simulation(crm, tmp_path)
    with pytest.raises(DataError, match="got the file"):
        write_simulation(crm, tmp_path / "thesis.docx")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.docx"]


@pytest.mark.parametrize(
    ("leads", "months", "end", "said"),
    [
        (99, 12, END, "at least 100 leads, got 99"),
        (100, 5, END, "6 to 120 months, got 5"),
        (100, 121, END, "6 to 120 months, got 121"),
        (100, 12, END + pd.Timedelta(1, "h"), "midnight in UTC"),
        (100, 12, END.tz_localize(None), "midnight in UTC"),
    ],
)
def test_an_impossible_size_is_refused(
    leads: int, months: int, end: pd.Timestamp, said: str
) -> None:
    with pytest.raises(DataError, match=said):
        simulate(leads=leads, months=months, seed=0, end=end)


@pytest.mark.parametrize("months", [6, 120])
def test_the_smallest_simulation_is_one(months: int) -> None:
    crm = simulate(leads=100, months=months, seed=2, end=pd.Timestamp("2026-03-31", tz="UTC"))
    assert len(crm.leads) == 100
    assert crm.truth.probability.between(0, 1).all()
    assert len(crm.events) > 0


# --- the plain definition ----------------------------------------------------------------------


def _process(leads: int, seed: int) -> tuple[Calendar, People, Traits, tuple[Day, ...]]:
    rng = np.random.default_rng(seed)
    calendar = build_calendar(months=9, end=END, rng=rng)
    people = build_people(leads, calendar=calendar, rng=rng)
    traits = build_traits(people, rng)
    days = walk(
        traits,
        arrival_day=people.arrival_day,
        arrival_level=people.level,
        calendar=calendar,
        rng=rng,
    )
    return calendar, people, traits, tuple(days)


def _standings(day: Day) -> "zip[tuple[int, int, int]]":
    return zip(day.leads.tolist(), day.level.tolist(), day.stage.tolist(), strict=True)


def _created(truth: pd.DataFrame, people: People, calendar: Calendar) -> pd.DatetimeIndex:
    return calendar.moments(people.arrived_ms[truth.lead.to_numpy()])


def _share(as_of: pd.Timestamp, people: People, lead: int) -> float:
    seconds = (as_of - as_of.normalize()).total_seconds()
    return (seconds - float(people.opens_s[lead])) / OFFICE_DAY_S


def _window_shares(
    as_of: pd.Timestamp, calendar: Calendar, opens_s: int, *, arriving: bool
) -> dict[int, float]:
    """Per day, which share of the seconds of its office day lies in [as_of, as_of + horizon).

    A lead idles on the day on which it arrives.
    """
    seconds = pd.to_timedelta(opens_s + np.arange(OFFICE_DAY_S), unit="s")
    number = (as_of - calendar.start).days
    shares = {}
    for day in range(number + arriving, number + HORIZON_DAYS + 1):
        times = calendar.start + pd.Timedelta(day * DAY_S, "s") + seconds
        shares[day] = float(((times >= as_of) & (times < as_of + HORIZON)).mean())
    return shares


def _plain_probability(
    traits: Traits, state: tuple[int, int], shares: dict[int, float], calendar: Calendar
) -> float:
    """The mass of wins inside the window, pushing the distribution forward day by day."""
    mass, won = {state: 1.0}, 0.0
    for day, share in shares.items():
        after: dict[tuple[int, int], float] = {}
        for (level, stage), here in mass.items():
            rates = daily_rates(traits, np.array([level]), np.array([stage])).on(calendar, day)
            win, lose, rise, fall, leave, advance, reject = (
                float(getattr(rates, name)[0])
                for name in ("win", "lose", "rise", "fall", "leave", "advance", "reject")
            )
            assert win + lose <= 1
            assert advance + reject <= 1
            assert rise + fall + leave <= 1
            won += here * win * share
            stages = ((stage + 1, advance), (MQL, reject), (stage, 1 - advance - reject))
            stay = 1 - rise - fall - leave
            levels = ((level + 1, rise), (level - 1, fall), (0, leave), (level, stay))
            for (next_stage, p_stage), (at, p_level) in itertools.product(stages, levels):
                p = here * (1 - win - lose) * p_stage * p_level
                if p > 0:
                    after[at, next_stage] = after.get((at, next_stage), 0.0) + p
        mass = after
    return won


def _auc(won: "pd.Series[bool]", score: "pd.Series[float]") -> float:
    """How often a lead that was won is scored above one that was not; ties count half."""
    wins, rank = int(won.sum()), score.rank()
    return float((rank[won.to_numpy()].sum() - wins * (wins + 1) / 2) / (wins * (len(won) - wins)))
