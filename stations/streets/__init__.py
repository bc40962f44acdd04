"""The streets of a registry: loaded once by its operator, kept as files, opened by every process that measures ways."""

from stations.streets.keeping import Kept, ModeKept, current, load, remove
from stations.streets.opening import Streets

__all__ = ["Kept", "ModeKept", "Streets", "current", "load", "remove"]
