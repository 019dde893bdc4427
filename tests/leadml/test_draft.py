"""Does `leadml init` see what a file is, say what it guessed, and write what can be read?"""

import os
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from leadml.checks import inspect_tables
from leadml.config import Config, read_config
from leadml.draft.draft import Draft, draft_config
from leadml.errors import DataError
from leadml.hints import kind_of, one_and_many, sounds_later, sounds_like_outcome, spoken
from leadml.tables import Tables
from training.leaks.report import judge

NOW = pd.Timestamp("2026-11-01", tz="UTC")
ROOT = Path(__file__).parents[2]
REAL = Path(os.environ.get("LEADML_REAL_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture
def real() -> Path:
    if not REAL.is_dir():
        pytest.skip(f"the public sets are not in {REAL}")
    return REAL


def write(folder: Path, name: str, columns: dict[str, Any]) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


def crm(folder: Path, n: int = 60) -> dict[str, Path]:
    """Leads, events and outcomes as a CRM names them."""
    days = pd.date_range("2026-01-01", periods=n, freq="D").strftime("%Y-%m-%d %H:%M:%S+00:00")
    ids = [f"00Q{k}" for k in range(n)]
    return {
        "leads": write(
            folder,
            "contacts.csv",
            {"Id": ids, "CreatedDate": days, "LeadSource": ["ads", "web"] * (n // 2)},
        ),
        "events": write(
            folder,
            "activities.csv",
            {"Id": range(n), "WhoId": ids, "Type": ["demo_request", "email_open"] * (n // 2)}
            | {"ActivityDate": days},
        ),
        "outcomes": write(
            folder,
            "deals.csv",
            {"Contact ID": ids, "Stage": ["Closed Won", "Closed Lost"] * (n // 2)}
            | {"Close Date": days},
        ),
    }


def written(draft: Draft, folder: Path) -> Config:
    """The draft, written and read as a person would."""
    (folder / "leadml.toml").write_text(draft.toml, encoding="utf-8")
    return read_config(folder / "leadml.toml", {})


def drafted(folder: Path, *files: Path) -> tuple[Config, Draft]:
    draft = draft_config(files, folder)
    return written(draft, folder), draft


def wide(folder: Path, n: int = 60, **columns: Any) -> tuple[Config, Draft]:
    """The draft of one table of ``n`` leads, half of them won."""
    path = write(folder, "all.csv", {"id": range(n), "won": ["yes", "no"] * (n // 2)} | columns)
    return drafted(folder, path)


def checked(config: Config) -> Tables:
    tables = inspect_tables(config, now=NOW)
    assert [item for item in tables.findings if item.level == "error"] == []
    return tables


# What each file is.


def test_the_files_of_a_crm_are_told_apart_and_their_columns_matched(tmp_path: Path) -> None:
    config, draft = drafted(tmp_path, *crm(tmp_path).values())

    assert (config.data.leads, config.data.events) == ("contacts.csv", "activities.csv")
    assert config.data.outcomes == "deals.csv"
    assert config.columns.leads == {
        "lead_id": "Id",
        "created_at": "CreatedDate",
        "source": "LeadSource",
    }
    assert config.columns.events == {
        "lead_id": "WhoId",
        "occurred_at": "ActivityDate",
        "event_type": "Type",
    }
    assert (config.label.won, config.label.lost) == (("Closed Won",), ("Closed Lost",))
    assert any("lead_id ← Id, created_at ← CreatedDate" in line for line in draft.said)
    assert len(checked(config).events) == 60


def test_the_order_of_the_files_changes_nothing(tmp_path: Path) -> None:
    files = list(crm(tmp_path).values())

    assert draft_config(files, tmp_path).toml == draft_config(files[::-1], tmp_path).toml


def test_columns_named_as_ours_are_not_renamed(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "x.csv",
        {"lead_id": ["a", "b"], "created_at": ["2026-01-01"] * 2, "outcome": ["won", "lost"]},
    )
    config, _ = drafted(tmp_path, path)

    assert config.columns.table == {}


def test_the_id_is_the_column_other_files_speak_of(tmp_path: Path) -> None:
    files = crm(tmp_path)
    leads = pd.read_csv(files["leads"])
    leads.assign(customer_id=leads["Id"], Id=[f"row{k}" for k in range(60)]).to_csv(
        files["leads"], index=False
    )

    config, _ = drafted(tmp_path, *files.values())

    assert config.columns.leads["lead_id"] == "customer_id"


def test_ids_that_nothing_shares_are_said(tmp_path: Path) -> None:
    files = crm(tmp_path)
    events = pd.read_csv(files["events"])
    events.assign(WhoId="nobody").to_csv(files["events"], index=False)

    _, draft = drafted(tmp_path, *files.values())

    assert any("none of its ids (WhoId) is among those of the leads" in x for x in draft.said)


def test_a_column_whose_values_do_not_fit_its_name_is_not_taken(tmp_path: Path) -> None:
    config, _ = wide(tmp_path, created=["Anna"] * 60, signup_date=["2026-01-01"] * 60)

    assert config.columns.table["created_at"] == "signup_date"


def test_several_event_files_are_read_by_one_glob(tmp_path: Path) -> None:
    files = crm(tmp_path)
    events = pd.read_csv(files.pop("events"))
    for k in (1, 2):
        events.to_csv(tmp_path / f"activities_{k}.csv", index=False)
    (tmp_path / "activities.csv").unlink()

    config, _ = drafted(tmp_path, *files.values(), *sorted(tmp_path.glob("activities_*")))

    assert config.data.events == "activities_*.csv"
    assert len(checked(config).events) == 120


def test_a_file_that_is_no_table_of_ours_is_named_and_left_out(tmp_path: Path) -> None:
    other = write(tmp_path, "owners.csv", {"owner": ["x"], "team": ["y"]})

    config, draft = drafted(tmp_path, *crm(tmp_path).values(), other)

    assert "owners.csv" in draft.toml
    assert any("owners.csv: cannot tell what it is" in line for line in draft.said)
    assert config.data.leads == "contacts.csv"


def test_the_source_is_the_common_folder_seen_from_the_configuration(tmp_path: Path) -> None:
    files = crm(tmp_path / "export" / "crm")
    moved = tmp_path / "export" / "more" / "deals.csv"
    moved.parent.mkdir()
    files["outcomes"].rename(moved)
    (tmp_path / "conf").mkdir()

    config, _ = drafted(tmp_path / "conf", files["leads"], files["events"], moved)

    assert config.data.source == "../export"
    assert (config.data.leads, config.data.outcomes) == ("crm/contacts.csv", "more/deals.csv")
    assert len(checked(config).outcomes) == 60


def test_leads_without_outcomes_are_drafted_and_the_lack_is_said(tmp_path: Path) -> None:
    config, draft = drafted(tmp_path, crm(tmp_path)["leads"])

    assert (config.data.leads, config.data.outcomes) == ("contacts.csv", "")
    assert any("no file says who was won and lost" in line for line in draft.said)


# Values.


def test_texts_for_not_known_are_listed_where_they_occur(tmp_path: Path) -> None:
    config, draft = wide(tmp_path, city=["Select", "?", "Oslo", "unknown"] * 15)

    assert config.data.missing == ("", "?", "Select")
    assert '# Also missing? "unknown"' in draft.toml


def test_times_without_a_zone_are_taken_for_utc_and_said(tmp_path: Path) -> None:
    times = [f"2026-01-01 09:{k:02}:00" for k in range(60)]

    config, draft = wide(tmp_path, created_at=times)

    assert config.data.timezone == "UTC"
    assert any("bear no zone" in line for line in draft.said)
    assert checked(config).clock == "times"


def test_bare_dates_need_no_zone_and_are_said(tmp_path: Path) -> None:
    config, draft = wide(tmp_path, created_at=["2026-01-01", "2026-01-02"] * 30)

    assert config.data.timezone == ""
    assert any("know days only" in line for line in draft.said)
    assert checked(config).clock == "days"


@pytest.mark.parametrize(
    ("form", "first"),
    [
        ("%d/%m/%Y", "%d/%m/%Y"),
        ("%m/%d/%Y", "%m/%d/%Y"),
        ("%d-%m-%Y %H:%M", "%d-%m-%Y %H:%M"),
        ("%d.%m.%Y", "%d.%m.%Y"),
        ("%m/%d/%Y %I:%M %p", "%m/%d/%Y %I:%M %p"),
        ("%d %b %Y", "%d %b %Y"),
    ],
)
def test_the_format_of_times_is_found(tmp_path: Path, form: str, first: str) -> None:
    times = pd.date_range("2026-01-10 13:30", periods=60, freq="D").strftime(form)

    config, draft = wide(tmp_path, created_at=times)

    assert config.data.time_format == first
    assert not any("could as well be" in line for line in draft.said)
    assert checked(config).leads["created_at"].min() >= pd.Timestamp("2026-01-10", tz="UTC")


def test_days_and_months_that_cannot_be_told_apart_are_said(tmp_path: Path) -> None:
    config, draft = wide(tmp_path, created_at=["03/04/2026", "05/06/2026"] * 30)

    assert config.data.time_format == "%d/%m/%Y"
    assert any("could as well be %m/%d/%Y" in line for line in draft.said)


@pytest.mark.parametrize(
    ("values", "won", "lost"),
    [
        (["1", "0"], ("1",), ("0",)),
        (["1.0", "0.0"], ("1",), ("0",)),
        (["Yes", "No"], ("Yes",), ("No",)),
        (["True", "False"], ("true",), ("false",)),
        (["Converted", "Not converted"], ("Converted",), ("Not converted",)),
        (["customer", "open"], ("customer",), ("open",)),
    ],
)
def test_outcome_values_are_sorted_into_won_and_lost(
    tmp_path: Path, values: list[str], won: tuple[str, ...], lost: tuple[str, ...]
) -> None:
    path = write(tmp_path, "x.csv", {"lead_id": range(40), "converted": values * 20})
    path.write_text(path.read_text().replace(".0\n", "\n"), encoding="utf-8")

    config, _ = drafted(tmp_path, path)

    assert (config.label.won, config.label.lost) == (won, lost)
    assert len(checked(config).outcomes) == 40


def test_outcomes_that_are_neither_are_named(tmp_path: Path) -> None:
    config, draft = wide(tmp_path, won=["Closed Won", "Closed Lost", "Negotiation"] * 20)

    assert config.label.won == ("Closed Won",)
    assert any("neither won nor lost, so far: Negotiation" in line for line in draft.said)
    assert len(checked(config).outcomes) == 40


def test_a_loss_without_its_date_is_open_and_not_lost(tmp_path: Path) -> None:
    config, _ = wide(
        tmp_path,
        created_at=["2026-01-01"] * 60,
        close_date=["2026-02-01", None] * 30,
    )

    assert (config.label.won, config.label.lost) == (("yes",), ())
    assert set(checked(config).outcomes["outcome"]) == {"closed_won"}


def test_the_horizon_holds_most_wins_and_leaves_labels_to_mature(tmp_path: Path) -> None:
    created = pd.date_range("2025-01-01", periods=60, freq="10D")

    config, _ = wide(tmp_path, created_at=created, close_date=created + pd.Timedelta(50, "D"))

    assert config.label.horizon_days == 60


def test_an_undated_table_is_ordered_by_a_column_that_counts(tmp_path: Path) -> None:
    config, draft = wide(tmp_path, **{"Lead Number": np.arange(60) + 600})
    assert config.data.order_by in {"Lead Number", "lead_id"}
    assert checked(config).clock == "sequence"

    path = write(tmp_path, "b.csv", {"id": [f"x{k}" for k in range(9)], "won": [1, 0, 0] * 3})
    config, draft = drafted(tmp_path, path)
    assert config.data.order_by == ""
    assert '# order_by = "…"' in draft.toml


# Columns.


def test_columns_that_point_at_a_person_are_kept_out(tmp_path: Path) -> None:
    many = [f"a{k}" for k in range(60)]
    config, draft = wide(
        tmp_path,
        Email=many,
        **{"Phone Number": many, "first_name": many, "Do Not Email": ["Yes", "No"] * 30},
    )

    assert set(config.attributes.exclude) == {"Email", "Phone Number", "first_name"}
    assert "# personal" in draft.toml


def test_codes_are_kept_out_and_kinds_are_categories(tmp_path: Path) -> None:
    config, _ = wide(
        tmp_path,
        zip=np.arange(60) + 10_000,
        owner_id=np.arange(60),
        industry_code=[1, 2, 3] * 20,
        employees=np.arange(60),
        number_of_employees=np.arange(60) * 2,
    )

    assert set(config.attributes.exclude) >= {"zip"}
    assert "employees" not in config.attributes.exclude
    assert "number_of_employees" not in config.attributes.exclude
    assert config.attributes.categories == ("industry_code",)


def test_free_text_is_kept_out(tmp_path: Path) -> None:
    config, draft = wide(tmp_path, note=[f"call {k} back" for k in range(60)])

    assert config.attributes.exclude == ("note",)
    assert "# nearly every value is another: ids or free text" in draft.toml


def test_suspect_columns_are_named_and_not_excluded(tmp_path: Path) -> None:
    config, draft = wide(tmp_path, **{"Lead Quality": ["a", "b"] * 30, "TotalVisits": [1, 2] * 30})

    assert config.attributes.exclude == ()
    (line,) = [line for line in draft.said if line.startswith("suspect")]
    assert "Lead Quality ('quality'), TotalVisits ('total')" in line
    assert '# "Lead Quality", "TotalVisits",' in draft.toml


# Event types.


def event_types(folder: Path, types: list[str]) -> tuple[Config, Draft]:
    files = crm(folder, n=600)
    pd.DataFrame(
        {
            "lead_id": [f"00Q{k % 600}" for k in range(len(types))],
            "occurred_at": "2026-03-01",
            "event_type": types,
        }
    ).to_csv(files["events"], index=False)
    return drafted(folder, *files.values())


@pytest.mark.parametrize(
    ("key", "one", "many", "kind"),
    [
        ("pricing_page_view", "pricing page view", "pricing page views", "engagement"),
        ("Email Reply", "email reply", "email replies", "engagement"),
        ("approvalProcess", "approval process", "approval processes", "engagement"),
        ("email_opened", "email opened", "emails opened", "engagement"),
        ("SEND_EMAIL", "email sent", "emails sent", "engagement"),
        ("demo_request", "demo request", "demo requests", "intent"),
        ("contact us form", "contact us form", "contact us forms", "intent"),
        ("trial_login", "trial login", "trial logins", "product"),
        ("support_ticket", "support ticket", "support tickets", "service"),
        ("email_bounced", "email bounced", "emails bounced", "negative"),
        ("unsubscribe", "unsubscribe", "unsubscribes", "negative"),
    ],
)
def test_an_event_type_gets_words_and_a_kind(key: str, one: str, many: str, kind: str) -> None:
    assert (*one_and_many(key), kind_of(key)) == (one, many, kind)


@pytest.mark.parametrize("key", ["7", "_", "W_x|START", "A", "visit", "点击"])
def test_every_key_gets_words(key: str) -> None:
    one, many = one_and_many(key)

    assert one
    assert many
    assert one != many


def test_event_types_are_declared_commonest_first(tmp_path: Path) -> None:
    config, _ = event_types(tmp_path, ["b"] * 3 + ["c"] * 9 + ["a"] * 3)

    assert list(config.events) == ["c", "a", "b"]


def test_an_event_type_that_sounds_like_the_outcome_is_commented_out(tmp_path: Path) -> None:
    config, draft = event_types(tmp_path, ["A_DECLINED|COMPLETE"] * 9 + ["view"] * 9)

    assert list(config.events) == ["view"]
    assert "# Left out: this looks like the outcome itself." in draft.toml
    assert '# [events."A_DECLINED|COMPLETE"]' in draft.toml


def test_the_sixty_commonest_types_are_declared_and_the_rest_named(tmp_path: Path) -> None:
    types = [f"kind {k:02}" for k in range(75) for _ in range(80 - k)]

    config, draft = event_types(tmp_path, types)

    assert list(config.events) == [f"kind {k:02}" for k in range(60)]
    assert '"kind 74",' in draft.toml
    assert any("15 rarer types are not declared" in line for line in draft.said)


def test_two_types_of_one_short_name_do_not_collide(tmp_path: Path) -> None:
    config, _ = event_types(tmp_path, ["Page View"] * 9 + ["page_view"] * 5)

    assert list(config.events) == ["Page View"]


HARD = ['say "hi"', "a|b = c", "Größe ✓", "back\\slash", "[x].y", "#1", "tab\tin", "del\x7f", "''"]


def test_any_name_is_written_so_that_it_reads_back(tmp_path: Path) -> None:
    config, _ = event_types(tmp_path, [name for name in HARD for _ in range(9)])
    assert set(config.events) == set(HARD)

    config, draft = wide(tmp_path, **{f"{x} email": [f"v{k}" for k in range(60)] for x in HARD})
    assert {f"{x} email" for x in HARD} <= set(config.attributes.exclude)
    assert tomllib.loads(draft.toml)


# Bad input.


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.csv' must be a file, but it does not exist"):
        draft_config([tmp_path / "nowhere.csv"], tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "got an empty file. Export it again"),
        ("lead_id,created_at\n", "must hold rows below its line of names, got none"),
        ("a,a\n1,2\n", "must name each column once, got a twice"),
        ("name,color\nx,red\n", "One file must name the leads: a lead id"),
        ("occurred_at,event_type\n2026-01-01,view\n", "Add the table of leads"),
    ],
)
def test_a_file_that_cannot_be_leads_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(DataError) as caught:
        draft_config([path], tmp_path)

    assert said in str(caught.value)
    assert "x.csv" in str(caught.value)


# Hints.


def test_a_name_is_heard_alike_however_it_is_written() -> None:
    names = [
        "Created Date",
        "CreatedDate",
        "created_date",
        "property_created_date",
        "createdDate__c",
    ]

    assert {spoken(name) for name in names} == {"created date"}


@pytest.mark.parametrize("name", ["country", "employees", "job_title", "industry", "lead_source"])
def test_honest_columns_are_not_suspect(name: str) -> None:
    assert sounds_later(name) == ""


@pytest.mark.parametrize("name", ["tags", "last activity", "lead quality", "page views per visit"])
def test_what_init_suspects_the_leak_report_suspects(name: str) -> None:
    assert sounds_later(name)
    assert judge(name, 0.65, 0.0, (0.9, 0.9), dated=False)[0] != "fine"


@pytest.mark.parametrize("key", ["deal_won", "contract_signed", "O_CANCELLED|COMPLETE"])
def test_outcomes_are_heard_in_event_types(key: str) -> None:
    assert sounds_like_outcome(key)


# Real exports.


@pytest.mark.real
def test_x_education_is_one_wide_table_ordered_by_lead_number(real: Path, tmp_path: Path) -> None:
    config, draft = drafted(tmp_path, real / "x_education" / "Leads.csv.gz")

    assert (config.data.table, config.data.order_by) == ("Leads.csv.gz", "Lead Number")
    assert config.columns.table == {
        "outcome": "Converted",
        "lead_id": "Prospect ID",
        "source": "Lead Source",
    }
    assert config.data.missing == ("", "Select")
    suspects = " ".join(line for line in draft.said if line.startswith("suspect"))
    for name in ("Tags", "Lead Quality", "Lead Profile", "Last Activity", "TotalVisits"):
        assert name in suspects
    assert len(checked(config).leads) == 9_240


@pytest.mark.real
def test_bpi2012_leaves_its_outcome_events_out(real: Path, tmp_path: Path) -> None:
    config, draft = drafted(tmp_path, *sorted((real / "bpi2012").glob("*.csv*")))

    assert (config.data.timezone, config.label.horizon_days) == ("", 30)
    assert config.columns.leads == config.columns.events == config.columns.outcomes == {}
    for name in ("APPROVED", "REGISTERED", "ACTIVATED", "DECLINED", "CANCELLED"):
        assert f"A_{name}|COMPLETE" not in config.events
        assert f'# [events."A_{name}|COMPLETE"]' in draft.toml
    assert len(config.events) == 29
    assert len(checked(config).outcomes) == 6_810


@pytest.mark.real
def test_bank_marketing_names_the_length_of_the_call(real: Path, tmp_path: Path) -> None:
    config, draft = drafted(tmp_path, *sorted((real / "bank_marketing").glob("*.csv.gz")))

    assert list(config.events) == ["prior_campaign_contact"]
    assert any("duration ('duration')" in line for line in draft.said)
    assert any("know days only" in line for line in draft.said)
    assert len(checked(config).leads) == 45_211


@pytest.mark.real
@pytest.mark.parametrize(
    ("files", "columns"),
    [
        (
            "hubspot/*.csv",
            {
                "leads": {"lead_id": "id", "created_at": "property_created_at"},
                "events": {
                    "lead_id": "recipient",
                    "occurred_at": "created",
                    "event_type": "type",
                },
            },
        ),
        (
            "salesforce/*.csv",
            {
                "table": {
                    "outcome": "is_converted",
                    "lead_id": "id",
                    "created_at": "created_date",
                    "closed_at": "converted_date",
                },
                "events": {
                    "lead_id": "who_id",
                    "occurred_at": "activity_date",
                    "event_type": "type",
                },
            },
        ),
        (
            "marketo/*.csv",
            {
                "leads": {"lead_id": "id"},
                "events": {"occurred_at": "activity_date", "event_type": "activity_type_id"},
            },
        ),
    ],
)
def test_a_whole_crm_export_is_matched(
    real: Path, tmp_path: Path, files: str, columns: dict[str, dict[str, str]]
) -> None:
    config, _ = drafted(tmp_path, *sorted((real / "crm_exports").glob(files)))

    for table, expected in columns.items():
        got = getattr(config.columns, table)
        assert {ours: got[ours] for ours in expected} == expected
    assert config.data.timezone == "UTC"


@pytest.mark.real
def test_marketo_type_numbers_get_words_from_their_files(real: Path, tmp_path: Path) -> None:
    config, _ = drafted(tmp_path, *sorted((real / "crm_exports" / "marketo").glob("*.csv")))

    assert config.data.events == "marketo_activity_*_data.csv"
    assert (config.events["10"].one, config.events["8"].kind) == ("email open", "negative")
