"""How does a file come to be whole or not at all? Written beside its place, then put there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def in_place_of(path: Path, draft: Path) -> Iterator[Path]:
    """The draft, which takes the place of ``path`` once it is written and on the disk.

    Args:
        path: where the file is to be.
        draft: where it is written, in the same folder; gone where writing it failed.

    Raises:
        OSError: there is no room, or no right to write.
    """
    try:
        yield draft
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise
