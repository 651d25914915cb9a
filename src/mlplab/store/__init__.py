"""Finished runs, verdicts and test looks, kept: a run is never computed twice."""

from mlplab.store.records import Checkpoint, PruneReport, Seen, StoreInfo
from mlplab.store.store import Store

__all__ = ["Checkpoint", "PruneReport", "Seen", "Store", "StoreInfo"]
