"""How is a figure written, and a table of them?"""

from collections.abc import Mapping, Sequence


def interval(figure: Mapping[str, float], *, percent: bool = False) -> str:
    """A figure with its 90 % interval.

    >>> interval({"value": 0.583, "lower": 0.52, "upper": 0.641}, percent=True)
    '58 % (52 to 64)'
    """
    value, lower, upper = figure["value"], figure["lower"], figure["upper"]
    if percent:
        return f"{100 * value:.0f} % ({100 * lower:.0f} to {100 * upper:.0f})"
    return f"{value:.3f} ({lower:.3f} to {upper:.3f})"


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells, the first its head, each column as wide as its widest cell.

    >>> aligned([["", "won"], ["2026-01", "7"]])
    ['         won', '2026-01  7']
    """
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
