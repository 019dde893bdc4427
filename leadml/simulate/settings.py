"""What does the `leadml.toml` beside a simulated company say?"""

import pandas as pd

from leadml.simulate.behaviour import HABITS
from leadml.simulate.calendar import HORIZON_DAYS

CONFIG_NAME = "leadml.toml"
MAX_AGE_DAYS = 365

_HEAD = """\
# A simulated B2B company: `truth.parquet` beside this file holds the true probability of each
# lead, to compare scores with. No model may read it, and nothing here points to it.

[data]
source = "."             # this folder: leads, events, outcomes, attributes and spend, as Parquet
end = {end}

[label]
outcome = "closed_won"
horizon_days = {horizon_days}

[examples]
after_days = [0]         # a lead is scored when it arrives,
every = "month"          # and again on the first of each month,
max_age_days = {max_age_days}       # while it is open and no older than this

[attributes]
exclude = []             # One column too good to be true is left in on purpose: `leadml check`
                         # finds it, and training refuses it. Of an e-mail address only the kind
                         # of its domain is read: company, free mail, education, disposable.

[registry]
folder = "models"
name = "lead-scorer"
"""

_EVENT = """
[events.{name}]
one = "{one}"
many = "{many}"
kind = "{kind}"
points = {points:g}
"""


def config_text(end: pd.Timestamp) -> str:
    """The text of `leadml.toml` for data that end at ``end`` (UTC): every event type declared."""
    head = _HEAD.format(
        end=f"{end:%Y-%m-%dT%H:%M:%SZ}", horizon_days=HORIZON_DAYS, max_age_days=MAX_AGE_DAYS
    )
    events = [
        _EVENT.format(
            name=name,
            one=habit.words.one,
            many=habit.words.many,
            kind=habit.words.kind,
            points=habit.words.points,
        )
        for name, habit in HABITS.items()
    ]
    return head + "".join(events)
