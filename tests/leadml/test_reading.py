"""Is bad input found, counted, named, and never dropped in silence?"""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from features.past import build_past
from leadml.checks import inspect_tables, read_tables
from leadml.config import Config, parse_config, read_config
from leadml.errors import ConfigError, DataError, SignalError
from leadml.findings import Finding
from leadml.moments import open_at
from leadml.tables import Tables
from training.train import train

NOW = pd.Timestamp("2026-11-01", tz="UTC")
EVENTS = {"view": {"one": "view", "many": "views"}}

LEADS = """\
lead_id,created_at,account_id,country
1,2026-01-01T09:00:00Z,A,NL
2,2026-01-02T09:00:00Z,,FR
3,2026-01-03T09:00:00Z,B,NL
4,2026-01-04T09:00:00Z,,US
"""
EVENT_ROWS = """\
lead_id,occurred_at,event_type,value
1,2026-01-05T09:00:00Z,view,2
2,2026-01-06T09:00:00Z,view,
"""
OUTCOMES = """\
lead_id,outcome,closed_at,amount
1,won,2026-02-01T09:00:00Z,100
2,lost,2026-02-02T09:00:00Z,
"""

Reader = Callable[..., Tables]


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    """Reads four leads, with one table replaced or settings changed; errors become findings."""

    def read_with(
        *,
        leads: str = LEADS,
        events: str = EVENT_ROWS,
        outcomes: str = OUTCOMES,
        strict: bool = False,
        **data: Any,
    ) -> Tables:
        for name, text in {"leads": leads, "events": events, "outcomes": outcomes}.items():
            (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
        reader = read_tables if strict else inspect_tables
        return reader(config_of(tmp_path, data), now=NOW)

    return read_with


def config_of(folder: Path, data: dict[str, Any], **sections: Any) -> Config:
    config = parse_config({"data": data, "events": EVENTS, **sections})
    return dataclasses.replace(config, folder=folder)


def found(tables: Tables, level: str, table: str) -> list[Finding]:
    return [item for item in tables.findings if (item.level, item.table) == (level, table)]


def only(tables: Tables, level: str, table: str) -> Finding:
    """The one finding of that kind; there must be no other error."""
    (finding,) = found(tables, level, table)
    errors = [item for item in tables.findings if item.level == "error" and item is not finding]
    assert errors == []
    return finding


def test_good_tables_have_no_findings(read: Reader) -> None:
    tables = read(strict=True)

    assert tables.findings == ()
    assert (len(tables.leads), len(tables.events), len(tables.outcomes)) == (4, 2, 2)


# Files and columns.


def test_a_missing_file_is_named(read: Reader) -> None:
    with pytest.raises(DataError, match=r"'nowhere' must be a file in .* events\.csv, leads\.csv"):
        read(spend="nowhere")


def test_an_empty_file_is_refused(read: Reader) -> None:
    with pytest.raises(DataError, match=r"leads\.csv' must be a table, got an empty file"):
        read(leads="")


def test_a_table_of_leads_without_rows_is_refused(read: Reader) -> None:
    with pytest.raises(DataError, match=r"leads must hold rows, got none"):
        read(leads="lead_id,created_at\n")


def test_events_may_be_none(read: Reader) -> None:
    assert len(read(events="lead_id,occurred_at,event_type\n", strict=True).events) == 0


@pytest.mark.parametrize(
    ("table", "text", "column"),
    [
        ("leads", "id,created_at\n1,2026-01-01\n", "lead_id"),
        ("leads", "lead_id,created\n1,2026-01-01\n", "created_at"),
        ("events", "lead_id,occurred_at,kind\n1,2026-01-01,view\n", "event_type"),
        ("outcomes", "lead_id,outcome,date\n1,won,2026-01-01\n", "closed_at"),
    ],
)
def test_a_missing_column_is_named_with_those_there(
    read: Reader, table: str, text: str, column: str
) -> None:
    with pytest.raises(DataError) as caught:
        read(**{table: text})

    assert f"{table} must have a column '{column}', got" in str(caught.value)
    assert "Did you mean" in str(caught.value) or f"[columns.{table}] {column} =" in str(
        caught.value
    )


def test_a_mapped_column_that_is_not_there_is_refused(tmp_path: Path, read: Reader) -> None:
    read()
    config = config_of(tmp_path, {}, columns={"leads": {"source": "contry"}})

    with pytest.raises(DataError, match=r"'contry' is not among .*Did you mean 'country'"):
        inspect_tables(config, now=NOW)


def test_two_columns_of_one_name_are_refused(tmp_path: Path, read: Reader) -> None:
    read(leads="lead_id,created_at,id\n1,2026-01-01,1\n")
    config = config_of(tmp_path, {}, columns={"leads": {"lead_id": "id"}})

    with pytest.raises(DataError, match="leads must name each column once, got lead_id twice"):
        inspect_tables(config, now=NOW)


def test_outcomes_are_needed(tmp_path: Path, read: Reader) -> None:
    read()
    (tmp_path / "outcomes.csv").unlink()

    with pytest.raises(DataError, match=r"The outcomes table is missing.*Set data\.outcomes"):
        read_tables(config_of(tmp_path, {}), now=NOW)


def test_an_unknown_key_of_the_configuration_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"'data\.lead'\. Did you mean 'leads'\?"):
        parse_config({"data": {"lead": "leads.csv"}})


# Leads.


def test_a_lead_that_stands_twice_is_refused_and_named(read: Reader) -> None:
    tables = read(leads=LEADS + "3,2026-01-09T09:00:00Z,B,NL\n")

    finding = only(tables, "error", "leads")

    assert (finding.rows, "lead_id must be unique" in finding.text) == (1, True)
    assert "Got 1 of 5 rows (lead_id 3)." in finding.text


def test_a_lead_without_an_id_is_refused(read: Reader) -> None:
    tables = read(leads=LEADS + ",2026-01-09T09:00:00Z,B,NL\n")

    assert "Every lead must have a lead_id" in only(tables, "error", "leads").text


def test_everything_wrong_is_told_at_once(read: Reader) -> None:
    with pytest.raises(DataError) as caught:
        read(
            leads=LEADS + "3,2026-01-09T09:00:00Z,B,NL\n",
            outcomes=OUTCOMES + "3,perhaps,2026-02-01T09:00:00Z,\n",
            strict=True,
        )

    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == ["outcomes", "leads"]


def test_ids_that_differ_only_in_type_are_the_same_lead(tmp_path: Path) -> None:
    pd.DataFrame(
        {"lead_id": [1, 2], "created_at": pd.to_datetime(["2026-01-01"] * 2, utc=True)}
    ).to_parquet(tmp_path / "leads.parquet", index=False)
    pd.DataFrame(
        {
            "lead_id": [1.0, None],
            "occurred_at": pd.to_datetime(["2026-01-02"] * 2, utc=True),
            "event_type": "view",
        }
    ).to_parquet(tmp_path / "events.parquet", index=False)
    (tmp_path / "outcomes.csv").write_text(
        'lead_id,outcome,closed_at\n"1",won,2026-02-01\n 2 ,lost,2026-02-01\n', encoding="utf-8"
    )

    tables = inspect_tables(config_of(tmp_path, {}), now=NOW)

    assert tables.leads["lead_id"].tolist() == ["1", "2"]
    assert tables.events["lead_id"].tolist() == ["1"]
    assert tables.outcomes["lead_id"].tolist() == ["1", "2"]


def test_an_account_may_be_unknown_for_half_the_leads(read: Reader) -> None:
    accounts = read(strict=True).leads["account_id"]

    assert accounts.isna().tolist() == [False, True, False, True]


# Rows of leads nobody knows.


def test_events_of_unknown_leads_are_counted_named_and_kept_out(read: Reader) -> None:
    tables = read(events=EVENT_ROWS + "77,2026-01-05T09:00:00Z,view,\n", strict=True)

    finding = only(tables, "warning", "events")

    assert finding.rows == 1
    assert "Kept out 1 of 3 rows (77)." in finding.text
    assert tables.events["lead_id"].tolist() == ["1", "2"]


def test_outcomes_of_unknown_leads_are_counted_named_and_kept_out(read: Reader) -> None:
    tables = read(outcomes=OUTCOMES + "77,won,2026-02-01T09:00:00Z,\n", strict=True)

    assert "Kept out 1 of 3 rows (77)." in only(tables, "warning", "outcomes").text
    assert tables.outcomes["lead_id"].tolist() == ["1", "2"]


# Times.


def test_a_time_that_cannot_be_read_is_shown(read: Reader) -> None:
    finding = only(read(leads=LEADS + "5,31/12/2025,,NL\n"), "error", "leads")

    assert "created_at must be an ISO date or time, unlike '31/12/2025'" in finding.text
    assert "Set data.time_format" in finding.text
    assert "Got 1 of 5 rows (lead_id 5)." in finding.text


def test_a_time_that_is_missing_is_an_error(read: Reader) -> None:
    finding = only(read(leads=LEADS + "5,,,NL\n"), "error", "leads")

    assert "created_at must be an ISO date or time, and filled" in finding.text


def test_a_time_without_a_zone_is_told_how_to_declare_it(read: Reader) -> None:
    leads = LEADS.replace("Z,", ",")

    finding = only(read(leads=leads), "error", "leads")

    assert "data.timezone = 'Europe/Amsterdam'" in finding.text
    assert finding.rows == 4


def test_a_declared_zone_is_that_of_times_without_one(read: Reader) -> None:
    tables = read(leads=LEADS.replace("Z,", ","), timezone="Europe/Amsterdam", strict=True)

    assert tables.leads["created_at"].iloc[0] == pd.Timestamp("2026-01-01T08:00Z")
    assert tables.outcomes["closed_at"].iloc[0] == pd.Timestamp("2026-02-01T09:00Z")


def test_a_zone_that_does_not_exist_is_refused(read: Reader) -> None:
    with pytest.raises(DataError, match="must be a zone like 'Europe/Amsterdam', got 'Mars'"):
        read(timezone="Mars")


def test_a_declared_format_reads_times_that_are_not_iso(read: Reader) -> None:
    tables = read(
        leads="lead_id,created_at\n1,31/12/2025\n",
        events="lead_id,occurred_at,event_type\n",
        outcomes="lead_id,outcome,closed_at\n1,won,02/01/2026\n",
        time_format="%d/%m/%Y",
        strict=True,
    )

    assert tables.leads["created_at"].tolist() == [pd.Timestamp("2025-12-31", tz="UTC")]
    assert tables.outcomes["closed_at"].tolist() == [pd.Timestamp("2026-01-02", tz="UTC")]
    assert tables.clock == "days"


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("leads", "5,2027-01-01T00:00:00Z,,NL\n"),
        ("events", "1,2027-01-01T00:00:00Z,view,\n"),
        ("outcomes", "3,won,2027-01-01T00:00:00Z,\n"),
    ],
)
def test_a_time_in_the_future_is_refused(read: Reader, table: str, row: str) -> None:
    good = {"leads": LEADS, "events": EVENT_ROWS, "outcomes": OUTCOMES}[table]

    finding = only(read(**{table: good + row}), "error", table)

    assert "must not lie in the future (now 2026-11-01 00:00 UTC)" in finding.text
    assert finding.rows == 1


def test_a_won_date_before_creation_is_refused(read: Reader) -> None:
    finding = only(read(outcomes=OUTCOMES + "3,won,2025-12-31T09:00:00Z,\n"), "error", "outcomes")

    assert "closed_at must not lie before the lead's created_at" in finding.text
    assert "Got 1 of 3 rows (lead_id 3)." in finding.text


def test_a_won_date_of_day_precision_may_be_the_day_of_creation(read: Reader) -> None:
    outcomes = "lead_id,outcome,closed_at\n1,won,2026-01-01\n"

    tables = read(outcomes=outcomes, strict=True)

    assert (len(tables.outcomes), tables.clock) == (1, "days")


def test_an_event_recorded_before_it_occurred_counts_from_when_it_occurred(read: Reader) -> None:
    events = (
        "lead_id,occurred_at,event_type,recorded_at\n"
        "1,2026-01-05T09:00:00Z,view,2026-01-04T09:00:00Z\n"
        "1,2026-01-06T09:00:00Z,view,2026-01-09T09:00:00Z\n"
        "1,2026-01-07T09:00:00Z,view,\n"
    )

    tables = read(events=events, strict=True)

    assert only(tables, "note", "events").rows == 1
    assert [f"{time:%m-%d}" for time in tables.events["known_at"]] == ["01-05", "01-09", "01-07"]


def test_the_past_as_a_value_knows_no_attribute_that_was_told_later(
    tmp_path: Path, read: Reader
) -> None:
    (tmp_path / "attributes.csv").write_text(
        "lead_id,valid_from,country\n1,2026-03-01T09:00:00Z,NL\n", encoding="utf-8"
    )
    tables = read(strict=True)
    moment = pd.Timestamp("2026-02-15", tz="UTC")
    examples = pd.DataFrame({"lead_id": ["1", "2"], "as_of": moment})

    whole = build_past(tables, examples).attribute("country").as_series()
    past = build_past(tables.upto(moment), examples).attribute("country").as_series()

    assert whole.isna().tolist() == [True, False]
    assert past.isna().tolist() == [True, False]


# Outcomes and values.


def test_leads_may_all_be_open_still(read: Reader) -> None:
    tables = read(outcomes="lead_id,outcome,closed_at\n1,mql,2026-02-01T09:00:00Z\n", strict=True)

    moments = tables.leads[["lead_id"]].assign(as_of=tables.end)

    assert open_at(tables, moments).tolist() == [True] * 4


def test_an_outcome_nobody_declared_is_refused_with_its_text(read: Reader) -> None:
    finding = only(
        read(outcomes=OUTCOMES + "3,Perhaps,2026-02-01T09:00:00Z,\n"), "error", "outcomes"
    )

    assert "'perhaps' is not. Add it to label.won or label.lost." in finding.text
    assert "(lead_id 3)" in finding.text


@pytest.mark.parametrize("value", ["inf", "-inf", "many", "1e999"])
def test_the_value_of_an_event_is_a_finite_number(read: Reader, value: str) -> None:
    finding = only(
        read(events=EVENT_ROWS + f"3,2026-01-07T09:00:00Z,view,{value}\n"), "error", "events"
    )

    assert "value must hold finite numbers up to 1e+15, got" in finding.text


def test_a_value_that_is_not_a_number_is_missing(read: Reader) -> None:
    tables = read(events=EVENT_ROWS + "3,2026-01-07T09:00:00Z,view,NaN\n", strict=True)

    assert tables.events["value"].isna().tolist() == [False, True, True]


def test_an_amount_that_is_no_number_is_refused(read: Reader) -> None:
    finding = only(
        read(outcomes=OUTCOMES + "3,won,2026-02-01T09:00:00Z,€ 5\n"), "error", "outcomes"
    )

    assert "amount must hold finite numbers up to 1e+15, got '€ 5'" in finding.text


def test_an_event_without_a_type_is_refused(read: Reader) -> None:
    finding = only(read(events=EVENT_ROWS + "3,2026-01-07T09:00:00Z,,\n"), "error", "events")

    assert "Every event must have an event_type" in finding.text


def test_an_event_type_nobody_declared_is_named_and_not_dropped(read: Reader) -> None:
    tables = read(events=EVENT_ROWS + "3,2026-01-07T09:00:00Z,fax,\n", strict=True)

    assert "declare are not used: fax" in only(tables, "warning", "events").text.replace(
        "does not declare", "declare"
    )
    assert len(tables.events) == 3


def test_a_column_that_tells_people_is_named_and_one_kept_out_is_not(
    tmp_path: Path, read: Reader
) -> None:
    leads = (
        "lead_id,created_at,account_owner,email,size\n"
        "1,2026-01-01T09:00:00Z,jane@example.com,a@b.co,12\n"
        "2,2026-01-02T09:00:00Z,+49 170 1234567,c@d.co,13\n"
        "3,2026-01-03T09:00:00Z,team west,,14\n"
    )
    said = only(read(leads=leads), "warning", "leads")
    assert said.rows == 2
    assert said.text.startswith("2 values of account_owner look like an e-mail address or")
    kept_out = config_of(tmp_path, {}, attributes={"names": ["account_owner"]})
    assert not [one for one in read_tables(kept_out, now=NOW).findings if "look like" in one.text]


def test_a_misspelt_column_of_the_attributes_is_named(tmp_path: Path, read: Reader) -> None:
    read()
    settings = {"exclude": ["contry"], "allow": ["country"]}
    tables = read_tables(config_of(tmp_path, {}, attributes=settings), now=NOW)

    said = only(tables, "warning", "attributes").text
    assert (
        said
        == "attributes.exclude names columns that no table has: contry. Did you mean 'country'?"
    )


def test_events_alike_in_every_column_are_counted(read: Reader) -> None:
    tables = read(events=EVENT_ROWS + EVENT_ROWS.splitlines()[1] + "\n", strict=True)

    assert only(tables, "note", "events").rows == 1
    assert len(tables.events) == 3


# Rows set aside.


def test_rows_that_cannot_be_right_are_set_aside_and_counted_when_asked(read: Reader) -> None:
    tables = read(
        leads=LEADS + "5,31/12/2025,,NL\n3,2026-01-09T09:00:00Z,B,NL\n",
        events=EVENT_ROWS + "3,2027-01-01T00:00:00Z,view,\n",
        outcomes=OUTCOMES + "3,perhaps,2026-02-01T09:00:00Z,\n4,won,2025-01-01T00:00:00Z,\n",
        bad_rows="set_aside",
        strict=True,
    )

    set_aside = [item for item in tables.findings if "They are set aside." in item.text]
    assert [(item.table, item.level, item.rows) for item in set_aside] == [
        ("leads", "warning", 1),
        ("outcomes", "warning", 1),
        ("events", "warning", 1),
        ("leads", "warning", 1),
        ("outcomes", "warning", 1),
    ]
    assert tables.leads["lead_id"].tolist() == ["1", "2", "3", "4"]
    assert tables.outcomes["lead_id"].tolist() == ["1", "2"]
    assert len(tables.events) == 2


# One wide table.


def wide(folder: Path, text: str, **data: Any) -> Tables:
    (folder / "all.csv").write_text(text, encoding="utf-8")
    return inspect_tables(config_of(folder, {"table": "all.csv", **data}), now=NOW)


def test_a_wide_table_needs_an_outcome(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"must have an outcome column, got lead_id, y"):
        wide(tmp_path, "lead_id,y\n1,1\n")


def test_a_wide_table_without_dates_or_order_warns_that_its_figures_flatter(tmp_path: Path) -> None:
    tables = wide(tmp_path, "lead_id,outcome\n1,1\n2,0\n")

    assert tables.clock == "none"
    assert "every figure is OPTIMISTIC" in only(tables, "warning", "table").text


def test_order_by_must_name_a_column(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"order_by must name a column, got 'n'"):
        wide(tmp_path, "lead_id,outcome,no\n1,1,2\n", order_by="n")


# Too little to learn from.


def many_leads(folder: Path, outcomes: list[str]) -> Config:
    days = pd.date_range("2025-01-01", periods=len(outcomes), freq="D")
    pd.DataFrame({"lead_id": range(len(days)), "created_at": days.astype(str)}).to_csv(
        folder / "leads.csv", index=False
    )
    closed = (days + pd.Timedelta(3, "D")).astype(str)
    pd.DataFrame({"lead_id": range(len(days)), "outcome": outcomes, "closed_at": closed}).to_csv(
        folder / "outcomes.csv", index=False
    )
    return config_of(folder, {}, label={"horizon_days": 30})


@pytest.mark.parametrize(
    ("outcomes", "got"),
    [
        (["lost"] * 200, "got 0 and 174"),
        (["won"] * 200, "got 174 and 0"),
        (["won"] * 39 + ["lost"] * 161, "got 39 and 135"),
    ],
)
def test_too_few_outcomes_are_refused_with_the_numbers(
    tmp_path: Path, outcomes: list[str], got: str
) -> None:
    config = many_leads(tmp_path, outcomes)

    with pytest.raises(SignalError, match="There must be 40 examples that reached closed_won") as e:
        train(config, read_tables(config, now=NOW))

    assert got in str(e.value)
    assert "Bring more history, or shorten label.horizon_days." in str(e.value)


def test_texts_of_a_wide_table_that_name_no_outcome_are_counted_as_still_open(
    tmp_path: Path,
) -> None:
    (tmp_path / "wide.csv").write_text(
        "Id,Created,Status\n1,2026-01-01,won\n2,2026-01-02,lost\n3,2026-01-03,churned\n"
    )
    (tmp_path / "leadml.toml").write_text(
        '[data]\ntable = "wide.csv"\n'
        '[columns.table]\nlead_id = "Id"\ncreated_at = "Created"\noutcome = "Status"\n'
    )

    read = inspect_tables(read_config(tmp_path / "leadml.toml", {}), now=NOW)

    assert len(read.outcomes) == 2
    assert any("1 rows say 'churned'" in finding.text for finding in read.findings)


def test_outcome_rows_without_an_outcome_are_counted_and_kept_out(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("lead_id,created_at\n1,2026-01-01\n2,2026-01-02\n")
    (tmp_path / "outcomes.csv").write_text(
        "lead_id,outcome,closed_at\n1,closed_won,2026-01-05\n2,,2026-01-06\n"
    )
    (tmp_path / "leadml.toml").write_text("")

    read = inspect_tables(read_config(tmp_path / "leadml.toml", {}), now=NOW)

    assert len(read.outcomes) == 1
    assert any("without an outcome" in finding.text for finding in read.findings)


def test_a_parquet_table_may_keep_an_index_of_its_own(tmp_path: Path, read: Reader) -> None:
    read()
    frame = pd.read_csv(tmp_path / "outcomes.csv", dtype=str)
    frame[frame["lead_id"] != "1"].to_parquet(tmp_path / "kept.parquet")
    tables = read_tables(config_of(tmp_path, {"outcomes": "kept.parquet"}), now=NOW)
    assert tables.outcomes["lead_id"].tolist() == ["2"]
    assert tables.outcomes.index.tolist() == [0]
