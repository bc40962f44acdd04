"""Imports: a list as it comes, judged row by row, applied whole or not at all."""

from stations.imports.accept import accept
from stations.imports.batches import SourceSpec
from stations.imports.columns import Columns
from stations.imports.mapping import Mapping
from stations.imports.problems import Kind, Problem, Severity
from stations.imports.report import Report, RowReport
from stations.imports.run import Options, judge_and_apply

__all__ = [
    "Columns",
    "Kind",
    "Mapping",
    "Options",
    "Problem",
    "Report",
    "RowReport",
    "Severity",
    "SourceSpec",
    "accept",
    "judge_and_apply",
]
