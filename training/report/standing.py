"""Is the model ahead of a rival, behind it, or can that not be told?

Told by the difference of both on the same examples, where it was measured: it is clear where its
90 % interval does not hold nothing. Where only each one's own interval is known, it is clear where
the two lie apart; where they overlap, nothing is claimed.
"""

from collections.abc import Mapping
from typing import Any, Literal

Standing = Literal["ahead", "behind", "unclear"]

LESS_IS_BETTER = {"log_loss"}


def standing(own: Mapping[str, Any], rival: str, metric: str) -> Standing | None:
    """How the model stands beside a rival; None where a figure is missing or says nothing.

    Args:
        own: figures, by scorer, then metric; and ahead, the model's less a rival's, where known.
        rival: its name.
        metric: its name.
    """
    model, other = (figure_of(own, name, metric) for name in ("model", rival))
    if model is None or other is None:
        return None
    known = own.get("ahead", {}).get(rival, {}).get(metric)
    if known is not None and known["value"] is not None:
        above, below = known["lower"] > 0, known["upper"] < 0
    else:
        above, below = model["lower"] > other["upper"], model["upper"] < other["lower"]
    if not above and not below:
        return "unclear"
    return "behind" if above == (metric in LESS_IS_BETTER) else "ahead"


def figure_of(own: Mapping[str, Any], scorer: str, metric: str) -> Mapping[str, float] | None:
    """A figure; None where the scorer has none or it says nothing."""
    figure = own["figures"].get(scorer, {}).get(metric)
    return None if figure is None or figure["value"] is None else figure
