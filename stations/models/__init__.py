"""The tables of the registry, typed. The schema itself is made by the migrations alone."""

from stations.models.base import Base
from stations.models.community import Event, Notice, NoticeContact
from stations.models.credentials import (
    AccountEvent,
    Credential,
    LogInFailure,
    RecoveryCode,
    StaffLink,
    StaffSession,
)
from stations.models.derived import GazetteerEntry, PublicStation, Schedule, StaleStation
from stations.models.freshness import FreshnessPromise
from stations.models.imports import Batch, BatchRow, Source
from stations.models.inspections import Checklist, Finding, Inspection, InspectionPhoto
from stations.models.keys import ApiKey
from stations.models.layers import DemandGrid, DemandLayer
from stations.models.ledger import Change, Commit, CommitCounter, RegistryInfo
from stations.models.people import Grant, Staff
from stations.models.places import Place, Region
from stations.models.planning import CoverageRun, SitingPlan
from stations.models.programmes import (
    Programme,
    ProgrammeArea,
    ProgrammeStation,
    ProgrammeTarget,
    ProgrammeTownship,
)
from stations.models.quality import QualityMonth, Scans
from stations.models.siting import Candidate, CandidateList, SitingAdoption
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
from stations.models.work import Upload, Work

__all__ = [
    "AccountEvent",
    "Amenity",
    "ApiKey",
    "Base",
    "Batch",
    "BatchRow",
    "Candidate",
    "CandidateList",
    "Change",
    "Checklist",
    "Commit",
    "CommitCounter",
    "CoverageRun",
    "Credential",
    "DemandGrid",
    "DemandLayer",
    "Event",
    "Finding",
    "FreshnessPromise",
    "GazetteerEntry",
    "Grant",
    "Honour",
    "HoursException",
    "Inspection",
    "InspectionPhoto",
    "LogInFailure",
    "Notice",
    "NoticeContact",
    "Organisation",
    "Partner",
    "Photo",
    "Place",
    "Programme",
    "ProgrammeArea",
    "ProgrammeStation",
    "ProgrammeTarget",
    "ProgrammeTownship",
    "PublicStation",
    "QualityMonth",
    "RecoveryCode",
    "Region",
    "RegistryInfo",
    "Report",
    "ReportKey",
    "ReportMark",
    "ReportRequest",
    "Scans",
    "Schedule",
    "SitingAdoption",
    "SitingPlan",
    "Source",
    "SpentChallenge",
    "Staff",
    "StaffLink",
    "StaffSession",
    "StaleStation",
    "Station",
    "StationSource",
    "Upload",
    "Visits",
    "Work",
]
