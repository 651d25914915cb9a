"""Finished runs, verdicts and test looks, kept: a run is never computed twice."""

from mlplab.store.records import Checkpoint, Membership, PruneReport, Row, Seen, StoreInfo
from mlplab.store.store import Store

__all__ = ["Checkpoint", "Membership", "PruneReport", "Row", "Seen", "Store", "StoreInfo"]
