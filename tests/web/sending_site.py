"""A small site for a real server process: a page, and a file that no reader's network takes at once."""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask, send_file
from werkzeug.wrappers import Response

from web import problems
from web.sending import Sending, one_of_a_few

__all__ = ["application"]


def application() -> Flask:
    """Build the site; the file is the one that SENDING_FILE names."""
    app = Flask(__name__)
    problems.init_app(app)

    @app.get("/download/file")
    def file() -> Response:
        return one_of_a_few(send_file(Path(os.environ["SENDING_FILE"]), conditional=True, etag="x"))

    @app.get("/page")
    def page() -> str:
        return "a page"

    app.wsgi_app = Sending(app.wsgi_app)  # type: ignore[method-assign]
    return app
