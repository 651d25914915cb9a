"""The vocabulary of networks and training: what is said of each word, kept beside the specs."""

from mlplab.specs.vocabulary.activations import ACTIVATION_WORDS
from mlplab.specs.vocabulary.initialisations import INITIALISATION_WORDS
from mlplab.specs.vocabulary.losses import LOSS_WORDS
from mlplab.specs.vocabulary.noises import NOISE_WORDS
from mlplab.specs.vocabulary.norms import NORM_WORDS
from mlplab.specs.vocabulary.optimisers import OPTIMISER_WORDS
from mlplab.specs.vocabulary.schedules import SCHEDULE_WORDS
from mlplab.specs.vocabulary.training import TRAINING_WORDS
from mlplab.specs.vocabulary.word import Group, Varied, Word

GROUPS = (
    ACTIVATION_WORDS,
    NORM_WORDS,
    NOISE_WORDS,
    INITIALISATION_WORDS,
    LOSS_WORDS,
    OPTIMISER_WORDS,
    SCHEDULE_WORDS,
    TRAINING_WORDS,
)

__all__ = ["GROUPS", "Group", "Varied", "Word"]
