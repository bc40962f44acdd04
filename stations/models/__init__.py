"""The tables of the registry, typed. The schema itself is made by the migrations alone."""

from stations.models.base import Base
from stations.models.derived import GazetteerEntry, PublicStation, Schedule, StaleStation
from stations.models.imports import Batch, BatchRow, Source
from stations.models.ledger import Change, Commit, CommitCounter, RegistryInfo
from stations.models.people import Grant, Staff
from stations.models.places import Place, Region
from stations.models.standing import Honour, Organisation
from stations.models.station import (
    Amenity,
    HoursException,
    Partner,
    Photo,
    Station,
    StationSource,
    Visits,
)
from stations.models.voices import Report, ReportKey, ReportMark, ReportRequest, SpentChallenge

__all__ = [
    "Amenity",
    "Base",
    "Batch",
    "BatchRow",
    "Change",
    "Commit",
    "CommitCounter",
    "GazetteerEntry",
    "Grant",
    "Honour",
    "HoursException",
    "Organisation",
    "Partner",
    "Photo",
    "Place",
    "PublicStation",
    "Region",
    "RegistryInfo",
    "Report",
    "ReportKey",
    "ReportMark",
    "ReportRequest",
    "Schedule",
    "Source",
    "SpentChallenge",
    "Staff",
    "StaleStation",
    "Station",
    "StationSource",
    "Visits",
]
