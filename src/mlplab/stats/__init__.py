"""What runs prove: intervals, verdicts, best arms, failures; numpy and scipy only."""

from mlplab.stats.anova import Anova, functional_anova, without_noise
from mlplab.stats.arms import DIFFERENCE, INTERACTION, ArmsDecision, decide_arms, median_interval
from mlplab.stats.auc import auc_interval
from mlplab.stats.best import BestArms, best_arms
from mlplab.stats.chain import ChainDecision, decide_chain
from mlplab.stats.crossval import cross_validated_interval
from mlplab.stats.decision import (
    WORDS,
    Decision,
    classify,
    decide,
    decide_interval,
)
from mlplab.stats.effects import Contrasts, EffectWord, FactorialEffects, factorial_effects
from mlplab.stats.failures import (
    FailureComparison,
    FailureCount,
    clopper_pearson,
    count_failures,
    decide_share,
    fails_more_often,
)
from mlplab.stats.interval import ALPHA, Interval, alpha_per_claim, grid_floor, mean_interval
from mlplab.stats.new_examples import new_examples_interval, unpack_correct
from mlplab.stats.pairs import Pairs, tell_apart
from mlplab.stats.power import MIN_SEEDS, seeds_needed
from mlplab.stats.reliability import Calibration, calibration, fit_temperature
from mlplab.stats.risk import risk_interval
from mlplab.stats.screening import Screening, screen, two_level_fraction
from mlplab.stats.selection import Selection, score_label, selection_optimism
from mlplab.stats.sequential import (
    LOOKS,
    SPLIT,
    LooksDecision,
    is_settled,
    look_number,
    walk_looks,
)

__all__ = [
    "ALPHA",
    "DIFFERENCE",
    "INTERACTION",
    "LOOKS",
    "MIN_SEEDS",
    "SPLIT",
    "WORDS",
    "Anova",
    "ArmsDecision",
    "BestArms",
    "Calibration",
    "ChainDecision",
    "Contrasts",
    "Decision",
    "EffectWord",
    "FactorialEffects",
    "FailureComparison",
    "FailureCount",
    "Interval",
    "LooksDecision",
    "Pairs",
    "Screening",
    "Selection",
    "alpha_per_claim",
    "auc_interval",
    "best_arms",
    "calibration",
    "classify",
    "clopper_pearson",
    "count_failures",
    "cross_validated_interval",
    "decide",
    "decide_arms",
    "decide_chain",
    "decide_interval",
    "decide_share",
    "factorial_effects",
    "fails_more_often",
    "fit_temperature",
    "functional_anova",
    "grid_floor",
    "is_settled",
    "look_number",
    "mean_interval",
    "median_interval",
    "new_examples_interval",
    "risk_interval",
    "score_label",
    "screen",
    "seeds_needed",
    "selection_optimism",
    "tell_apart",
    "two_level_fraction",
    "unpack_correct",
    "walk_looks",
    "without_noise",
]
