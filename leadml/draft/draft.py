"""What would a first ``leadml.toml`` for these files say?

`draft_config` looks at each file, decides what it is and which of its columns are ours, guesses
the rest from the values, and writes it down section by section, with comments for the person who
mends it. Every guess is by name (`leadml.hints`) *and* by value: a column called ``created`` that
holds no times is not taken. What could not be guessed is said, never made up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from leadml.draft.assign import assign_files, matched, strangers
from leadml.draft.attributes import attributes_section, find_order_by
from leadml.draft.data import columns_sections, data_section, examples_section, not_used
from leadml.draft.events import events_section
from leadml.draft.files import open_file
from leadml.draft.label import label_section
from leadml.draft.times import read_clock

POINTS = (
    "",
    "# A table of points is the model's rival in every report, and the scorer of the first days.",
    "# The usual one is built in; a rule of your own replaces its part of it:",
    "# [[points.fit]]",
    '# attribute = "employees"',
    "# at_least = 50",
    "# at_most = 1000",
    "# points = 20",
    "#",
    "# [[points.behaviour]]",
    '# event = "*pricing*"',
    "# within_days = 90",
    "# points = 20",
)
"""How points are set, as comments."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A first configuration.

    Attributes:
        toml: the text of ``leadml.toml``.
        said: what to tell the person who asked for it, a line each.
    """

    toml: str
    said: tuple[str, ...]


def draft_config(files: Sequence[Path], folder: Path) -> Draft:
    """A ``leadml.toml`` for ``files``, to be written into ``folder``.

    Raises:
        DataError: a file is absent, empty or unreadable, or none says which leads there are.
    """
    opened = [open_file(path) for path in dict.fromkeys(files)]
    tables, left_out = assign_files(opened)
    clock = read_clock(tables.values())
    leads = tables["table"] if "table" in tables else tables["leads"]
    attributes, suspects = attributes_section(leads, find_order_by(leads))
    label, about_label = label_section(tables, clock)
    events, about_events = events_section(tables["events"]) if "events" in tables else ([], [])
    lines = [
        "# A first draft by `leadml init`, guessed from names and values. Read it, mend it.",
        *data_section(tables, folder, clock),
        *not_used(opened, tables),
        *columns_sections(tables),
        *attributes,
        *label,
        *examples_section(tables),
        *events,
        *POINTS,
    ]
    said = [matched(table) for table in tables.values()]
    said += [*strangers(tables), *left_out, *clock.notes, *about_label, *suspects, *about_events]
    return Draft("\n".join(lines) + "\n", tuple(said))
