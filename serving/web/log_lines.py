"""How does the app's log read? One JSON object a line, with nothing personal in it.

A log call whose one argument is a mapping leaves its facts as fields of the line. Of an exception
the line tells kind and place, never its text, which may hold what a client sent. The lines of
`serving.web.request_log` are JSON already.

>>> record = logging.makeLogRecord({"name": "serving", "levelname": "INFO", "created": 0.0})
>>> record.msg, record.args = "took %(ms)s ms", {"ms": 3}
>>> print(JsonLines().format(record))
{"time": "1970-01-01T00:00:00.000Z", "level": "info", "logger": "serving", \
"message": "took 3 ms", "ms": 3}
"""

import json
import logging
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TextIO

from serving.web import request_log

ROOMS = ("leadml", "features", "serving")
"""Whose lines are written from ``info`` on; all others from ``warning``."""


class JsonLines(logging.Formatter):
    """Writes a log record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line: time, level, logger, message, then the facts."""
        if record.name == request_log.__name__:
            return record.getMessage()
        moment = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, object] = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if isinstance(record.args, Mapping):
            line.update(record.args)
        if record.exc_info and record.exc_info[1]:
            line.update(told(record.exc_info[1]))
        return json.dumps(line, default=str)


def write_json_lines(stream: TextIO) -> None:
    """Sends what this process logs to ``stream``, as JSON lines."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for room in ROOMS:
        logging.getLogger(room).setLevel(logging.INFO)


def told(error: BaseException) -> dict[str, str]:
    """An exception's kind and place, as facts of a log line."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    return {"error": type(error).__name__, "frames": frames}
