"""The private PostGIS cluster of one checkout: made the first time, started, shared, stopped by its last user.

It listens on no network address. Its socket lies in a folder that only the user who runs the server can enter, so
the connections need no password, and a PostgreSQL that the machine already runs is never looked at.
"""

from __future__ import annotations

from stations.cluster.cluster import Cluster
from stations.cluster.place import ClusterError
from stations.cluster.roles import APP, OWNER

__all__ = ["APP", "OWNER", "Cluster", "ClusterError"]
