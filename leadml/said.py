"""What does the terminal say of a training? Plain lines, each figure with its interval."""

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


def judgement_lines(card: Mapping[str, Any]) -> list[str]:
    """How good a model is, beside what one would do without it."""
    evaluation, figures = card["evaluation"], card["evaluation"]["figures"]
    model, newest = figures["model"], figures["newest first"]
    base = figures["base rate"]
    lines = [
        (
            f"Judged on {evaluation['n']:,} examples of {evaluation['leads']:,} leads it had not "
            f"seen, {evaluation['converted']:,} of them won."
        ),
        (
            "Sorting: of a won and a lost lead it puts the won one higher "
            f"{interval(model['auc'], percent=True)} of the time (newest first: "
            f"{newest['auc']['value']:.0%})."
        ),
        (
            f"The top 20 % of leads hold {interval(model['wins_in_top_20'], percent=True)} of the "
            f"wins (newest first: {newest['wins_in_top_20']['value']:.0%})."
        ),
        (
            f"Probabilities: log loss {interval(model['log_loss'])}, Brier "
            f"{interval(model['brier'])} (base rate: {base['log_loss']['value']:.3f}, "
            f"{base['brier']['value']:.3f})."
        ),
        f"Recipe: {card['recipe']}.",
    ]
    found = [leak for leak in card["leaks"] if leak["verdict"] == "leak"]
    kept_out = [leak["column"] for leak in found if not leak.get("allowed")]
    if kept_out:
        lines.append(f"Kept out as leaks: {', '.join(kept_out)}.")
    allowed = [leak["column"] for leak in found if leak.get("allowed")]
    if allowed:
        lines.append(f"Leaks used, for attributes.allow names them: {', '.join(allowed)}.")
    if not card["usable"]:
        lines.append(
            "NO USABLE SIGNAL: it does not beat the base rate beyond noise. "
            "Do not sell a ranking from it."
        )
    return lines


def gate_lines(gate: Mapping[str, Any]) -> list[str]:
    """The gate's verdict, a line a rule."""
    beside = f" beside version {gate['champion']}" if gate["champion"] else ""
    passed = gate["passed"]
    head = f"The gate lets it pass{beside}." if passed else f"THE GATE REFUSES IT{beside}."
    rules = (("ok" if rule["passed"] else "refused", rule) for rule in gate["rules"])
    return [head, *(f"{word:>8}  {rule['name']}: {rule['text']}" for word, rule in rules)]


def gate_word(verdict: str) -> str:
    r"""The gate's verdict on a version, in a word or two.

    >>> gate_word("log loss: Worse by far.\nleaks: It reads notes.")
    'gate refused (log loss, leaks)'
    """
    if verdict in {"passed", ""}:
        return "gate passed" if verdict else "no gate"
    return f"gate refused ({', '.join(line.split(':')[0] for line in verdict.splitlines())})"


def registered_line(number: str, *, champion: bool, usable: bool, passed: bool) -> str:
    """What became of a version."""
    if champion:
        return f"Registered as version {number}, the champion: it scores."
    if not usable:
        return f"Registered as version {number}; without a usable signal it cannot be promoted."
    if not passed:
        return (
            f"Registered as version {number}, the challenger. The gate refused it: "
            f'`leadml promote {number} --force "why"` makes it score all the same.'
        )
    return (
        f"Registered as version {number}, the challenger. `leadml promote {number}` makes it score."
    )


def repeat_lines(origin: Mapping[str, Any], again: Mapping[str, Any]) -> list[str]:
    """Whether a repeated run had the data, the code and the packages of the first."""
    pairs = {
        "Data": (origin["fingerprint"], again["fingerprint"]),
        "Code": (origin["code"], again["code"]),
    }
    lines = [
        f"{name}: the same as in the run repeated ({new[:12]})."
        if old == new
        else f"{name}: NOT the same as in the run repeated ({old[:12]}, now {new[:12]})."
        for name, (old, new) in pairs.items()
    ]
    moved = [
        f"{name} {old} is now {again['packages'].get(name, 'absent')}"
        for name, old in origin["packages"].items()
        if again["packages"].get(name) != old
    ]
    return [*lines, f"Packages: {', '.join(moved) or 'the same'}."]


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


def backtest_lines(backtest: Mapping[str, Any], about: Mapping[str, Any]) -> list[str]:
    """The past replayed: a line a period, then everybody over all of them, then kinds of leads.

    Args:
        backtest: the plain data of a `training.backtest.Backtest`.
        about: what is predicted, as `training.train.about` says it.
    """
    overall = backtest["overall"]
    undated = {"newest first"} if about["clock"] == "none" else set()
    rivals = [name for name in overall["figures"] if name not in {"model", *undated}]
    head = (
        f"{len(backtest['periods'])} past periods replayed: {overall['n']:,} examples of "
        f"{overall['leads']:,} leads, {overall['converted']:,} of them won. 90 % intervals."
    )
    lines = [head, "", *_period_lines(backtest["periods"], rivals)]
    everybody = {name: overall["figures"][name] for name in ["model", *rivals]}
    for heads in _metrics(about["config"]["policy"]["sql_share"]):
        rows = [
            [name, *(_figure(own, metric) for metric in heads)] for name, own in everybody.items()
        ]
        lines += ["", *_columns([["all periods", *heads.values()], *rows])]
    for kind, parts in backtest["parts"].items():
        lines += _kind_lines(kind, parts)
    return lines


def _period_lines(periods: Sequence[Mapping[str, Any]], rivals: Sequence[str]) -> list[str]:
    """The model by period, and whoever of the rivals did best in each."""
    others = [name for name in rivals if name != "trained once"]
    rows = [
        ["period", "examples", "won", "AUC", "best rival", "log loss", "trained once", "best rival"]
    ]
    for own in periods:
        model, once = own["figures"]["model"], own["figures"].get("trained once", {})
        sorting = [_figure(model, "auc"), _best(own["figures"], others, "auc")]
        closeness = [_figure(model, "log_loss"), _figure(once, "log_loss", bare=True)]
        best = _best(own["figures"], others, "log_loss")
        rows.append([*_counts(own), *sorting, *closeness, best])
    return _columns(rows)


def _kind_lines(kind: str, parts: Sequence[Mapping[str, Any]]) -> list[str]:
    """How the model did on kinds of leads; none where too few were won or lost."""
    heads = {"auc": "AUC", "log_loss": "log loss", "observed_to_expected": "won to expected"}
    names = {"new": "new leads", "source": "by source", "tenure": "by tenure"}
    rows = [
        [*_counts(own), *(_figure(own["figures"]["model"], metric) for metric in heads)]
        for own in parts
    ]
    table = [[names.get(kind, kind), "examples", "won", *heads.values()], *rows]
    return ["", *_columns(table)] if rows else []


def _metrics(capacity: float) -> tuple[dict[str, str], dict[str, str]]:
    """What is said of everybody over all periods: of their sorting, of their probabilities."""
    sorting = {
        "auc": "AUC",
        "average_precision": "average precision",
        "wins_in_top_20": "wins in top 20 %",
        "wins_in_capacity": f"wins in capacity ({100 * capacity:g} %)",
    }
    closeness = {
        "log_loss": "log loss",
        "brier": "Brier",
        "observed_to_expected": "won to expected",
        "calibration_slope": "calibration slope",
        "smooth_calibration_error": "calibration error",
    }
    return sorting, closeness


def _counts(own: Mapping[str, Any]) -> list[str]:
    return [own["name"], f"{own['n']:,}", f"{own['converted']:,}"]


def _figure(figures: Mapping[str, Any], metric: str, *, bare: bool = False) -> str:
    """A figure with its interval, or without; "-" where there is none or it says nothing."""
    figure = figures.get(metric)
    if figure is None or figure["value"] is None:
        return "-"
    if bare:
        return f"{figure['value']:.3f}"
    return interval(figure, percent=metric.startswith("wins"))


def _best(figures: Mapping[str, Any], rivals: Sequence[str], metric: str) -> str:
    """Whoever of the rivals did best, and how well."""
    judged = {name: figures[name].get(metric, {}).get("value") for name in rivals}
    known = {name: value for name, value in judged.items() if value is not None}
    if not known:
        return "-"
    name = (max if metric == "auc" else min)(known, key=lambda rival: known[rival])
    return f"{known[name]:.3f} {name}"


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells, the first its head, each column as wide as its widest cell.

    >>> _columns([["", "won"], ["2026-01", "7"]])
    ['         won', '2026-01  7']
    """
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def interval(figure: Mapping[str, float], *, percent: bool = False) -> str:
    """A figure with its 90 % interval.

    >>> interval({"value": 0.583, "lower": 0.52, "upper": 0.641}, percent=True)
    '58 % (52 to 64)'
    """
    value, lower, upper = figure["value"], figure["lower"], figure["upper"]
    if percent:
        return f"{100 * value:.0f} % ({100 * lower:.0f} to {100 * upper:.0f})"
    return f"{value:.3f} ({lower:.3f} to {upper:.3f})"
