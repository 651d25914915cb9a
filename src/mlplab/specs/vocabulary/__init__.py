"""The vocabulary of networks and training: what is said of each word, kept beside the specs."""

from mlplab.specs.vocabulary.activations import ACTIVATIONS
from mlplab.specs.vocabulary.initialisations import INITIALISATIONS
from mlplab.specs.vocabulary.losses import LOSSES
from mlplab.specs.vocabulary.norms import NORMS
from mlplab.specs.vocabulary.optimisers import OPTIMISERS
from mlplab.specs.vocabulary.schedules import SCHEDULES
from mlplab.specs.vocabulary.training import TRAINING
from mlplab.specs.vocabulary.word import Group, Varied, Word

GROUPS = (ACTIVATIONS, NORMS, INITIALISATIONS, LOSSES, OPTIMISERS, SCHEDULES, TRAINING)

__all__ = ["GROUPS", "Group", "Varied", "Word"]
