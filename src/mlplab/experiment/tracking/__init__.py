"""Finished runs handed on to MLflow and TensorBoard, while an experiment runs or after."""

from mlplab.experiment.tracking.destinations import DESTINATIONS, Destination, open_destination
from mlplab.experiment.tracking.kept_runs import export_to
from mlplab.experiment.tracking.tracker import Track, Tracker, tracking

__all__ = [
    "DESTINATIONS",
    "Destination",
    "Track",
    "Tracker",
    "export_to",
    "open_destination",
    "tracking",
]
