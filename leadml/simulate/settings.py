"""What does the `leadml.toml` beside a simulated company say?"""

import pandas as pd

from leadml.point_rules import DECISION_MAKERS
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

_POINTS = """
# What sales and marketing agreed on before there was a model: its rival in every report.
[points]
mql = 60
sql = 80

[[points.fit]]
attribute = "employees"
at_least = 50
at_most = 1000
points = 20
said = "company size in the target range"

[[points.fit]]
attribute = "job_title"
matches = '{decision_makers}'
points = 15
said = "decision-maker title"

[[points.fit]]
attribute = "industry"
one_of = ["logistics", "manufacturing", "retail"]
points = 10
said = "target industry"

[[points.fit]]
attribute = "job_title"
matches = 'student|étudiant|doktorand|competitive intelligence'
points = -100
said = "student or competitor"

[[points.behaviour]]
event = "pricing_page_view"
points = 20
said = "pricing page viewed"

[[points.behaviour]]
event = "content_download"
points = 10
said = "case study or guide downloaded"

[[points.behaviour]]
event = "webinar_attended"
points = 15
said = "webinar attended"

[[points.behaviour]]
event = "email_open"
at_least = 3
within_days = 30
points = 5
said = "three or more e-mails opened"

[[points.behaviour]]
event = "trial_session"
each = true
points = 5
most = 20
said = "trial used"

[[points.behaviour]]
event = "*_request"       # of a demo or a quote
points = 30
said = "demo or quote asked for"

[[points.behaviour]]
event = "unsubscribed"
within_days = 0           # however long ago
points = -30

[[points.behaviour]]
event = "email_bounced"
within_days = 0
points = -50
said = "e-mail bounced"
"""

_EVENT = """
[events.{name}]
one = "{one}"
many = "{many}"
kind = "{kind}"
"""


def config_text(end: pd.Timestamp) -> str:
    """The text of `leadml.toml` for data that end at ``end`` (UTC), with every event type."""
    head = _HEAD.format(
        end=f"{end:%Y-%m-%dT%H:%M:%SZ}", horizon_days=HORIZON_DAYS, max_age_days=MAX_AGE_DAYS
    )
    events = [
        _EVENT.format(
            name=name,
            one=habit.words.one,
            many=habit.words.many,
            kind=habit.words.kind,
        )
        for name, habit in HABITS.items()
    ]
    points = _POINTS.format(decision_makers=DECISION_MAKERS)
    return head + "".join(events) + points
