"""What the terminal says of tables and their columns."""

from collections.abc import Mapping, Sequence
from typing import Any

from leadml.tables import Tables


def read_lines(tables: Tables) -> list[str]:
    """What was read, a line a table."""
    shown = {
        "leads": tables.leads,
        "events": tables.events,
        "outcomes": tables.outcomes,
        "attributes": tables.attributes,
        "spend": tables.spend,
    }
    lines = [f"{name:>10}  {len(frame):>11,} rows" for name, frame in shown.items() if len(frame)]
    if tables.dated:
        lines.append(f"{'end':>10}  {tables.end:%Y-%m-%d %H:%M} UTC ({tables.clock})")
    return lines


def leak_lines(leaks: Sequence[Mapping[str, Any]]) -> list[str]:
    """What looks like a leak, worst first, and whether a person allows it."""
    order = {"leak": 0, "suspect": 1}
    noted = sorted(
        (leak for leak in leaks if leak["verdict"] in order),
        key=lambda leak: order[leak["verdict"]],
    )
    lines = []
    for leak in noted:
        line = f"{leak['verdict']:>8}  {leak['column']}: {leak['reason']}."
        allowed = leak["verdict"] == "leak" and leak.get("allowed")
        lines.append(f"{line} Allowed by attributes.allow." if allowed else line)
    return lines


def column_lines(leaks: Sequence[Mapping[str, Any]]) -> list[str]:
    """The figures of the leak report, a line a column, best sorting first; "-" where none tells."""
    if not leaks:
        return []
    width = max(6, *(len(leak["column"]) for leak in leaks))
    heads = ("alone", "lost", "won", "others", "before", "after", "changed", "time")
    said = (
        "Columns: AUC alone, AUC lost without it; filled for won and for others; first told before "
        "and after the outcome, changed after as_of (where a history tells); tells the time."
    )
    lines = [
        said,
        f"{'':>8}  {'column':<{width}}" + "".join(f"{head:>9}" for head in heads),
    ]
    for leak in sorted(leaks, key=lambda leak: -leak["auc_alone"]):
        cells = [f"{leak['auc_alone']:.2f}", f"{leak['auc_lost']:.2f}"]
        shares = ("filled_won", "filled_lost", "filled_before", "filled_after", "changed_later")
        cells += ["-" if leak[name] is None else f"{leak[name]:.0%}" for name in shares]
        cells.append("-" if leak["time_told"] is None else f"{leak['time_told']:.2f}")
        figures = "".join(f"{cell:>9}" for cell in cells)
        lines.append(f"{leak['verdict']:>8}  {leak['column']:<{width}}{figures}")
    return lines
