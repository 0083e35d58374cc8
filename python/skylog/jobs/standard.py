"""The jobs that every broker runs."""

from __future__ import annotations

from skylog.clock import Clock
from skylog.coordinator.base import Coordinator
from skylog.jobs.loop import Job
from skylog.jobs.purge import DeleteSegments, ExpireProducers, PurgeRows
from skylog.jobs.sweep import SweepOrphans
from skylog.storage.base import ObjectStore


def standard_jobs(coordinator: Coordinator, store: ObjectStore, clock: Clock) -> list[Job]:
    """Return what keeps coordinator and store from growing without end."""
    return [
        PurgeRows(coordinator),
        DeleteSegments(coordinator, store),
        ExpireProducers(coordinator),
        SweepOrphans(coordinator, store, clock),
    ]
