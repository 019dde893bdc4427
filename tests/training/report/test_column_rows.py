"""What the report's table of columns says, of new cards and of old ones."""

from training.report.tables import ColumnRow, column_rows

LEAK = {
    "column": "tags",
    "auc_alone": 0.919,
    "auc_lost": 0.041,
    "filled_won": 0.77,
    "filled_lost": 0.56,
    "filled_before": 0.4,
    "filled_after": 0.0,
    "changed_later": None,
    "time_told": 0.08,
    "allowed": False,
    "verdict": "leak",
    "reason": "",
}


def test_figures_are_said_of_a_hundred_and_what_nothing_tells_is_empty() -> None:
    (row,) = column_rows([LEAK])
    shares = ["77\xa0%", "56\xa0%", "40\xa0%", "0\xa0%"]
    assert row == ColumnRow("tags", "leak", "92", "4", *shares, changed="", time="8")


def test_the_best_sorting_stands_first_and_a_permission_is_said() -> None:
    fine = {**LEAK, "column": "city", "auc_alone": 0.95, "verdict": "fine", "allowed": True}
    rows = column_rows([{**LEAK, "allowed": True}, fine])
    assert [(row.column, row.verdict) for row in rows] == [
        ("city", "fine"),
        ("tags", "leak, allowed"),
    ]


def test_a_card_from_before_these_figures_has_empty_cells() -> None:
    (row,) = column_rows([{"column": "owner", "verdict": "suspect", "reason": "later"}])
    assert row == ColumnRow("owner", "suspect", *[""] * 8)
