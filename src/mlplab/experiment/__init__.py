"""The heart that users hold: designs of runs, their results, and what these prove."""

from mlplab.experiment.arms import Arm
from mlplab.experiment.backend import Backend, backend_of, this_machine
from mlplab.experiment.best import Best, TestScore
from mlplab.experiment.conduct import Finished, Setup, conduct, finish
from mlplab.experiment.design import Cell
from mlplab.experiment.effects import Effect, Effects
from mlplab.experiment.ensembles import Ensembles
from mlplab.experiment.experiment import Experiment
from mlplab.experiment.folds import folds, splits
from mlplab.experiment.plan import Plan
from mlplab.experiment.progress import Progress
from mlplab.experiment.runs import Runs
from mlplab.experiment.summary import ArmSummary

__all__ = [
    "Arm",
    "ArmSummary",
    "Backend",
    "Best",
    "Cell",
    "Effect",
    "Effects",
    "Ensembles",
    "Experiment",
    "Finished",
    "Plan",
    "Progress",
    "Runs",
    "Setup",
    "TestScore",
    "backend_of",
    "conduct",
    "finish",
    "folds",
    "splits",
    "this_machine",
]
