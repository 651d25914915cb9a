"""One network over several processes: data, tensor and pipeline splits."""

from mlplab.theory.split.division import WAYS, Way, bytes_sent
from mlplab.theory.split.split import Part, Training, split, starting

__all__ = ["WAYS", "Part", "Training", "Way", "bytes_sent", "split", "starting"]
