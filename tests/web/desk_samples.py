"""Sample requests of the desk, with which the matrix of roles asks at every route (``test_desk_matrix.py``).

A route that writes, or whose address has values in it, needs a ``Sample`` under (METHOD, rule as in the address map); one
that has none fails the matrix. Put yours into a file of your own, ``tests/web/desk_samples_<part>.py``, as ``SAMPLES``:

    SAMPLES = {
        ("POST", "/desk/stations/<code>/close"): Sample(
            values=lambda world: {"code": world.station().code},
            form={"on": "2026-01-05", "reason": "装修"},
            bound=True,
        ),
    }

``values`` is called before every request, in a transaction of its own that is committed, and makes what is asked of
freshly in ``world.county``. The matrix asks with a thing of 630222, where the roles are held, and where ``bound`` also
with one of 630202, where nobody but the administrator of all may write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from desk_fixtures import PASSWORD, SomeStaff, staff_member
from sqlalchemy import text
from sqlalchemy.orm import Session

from stations import accounts
from stations.models import Station
from stations.registry import registry
from stations.registry.writing import OPERATOR, acting, actor_id

__all__ = ["SAMPLES", "Sample", "World"]


@dataclass(frozen=True)
class World:
    """What a sample stands on: a session that will be committed, the county it is about, and who will ask."""

    session: Session
    county: str
    member: SomeStaff

    @property
    def operator(self) -> int:
        """The actor who may make everything."""
        return actor_id(self.session, OPERATOR)

    def number(self) -> int:
        """Give a number that was not given before."""
        return int(self.session.execute(text("SELECT nextval('station_serial')")).scalar_one())

    def station(self, name: str = "样站") -> Station:
        """Add a station of the county."""
        with acting(self.session, self.operator, reason="sample"):
            return registry.add(
                self.session,
                kind="union_station",
                region_code=self.county,
                names={"zh": f"{name}{self.number()}"},
            )

    def person(self, role: str = "viewer") -> SomeStaff:
        """Return a member of staff with a role in the county."""
        return staff_member(self.session, f"some-{role}-{self.county}", role, self.county)


@dataclass(frozen=True)
class Sample:
    """A request in which nothing but the role or the region can be wrong.

    values: fills the address. form: the body, or a function of the world and the values that makes it; json: one of JSON.
    query: the query string. bound: whether the region counts. ok: statuses for somebody who may.
    """

    values: Callable[[World], Mapping[str, Any]] = lambda _: {}
    form: Mapping[str, Any] | Callable[[World, Mapping[str, Any]], Mapping[str, Any]] = field(
        default_factory=dict
    )
    json: Any = None
    query: Mapping[str, Any] = field(default_factory=dict)
    bound: bool = False
    ok: tuple[int, ...] = (200, 302, 303)


def _viewer(world: World, act: str) -> dict[str, Any]:
    return {"staff_id": world.person().id, "act": act}


def _idle(world: World) -> dict[str, Any]:
    """Make somebody without any role, whom every administrator may manage."""
    with acting(world.session, world.operator, reason="sample"):
        made = accounts.add(world.session, f"idle{world.number()}", name="新人")
    return {"staff_id": made.id}


SAMPLES: dict[tuple[str, str], Sample] = {
    ("POST", "/desk/log-in"): Sample(form={"login": "nobody-at-all", "password": "x"}, ok=(401, 429)),
    ("POST", "/desk/log-in/code"): Sample(form={"code": "123456"}),
    ("POST", "/desk/log-out"): Sample(),
    ("POST", "/desk/forgotten"): Sample(form={"login": "nobody-at-all"}),
    ("GET", "/desk/link/<token>"): Sample(values=lambda _: {"token": "x"}, ok=(404,)),
    ("POST", "/desk/link/<token>"): Sample(
        values=lambda _: {"token": "x"}, form={"password": PASSWORD, "again": PASSWORD}, ok=(404,)
    ),
    ("GET", "/desk/oidc/<any('log-in', 'link', 'confirm'):purpose>"): Sample(
        values=lambda _: {"purpose": "log-in"}, ok=(404,)
    ),
    ("POST", "/desk/confirm"): Sample(form={"password": PASSWORD}),
    ("POST", "/desk/me/password"): Sample(
        form={"present": PASSWORD, "password": PASSWORD, "again": PASSWORD}, ok=(303,)
    ),
    ("POST", "/desk/me/language"): Sample(form={"lang": ""}),
    ("POST", "/desk/me/sessions/end"): Sample(),
    ("POST", "/desk/me/second-factor"): Sample(form={"code": "000000"}, ok=(400,)),
    ("POST", "/desk/me/second-factor/off"): Sample(),
    ("POST", "/desk/me/second-factor/codes"): Sample(),
    ("POST", "/desk/me/oidc/unlink"): Sample(),
    ("POST", "/desk/people"): Sample(
        form=lambda world, _: {
            "login": f"new{world.number()}",
            "name": "新人",
            "role": "viewer",
            "region": world.county,
        },
        bound=True,
    ),
    ("GET", "/desk/people/<int:staff_id>"): Sample(
        values=lambda world: {"staff_id": world.person().id}, bound=True
    ),
    ("POST", "/desk/people/<int:staff_id>/<act>"): Sample(
        values=lambda world: _viewer(world, "rename"), form={"name": "改名"}, bound=True
    ),
}
