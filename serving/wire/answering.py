"""How is a request answered? Read, scored and said, from bytes to bytes."""

import json
from dataclasses import dataclass
from datetime import datetime

from serving.asking import ask
from serving.scorer import Scorer
from serving.scores import Scores
from serving.scoring import score_subjects
from serving.wire.answers import build_response
from serving.wire.requests import read_request
from serving.wire.told import previous_told, subjects_told


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of an answer, the scores in it, and how many events of no known type came in."""

    content: bytes
    scores: Scores
    unknown_events: int


def answer(scorer: Scorer, body: bytes, *, now: datetime, max_leads: int) -> Answer:
    """Validates, scores and answers one request.

    Args:
        scorer: the model.
        body: the JSON that was sent.
        now: the current moment.
        max_leads: how many leads a request may hold.

    Raises:
        HTTPException: 400, the body is no JSON.
        InvalidRequestError: the request cannot be used, or none of its leads.
    """
    asked = read_request(body, scorer, now=now, max_leads=max_leads)
    scores = score_subjects(
        scorer,
        subjects_told(asked, scorer),
        most_reasons=asked.request.explain,
        previous=previous_told(asked.leads),
    )
    questions = ask(scorer, scores, most=asked.request.ask) if asked.request.ask else None
    said = build_response(scorer, asked, scores, questions)
    return Answer(said.model_dump_json().encode(), scores, int((asked.acts.type < 0).sum()))


def warm_up(scorer: Scorer) -> Answer:
    """Scores one lead, so that the first request need not wait for what is read once."""
    known_until: str = scorer.model.card["known_until"]
    texts = dict.fromkeys(scorer.text_columns, "nobody@example.com")
    lead = {"lead_id": "warm-up", "created_at": known_until, "attributes": texts}
    body = json.dumps({"as_of": known_until, "leads": [lead]}).encode()
    return answer(scorer, body, now=datetime.fromisoformat(known_until), max_leads=1)
