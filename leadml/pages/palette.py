"""Which colours do our pages have? Each on light and on dark ground."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour on light and on dark ground."""

    name: str
    light: str
    dark: str


PALETTE = (
    Colour("ink", "#1d2733", "#e6eaf0"),
    Colour("soft", "#566273", "#a9b4c2"),
    Colour("grid", "#dfe4ea", "#36404c"),
    Colour("model", "#1a5fb4", "#7fb5ff"),
    Colour("rival", "#a8500a", "#ffb26b"),
    Colour("chance", "#69737f", "#98a3b0"),
    Colour("fit", "#1b5eb3", "#7eb4fe"),
    Colour("engagement", "#0b7261", "#52cfb4"),
    Colour("intent", "#7440b0", "#c5a3ff"),
    Colour("negative", "#b02a21", "#ff9088"),
)
"""Every colour of the charts; no two light ones are the same, so each can be told by its value."""
