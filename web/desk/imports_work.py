"""Imports as long work: what a worker does when a file is too large to be judged while somebody waits."""

from __future__ import annotations

from stations.jobs import Kinds

__all__ = ["KINDS"]

KINDS: Kinds = {}
