"""The photos of inspections: each was announced under a number, and is filled once by the picture that comes under it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from stations.errors import Conflict, NotAllowed, NotFound
from stations.models import Finding, Inspection, InspectionPhoto

__all__ = ["add_mended", "fill", "is_kept", "leave_out", "of_inspection", "waiting"]

#: Photos of how one finding was mended.
_MOST_MENDED = 10


def waiting(session: Session, inspection: UUID, photo: UUID) -> InspectionPhoto:
    """Return the photo that an inspection announced. Raises NotFound."""
    found = session.scalar(
        select(InspectionPhoto)
        .join(Inspection, Inspection.id == InspectionPhoto.inspection_id)
        .where(Inspection.client_id == inspection, InspectionPhoto.client_id == photo)
    )
    if found is None:
        raise NotFound(f"no inspection {inspection} announced a photo {photo}")
    return found


def fill(session: Session, inspection: UUID, photo: UUID, sha256: str) -> bool:
    """Put the kept picture of this digest where it was announced; False where a picture has come before.

    Raises NotFound, and NotAllowed elsewhere than in one's regions.
    """
    found = _held(session, waiting(session, inspection, photo))
    if found.sha256 is not None:
        return False
    found.left_out, found.sha256 = False, sha256
    session.flush()
    return True


def leave_out(session: Session, inspection: UUID, photo: UUID) -> None:
    """Say that an announced photo will not come. One that has come stays."""
    found = _held(session, waiting(session, inspection, photo))
    if found.sha256 is None:
        found.left_out = True
        session.flush()


def add_mended(session: Session, finding: Finding, photo: UUID, sha256: str) -> None:
    """Put a kept picture beside a finding, of how it was mended. Raises Conflict where there are enough."""
    of = select(InspectionPhoto).where(InspectionPhoto.finding_id == finding.id)
    if len(session.scalars(of).all()) >= _MOST_MENDED:
        raise Conflict(f"finding {finding.id} has {_MOST_MENDED} photos; that is enough")
    session.add(
        InspectionPhoto(
            client_id=photo,
            inspection_id=finding.inspection_id,
            station_id=finding.station_id,
            item=finding.item,
            finding_id=finding.id,
            sha256=sha256,
        )
    )
    session.flush()


def is_kept(session: Session, sha256: str) -> bool:
    """Tell whether a picture belongs to an inspection or to the mending of a finding."""
    wanted = select(InspectionPhoto.id).where(InspectionPhoto.sha256 == sha256).limit(1)
    return session.scalar(wanted) is not None


def of_inspection(session: Session, inspection_id: int) -> Sequence[InspectionPhoto]:
    """Return the photos of an inspection, those that are still awaited too, in the order in which they were taken."""
    wanted = select(InspectionPhoto).where(InspectionPhoto.inspection_id == inspection_id)
    return session.scalars(wanted.order_by(InspectionPhoto.id)).all()


def _held(session: Session, photo: InspectionPhoto) -> InspectionPhoto:
    # Row policies hide from a writer what is not theirs, without an error; a lock asks the policy.
    wanted = select(InspectionPhoto).where(InspectionPhoto.id == photo.id).with_for_update()
    if session.scalar(wanted.execution_options(populate_existing=True)) is None:
        raise NotAllowed("this inspection was made outside the regions that you keep")
    return photo
