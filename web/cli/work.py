"""What is done to a registry beside serving it: filled the first time, and kept up. Each may be repeated."""

from __future__ import annotations

from stations.hours import SHANGHAI
from web.cli.common import say, transaction
from web.settings import Settings

__all__ = ["fill_demo", "load_regions", "upkeep"]


def fill_demo(settings: Settings) -> bool:
    """Fill the demonstration registry; False where it is filled already.

    Raises Conflict for a registry that is somebody's own.
    """
    from stations import demo

    with transaction(settings) as session:
        demo.prepare(session, say=say)
    with transaction(settings) as session:
        filled = demo.fill(session, today=settings.now().astimezone(SHANGHAI).date(), say=say)
        if filled:
            say("Measuring who has a station within reach …")
            demo.add_run(session, now=settings.now())
            say("Searching where twenty more would help most …")
            demo.add_plan(session, now=settings.now())
    if filled:
        _show_quality(settings)
    return filled


def _show_quality(settings: Settings) -> None:
    """Give a demonstration scans of its plates and the quality of the year before, each in a transaction of its actor."""
    from stations import demo
    from stations.registry.writing import DEMONSTRATION, actor_id
    from web.quality.keeping import look_back

    with transaction(settings) as session:
        demo.add_scans(session, today=settings.now().astimezone(SHANGHAI).date())
    with transaction(settings) as session:
        say("Looking back on the quality of twelve months …")
        look_back(session, settings, actor=actor_id(session, DEMONSTRATION))


def load_regions(settings: Settings, province: str) -> bool:
    """Load the regions and places of a province into a registry that has none; False where it has them.

    Raises Conflict where the registry is of another province.
    """
    from stations.registry import places, regions
    from stations.registry.writing import OPERATOR, actor_id

    with transaction(settings) as session:
        if regions.is_loaded(session, province):
            return False
        operator = actor_id(session, OPERATOR)
        say(f"Loading the regions of province {province} …")
        loaded = regions.load(session, province=province, actor=operator)
        say(f"{loaded.read} regions. Loading places …")
        found = places.load(session, actor=operator)
        say(f"{found.read} places.")
    return True


def upkeep(settings: Settings) -> tuple[int, int]:
    """Extend the index of opening hours over the coming weeks, and derive what a newer schema left to be derived.

    Deletes what the public's reports were counted by, too, and numbers of ended notices, first and by itself: it must not wait for the rest. Photos
    that nothing names any more go last, with lists that were imported long ago and long work that is over; then the
    dump of the day is written. Returns how many schedules it extended and dropped.
    """
    from stations import jobs
    from stations.accounts import sweeping
    from stations.keeping import files, inbox, retention, voices
    from stations.keeping.community import notices
    from stations.registry import derived, schedules
    from stations.registry.writing import OPERATOR, acting, actor_id
    from web import logs
    from web.quality.keeping import keep_month

    with transaction(settings) as session:
        voices.sweep(session, settings.now())
    with transaction(settings) as session:
        notices.sweep(session, settings.now())
    with transaction(settings) as session:
        sweeping.sweep(session, settings.now())
    with transaction(settings) as session:
        if derived.is_behind(session):
            with acting(session, actor_id(session, OPERATOR), reason="derived again after an upgrade"):
                pass
        done = schedules.extend(session, now=settings.now())
    with transaction(settings) as session:
        retention.forget_answered(session, settings.now(), days=settings.report_days)
    with transaction(settings) as session:
        files.sweep(session, settings.photos)
    with transaction(settings) as session:
        inbox.sweep(session, settings.uploads, settings.now())
        jobs.sweep(session, settings.now())
    with transaction(settings) as session:
        keep_month(session, settings, actor=actor_id(session, OPERATOR))
    logs.sweep(settings, settings.now())
    # GDAL takes a second to load, which a command that does nothing of this need not wait for.
    from web.downloads import dumps

    dumps.keep_up(settings)
    return done
