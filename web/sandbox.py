"""The sandbox: a copy of the demonstration at /sandbox, in which anybody may try the desk as anybody, made anew each day.

Its database, its key and its photos are its own, so nothing done there reaches the demonstration, and no cookie of one is
worth anything at the other. It is mounted beside an application and never is one by itself.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from stations import accounts
from stations.accounts.tryers import TRYERS
from stations.cluster import APP, Cluster, copies
from stations.hours import SHANGHAI
from stations.registry.writing import OPERATOR, acting, actor_id
from web.cli.common import transaction
from web.registries import ROOT
from web.settings import DEMO, Settings, SettingsError

__all__ = ["PREFIX", "keep_up", "let_in", "mount", "of", "prepare"]

PREFIX = "/sandbox"
_SOURCE = f"yizhan_{DEMO}"
_DATABASE = "yizhan_sandbox"
#: A copy that nobody connects to, so that the sandbox can be made of it while the demonstration is served.
_SEED = "yizhan_sandbox_seed"
_UPLOAD_MB = 8


def of(settings: Settings) -> Settings:
    """Return the settings of the sandbox beside an application of these."""
    if settings.sandbox_database_url is None or settings.sandbox_database_url == settings.database_url:
        raise SettingsError(
            "YIZHAN_SANDBOX_DATABASE_URL must be another database than YIZHAN_DATABASE_URL: anybody may write there",
            field="YIZHAN_SANDBOX_DATABASE_URL",
        )
    return replace(
        settings,
        database_url=settings.sandbox_database_url,
        owner_database_url=None,
        read_database_url=None,
        log=None,
        sandbox_database_url=None,
        secret_key=settings.key_for("sandbox").hex(),
        photos=settings.photos.with_name(f"{settings.photos.name}-sandbox"),
        uploads=settings.uploads.with_name(f"{settings.uploads.name}-sandbox"),
        downloads=settings.downloads.with_name(f"{settings.downloads.name}-sandbox"),
        # Anybody may send files there.
        upload_max_mb=min(settings.upload_max_mb, _UPLOAD_MB),
        require_two_factor=None,
        oidc_issuer=None,
        smtp_url=None,
    )


def mount(app: Flask, settings: Settings) -> None:
    """Let an application answer /sandbox with the sandbox of its settings, where they name one."""
    if settings.sandbox_database_url is None:
        return
    from web import create_app

    sandbox = create_app(of(settings), sandbox=True)
    app.extensions["yizhan.sandbox"] = sandbox
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {PREFIX: sandbox})  # type: ignore[method-assign]


def prepare(settings: Settings, root: Path = ROOT) -> Settings:
    """Make the sandbox of the demonstration in the private cluster, and return the settings with its address.

    Copies files inside the cluster, which takes less than a second. Where another server is using the demonstration, the
    copy of before is taken; without one there is no sandbox this time.
    """
    if settings.registry != DEMO:
        return settings
    cluster = Cluster.locate(root)
    today = _today(settings)
    copies.copy(cluster, _SOURCE, _SEED, note=today)
    if copies.note_of(cluster, _SEED) is None:
        return settings
    ready = replace(settings, sandbox_database_url=cluster.url(_DATABASE, APP))
    if copies.note_of(cluster, _DATABASE) != today or not copies.is_used(cluster, _DATABASE):
        _remake(cluster, ready, today)
    return ready


def keep_up(settings: Settings, root: Path = ROOT) -> bool:
    """Make the sandbox anew where it is of another day; returns whether it was."""
    if settings.sandbox_database_url is None or settings.registry != DEMO:
        return False
    cluster, today = Cluster.locate(root), _today(settings)
    if copies.note_of(cluster, _DATABASE) == today:
        return False
    return _remake(cluster, settings, today)


def _remake(cluster: Cluster, settings: Settings, note: str) -> bool:
    made = copies.copy(cluster, _SEED, _DATABASE, note=note)
    if made:
        sandbox = of(settings)
        shutil.rmtree(sandbox.uploads, ignore_errors=True)
        shutil.rmtree(sandbox.photos, ignore_errors=True)
        if settings.photos.is_dir():
            shutil.copytree(settings.photos, sandbox.photos, copy_function=_linked)
        let_in(sandbox)
    return made


def let_in(sandbox: Settings) -> None:
    """Add those as whom one tries the desk: without a password, so that no log-in but the sandbox's lets them in."""
    with transaction(sandbox) as session:
        operator = actor_id(session, OPERATOR)
        with acting(session, operator, reason="the sandbox was made"):
            for tryer in TRYERS:
                made = accounts.add(session, tryer.login, name=tryer.name)
                accounts.grant(session, made.id, tryer.role, tryer.region)


def _linked(source: str, target: str) -> str:
    # Photos are named by their content and never rewritten.
    Path(target).hardlink_to(source)
    return target


def _today(settings: Settings) -> str:
    moment: datetime = settings.now()
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d}"
