"""Long work beside the requests: asked for in a transaction, done by a worker, told while it goes on."""

from stations.jobs.books import Progress, again, cancel, enqueue, latest, progress, recent, sweep
from stations.jobs.running import Kind, Kinds, Task

__all__ = [
    "Kind",
    "Kinds",
    "Progress",
    "Task",
    "again",
    "cancel",
    "enqueue",
    "latest",
    "progress",
    "recent",
    "sweep",
]
