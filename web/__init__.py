"""The faces of the registry: pages, the API, the command line. Nothing is built but by ``create_app``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask
    from sqlalchemy import Engine

    from web.settings import Settings

__all__ = ["create_app"]


def create_app(settings: Settings, *, engine: Engine | None = None, sandbox: bool = False) -> Flask:
    """Build the application. engine: another than that of the settings, for tests.

    sandbox: whether the database is a copy in which anybody may try the desk. No setting can say so.
    """
    # Imported here, so that a command that serves nothing starts without the faces and their map library.
    from flask import Flask

    from web import (
        api,
        assets,
        base_maps,
        db,
        desk,
        downloads,
        embed,
        finder,
        health,
        i18n,
        limiting,
        logs,
        metrics,
        ogc,
        pages,
        planner,
        problems,
        quality,
        reports,
        security,
    )

    app = Flask(__name__, static_folder=None)
    app.config["YIZHAN_SETTINGS"] = settings
    app.config["YIZHAN_SANDBOX"] = sandbox
    app.secret_key = settings.require_secret_key()
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.url_map.strict_slashes = False
    writing = engine or db.make_engine(settings)
    reading = db.reader(engine) if engine else db.make_engine(settings, reading=True)
    logs.init_app(app, settings)
    metrics.init_app(app, settings, engines={"writing": writing, "reading": reading})
    db.init_app(app, writing=writing, reading=reading)
    i18n.init_app(app, default=settings.lang)
    problems.init_app(app)
    app.config["YIZHAN_BASE_MAP"] = base = base_maps.configured(settings)
    security.init_app(app, image_origins=base.image_origins, ancestors=settings.embed_ancestors)
    base_maps.init_app(app, base)
    limiting.init_app(app, settings)
    _compress(app)
    assets.init_app(app)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(finder.blueprint)
    app.register_blueprint(quality.blueprint)
    app.register_blueprint(api.blueprint)
    app.register_blueprint(reports.blueprint)
    app.register_blueprint(embed.blueprint)
    app.register_blueprint(ogc.blueprint)
    app.register_blueprint(downloads.blueprint)
    desk.init_app(app)
    planner.init_app(app)
    health.init_app(app, settings)

    return app


def _compress(app: Flask) -> None:
    from flask_compress import Compress

    app.config["COMPRESS_MIMETYPES"] = [
        "text/html",
        "application/json",
        "application/geo+json",
        "application/problem+json",
        "application/schema+json",
        "application/vnd.oai.openapi+json",
    ]
    app.config["COMPRESS_ALGORITHM"] = ["br", "gzip"]
    app.config["COMPRESS_BR_LEVEL"] = 4
    app.config["COMPRESS_STREAMS"] = False
    Compress(app)
