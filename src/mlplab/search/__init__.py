"""Hyper-parameter search: whole populations per step, budgets in run-epochs, honest scores."""

from mlplab.search.evaluate import Evaluator
from mlplab.search.ranges import Range
from mlplab.search.replay import Replay, ScoreTable, score_table
from mlplab.search.result import SearchResult
from mlplab.search.search import Search
from mlplab.search.space import Space
from mlplab.search.strategies import STRATEGIES, Strategy
from mlplab.search.trial import Proposal, Terms, Trial
from mlplab.search.walk import walk

__all__ = [
    "STRATEGIES",
    "Evaluator",
    "Proposal",
    "Range",
    "Replay",
    "ScoreTable",
    "Search",
    "SearchResult",
    "Space",
    "Strategy",
    "Terms",
    "Trial",
    "score_table",
    "walk",
]
