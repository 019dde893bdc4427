"""How the log of the app reads: one JSON object a line."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from serving.web.log_lines import write_json_lines

SECRET = "jane@example.com"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where this process logs to as long as the test runs."""
    root = logging.getLogger()
    kept, level = root.handlers[:], root.level
    rooms = [logging.getLogger(room) for room in ("leadml", "features", "serving")]
    levels = [room.level for room in rooms]
    root.handlers.clear()
    own = io.StringIO()
    write_json_lines(own)
    yield own
    root.handlers[:] = kept
    root.setLevel(level)
    for room, before in zip(rooms, levels, strict=True):
        room.setLevel(before)


def test_a_call_becomes_one_line_with_its_facts(stream):
    logging.getLogger("serving.models.keeper").info(
        "version %(version)s\nanswers", {"version": "7"}
    )
    (text,) = stream.getvalue().splitlines()
    line = json.loads(text)
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "info",
        "logger": "serving.models.keeper",
        "message": "version 7\nanswers",
        "version": "7",
    }


def test_lines_that_are_json_already_pass_as_they_are(stream):
    logging.getLogger("serving.web.request_log").info("%s", '{"a": 1}\n{"a": 2}')
    assert stream.getvalue() == '{"a": 1}\n{"a": 2}\n'


def test_an_exception_is_told_by_kind_and_place_and_not_by_its_text(stream):
    try:
        int(SECRET)
    except ValueError:
        logging.getLogger("uvicorn.error").exception("it broke")
    line = json.loads(stream.getvalue())
    assert (line["message"], line["error"], line["level"]) == ("it broke", "ValueError", "error")
    assert "test_log_lines.py" in line["frames"]
    assert SECRET not in stream.getvalue()


def test_others_are_heard_from_warnings_on(stream):
    for name in ("elsewhere", "serving.web.app"):
        logging.getLogger(name).info("hello")
        logging.getLogger(name).warning("careful")
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["logger"], line["level"]) for line in told] == [
        ("elsewhere", "warning"),
        ("serving.web.app", "info"),
        ("serving.web.app", "warning"),
    ]
