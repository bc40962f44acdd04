"""How answers leave the server: a reader on a slow network must not hold up everybody else.

A thread that hands a body over piece by piece waits for the reader between the pieces. So what is small is handed over at
once and waits in the memory of the network's side, and of the large files only so many are on their way at a time: some
threads are always left for pages.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar, cast

from flask import request
from werkzeug.exceptions import ServiceUnavailable
from werkzeug.wrappers import Response
from werkzeug.wsgi import ClosingIterator, FileWrapper

__all__ = ["AT_ONCE", "THREADS", "WHOLE_BYTES", "Sending", "one_of_a_few"]

THREADS: Final = 4
"""Threads of a server process."""
AT_ONCE: Final = 2
"""Large files that a process sends at a time."""
WHOLE_BYTES: Final = 1 << 20
"""A body of at most so many bytes is handed over at once."""
_PIECE: Final = 1 << 18
_Start = Callable[..., Any]
_Answer = TypeVar("_Answer", bound=Response)


class Sending:
    """Wraps a WSGI application: small bodies become one piece, those of files pieces of a quarter of a megabyte."""

    def __init__(self, app: Callable[[dict[str, Any], _Start], Iterable[bytes]]) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: _Start) -> Iterable[bytes]:
        """Answer a request. A body whose length is not said is passed on as it comes."""
        said: list[int] = []

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            said[:] = [int(value) for name, value in headers if name.lower() == "content-length"]
            return start_response(status, headers, *rest)

        environ["wsgi.file_wrapper"] = lambda file, _=0: FileWrapper(file, _PIECE)
        body = self._app(environ, start)
        if not said or said[0] > WHOLE_BYTES:
            return body
        try:
            return [b"".join(body)]
        finally:
            if hasattr(body, "close"):
                body.close()


_PLACES: Final = threading.BoundedSemaphore(AT_ONCE)


def one_of_a_few(answer: _Answer) -> _Answer:
    """Give a file that is large one of the places, until it is sent or its reader is gone.

    Raises ServiceUnavailable with Retry-After where none is free.
    """
    if request.method == "HEAD" or answer.status_code == 304 or (answer.content_length or 0) <= WHOLE_BYTES:
        return answer
    if not _PLACES.acquire(blocking=False):
        answer.close()
        raise ServiceUnavailable("many large files are being sent now; try again in a moment", retry_after=15)
    # Not call_on_close: werkzeug hands a file to the server past the answer, and the answer is never closed.
    answer.response = ClosingIterator(cast("Iterable[bytes]", answer.response), _PLACES.release)
    return answer
