"""Imports: a list as it comes, judged row by row, decided by a person, applied whole or not at all, and undone."""

from stations.imports.accept import Choice, accept, decide
from stations.imports.batches import SourceSpec, remembered
from stations.imports.columns import Columns
from stations.imports.mapping import Mapping
from stations.imports.options import Options
from stations.imports.problems import Kind, Problem, Severity
from stations.imports.report import Report, RowReport
from stations.imports.run import judge_and_apply
from stations.imports.steps import Unseen, UnseenRow, apply, discard, mark, prepare, receive
from stations.imports.undo import UndoReport, undo

__all__ = [
    "Choice",
    "Columns",
    "Kind",
    "Mapping",
    "Options",
    "Problem",
    "Report",
    "RowReport",
    "Severity",
    "SourceSpec",
    "UndoReport",
    "Unseen",
    "UnseenRow",
    "accept",
    "apply",
    "decide",
    "discard",
    "judge_and_apply",
    "mark",
    "prepare",
    "receive",
    "remembered",
    "undo",
]
