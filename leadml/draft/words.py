"""How is a name written in TOML, and how are many of them?"""

import json
from collections.abc import Iterable


def quote(text: str) -> str:
    """A TOML string; on one line whatever ``text`` holds."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def wrapped(names: Iterable[str], indent: str) -> list[str]:
    """Quoted names, comma after each, in lines of a readable length."""
    quoted = [f"{quote(name)}," for name in names]
    lines, line = [], ""
    for item in quoted:
        if line and len(line) + len(item) > 90:
            lines.append(indent + line)
            line = ""
        line = f"{line} {item}".strip()
    return [*lines, indent + line] if line else lines


def comments(names: Iterable[str]) -> list[str]:
    """Quoted names, as lines of comments."""
    return [f"# {line}" for line in wrapped(names, "")]
