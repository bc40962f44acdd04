"""``yizhan site``: where the next stations help most, searched, checked and kept at the prompt."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from web.cli.common import is_terminal, on_registry, registry_session, say
from web.cli.site_asked import options, question
from web.cli.site_candidates import candidates
from web.cli.site_kept import KEPT, regions, show_plan
from web.cli.site_words import as_json
from web.settings import Settings

__all__ = ["site"]

_STEPS = {"demand": "Laying the demand on cells", "candidates": "Gathering candidates", "reach": "Measuring the ways",
          "search": "Searching", "further": "Looking beyond the plan", "tell": "Counting whom the sites reach"}  # fmt: skip
#: How much of the whole is done when a step begins; most of it is the search.
_BEGINS = {"demand": 0, "candidates": 100, "reach": 150, "search": 300, "further": 800, "tell": 950}


@click.group()
def site() -> None:
    """Where the next stations help most, and how sure that is."""


@site.command()
@on_registry
@click.argument("query", default="")
@options
@click.option("--keep", "title", metavar="TITLE", help="Keep the plan under this title.")
@click.option("--json", "as_text", is_flag=True, help="Write all figures as JSON, not tables.")
def propose(
    settings: Settings,
    /,
    query: str,
    *,
    title: str | None,
    programme: str | None,
    as_text: bool,
    **asked: Any,
) -> None:
    """Propose sites for new stations.

    QUERY says which existing stations count ('kind=rider_station'); every rest station in service without one.
    """
    from stations.planning.siting import plans
    from stations.planning.siting import propose as search
    from stations.planning.ways import for_question
    from stations.registry.writing import OPERATOR, acting, actor_id

    with registry_session(settings) as session:
        asked_for = question(session, settings, query, programme, asked)
        ways = for_question(asked_for.reach, settings.streets)
        started = time.monotonic()
        with _progress() as told:
            found = search(session, asked_for, now=settings.now(), ways=ways, told=told)
        number = None
        if title is not None:
            operator = actor_id(session, OPERATOR)
            with acting(session, operator, reason=f"siting: {title.strip()[:200]}"):
                number = plans.ask(session, asked_for, title=title, actor=operator).id
                plans.finish(session, number, found, now=settings.now(), seconds=time.monotonic() - started)
        names = regions(session)
    told_of = as_json(found)
    if as_text:
        click.echo(json.dumps(told_of, ensure_ascii=False, indent=2))
    else:
        show_plan(told_of, names)
    if number is not None:
        say(f"Kept as plan {number}.")


@contextmanager
def _progress() -> Iterator[Callable[[str, float], None]]:
    """Show how far a plan is: a bar where somebody watches, a line for each step where not."""
    if not is_terminal():
        before: list[str] = []

        def tell(step: str, _: float) -> None:
            if step not in before:
                before.append(step)
                say(f"{_STEPS[step]} …")

        yield tell
        return
    with click.progressbar(length=1_000, label=_STEPS["demand"], file=sys.stderr) as bar:
        reached = 0

        def show(step: str, share: float) -> None:
            nonlocal reached
            bar.label = _STEPS[step]
            span = {"search": 500, "further": 150}.get(step, 0)
            wanted = round(_BEGINS[step] + span * share)
            bar.update(max(0, wanted - reached))
            reached = max(reached, wanted)

        yield show
        bar.update(1_000 - reached)


for command in (*KEPT, candidates):
    site.add_command(command)
