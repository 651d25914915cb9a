"""Section 4.2, on searching: all hyper-parameters together, why that is hard, and how to do it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlplab.exercises import source_setting
from mlplab.exercises.measured import Measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.registry import Findings, Results, exercise
from mlplab.exercises.search_table import make_table
from mlplab.exercises.source_setting import AS_PUBLISHED, comparable
from mlplab.experiment import Experiment, Runs
from mlplab.specs import BestArm, Chain, Difference, First, Interaction, TaskRef


def _optuna() -> object:
    """Raise one clear line if the model-based strategy's package is missing."""
    from mlplab.search.strategies.tpe import load_optuna

    return load_optuna()


def _setting(hidden: tuple[int, ...], batch_size: int) -> dict[str, Any]:
    return {"net.hidden": hidden, "fit.batch_size": batch_size}


_BATCHES = "with 256 units, batch size 32 beats 64, and 64 beats 128"
_LAYERS = "the best setting of the source's two-layer table matches the best of its one-layer table"
_SOURCE_BEST = "the source's best setting is the best"
_BETTER = "the table's best setting has a higher test accuracy than the source's best"


def _tell_joint_search(results: Results) -> Findings:
    from mlplab.exercises.joint_search import tell

    runs = results.runs
    published = [found for name, found in runs.items() if name.startswith("published")]
    return tell(runs["table"], published, runs["finalists"], results.profile, results.progress)


def _table_finalists(
    runs: Mapping[str, Runs], profile: Profile, seeds: int | None
) -> Mapping[str, Experiment]:
    from mlplab.exercises.joint_search import ranked_places
    from mlplab.exercises.published_settings import SOURCE_BEST
    from mlplab.exercises.search_table import grid_of

    grid = grid_of(runs["table"])
    base = comparable(profile)
    source = _setting(*SOURCE_BEST) | {
        "optim.lr": AS_PUBLISHED.optim.lr,
        "fit.epochs": base.fit.epochs,
        "net.init": "normal:0.01",
    }
    best = ranked_places(grid)[: profile.pick(2, 3)]
    arms = [source, *(grid.as_arm(place) | {"net.init": "he"} for place in best)]
    claims = (
        BestArm(says=_SOURCE_BEST, arm=source, arms=tuple(arms), metric="valid_accuracy"),
        Difference(says=_BETTER, arm=arms[1], baseline=source, expect="higher"),
    )
    return {
        "finalists": Experiment(
            TaskRef(name=source_setting.FASHION, valid=0.1),
            base,
            arms=arms,
            seeds=seeds or profile.n_seeds,
            claims=claims,
            name=f"4.2.4 finalists, {profile.name}",
        )
    }


@exercise(
    "4.2.4",
    slug="joint-search",
    tell=_tell_joint_search,
    then=_table_finalists,
    later=(_SOURCE_BEST, _BETTER),
    chinese={
        _BATCHES: "256 个单元时，批量 32 优于 64，64 优于 128",
        _LAYERS: "原答案两层表中的最佳设置与一层表中的最佳设置相同",
        _SOURCE_BEST: "原答案的最佳设置是最好的",
        _BETTER: "表中的最佳设置在测试集上优于原答案的最佳设置",
    },
)
def joint_search(profile: Profile, seeds: int | None = None) -> Mapping[str, Experiment]:
    """Search a table of all five hyper-parameters; the source's settings are trained beside it."""
    from mlplab.exercises.published_settings import PUBLISHED, SOURCE_BEST, SOURCE_BEST_OF_TWO

    base = AS_PUBLISHED.with_value("fit.epochs", profile.pick(4, 10))
    quick = base.with_value("rows", First(n=source_setting.QUICK_ROWS))
    base = profile.pick(quick, base)
    compared = [*(((256,), size) for size in (32, 64, 128)), SOURCE_BEST_OF_TWO]
    others = [one for one in PUBLISHED if one not in compared]
    claims = (
        Chain(says=_BATCHES, arms=tuple(_setting((256,), size) for size in (32, 64, 128))),
        Difference(
            says=_LAYERS,
            arm=_setting(*SOURCE_BEST_OF_TWO),
            baseline=_setting(*SOURCE_BEST),
            expect="same",
        ),
    )
    task = TaskRef(name=source_setting.FASHION)
    return {
        "table": make_table(profile),
        "published": Experiment(
            task,
            base,
            arms=[_setting(*one) for one in compared],
            seeds=seeds or profile.n_seeds,
            claims=claims,
            name=f"4.2.4 as published, {profile.name}",
        ),
        "published, not compared": Experiment(
            task,
            base,
            arms=[_setting(*one) for one in profile.pick(others[:1], others)],
            seeds=profile.pick(5, 5, 10),
            name=f"4.2.4 as published, not compared, {profile.name}",
        ),
    }


_MORE = "with all five hyper-parameters, random search needs more runs than with the rate alone"
_GRID = "with all five, a grid in order needs more runs than random search"
_MODEL = "with all five, a model of the runs so far (TPE) needs fewer runs than random search"
_INTERACT = "raising the rate from 0.1 to 0.3 helps large batches more than small ones"
_APART = "settings tuned one at a time and then put together are worse than settings tuned jointly"


def _measure_many(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    from mlplab.exercises.runs_needed import measure

    return measure(runs["table"], profile, _MORE, _GRID, _MODEL)


def _tell_many(results: Results) -> Findings:
    from mlplab.exercises.many_hyper_parameters import tell

    runs = results.runs
    return tell(runs["table"], runs["pair"], runs["fresh"], results.profile, results.measured)


def _apart_and_jointly(
    runs: Mapping[str, Runs], profile: Profile, seeds: int | None
) -> Mapping[str, Experiment]:
    from mlplab.exercises.many_hyper_parameters import tuned_apart, tuned_jointly
    from mlplab.exercises.search_table import grid_of

    table = runs["table"]
    grid = grid_of(table)
    apart, jointly = (grid.as_arm(place(grid)) for place in (tuned_apart, tuned_jointly))
    return {
        "fresh": Experiment(
            TaskRef(name=source_setting.FASHION, valid=0.1),
            table.experiment.base.with_value("fit.test", "end"),
            arms=[apart, *([jointly] if jointly != apart else [])],
            seeds=seeds or profile.n_seeds,
            claims=(Difference(says=_APART, arm=apart, baseline=jointly, expect="lower"),),
            name=f"4.2.5 apart and jointly, {profile.name}",
        )
    }


@exercise(
    "4.2.5",
    slug="many-hyper-parameters",
    tell=_tell_many,
    then=_apart_and_jointly,
    later=(_APART,),
    measure=_measure_many,
    measured=(_MORE, _GRID, _MODEL),
    needs=_optuna,
    chinese={
        _MORE: "五个超参数一起搜索时，随机搜索所需的训练多于只有学习率时",
        _GRID: "五个超参数时，按顺序走网格所需的训练多于随机搜索",
        _MODEL: "五个超参数时，根据已有结果建模（TPE）所需的训练少于随机搜索",
        _INTERACT: "学习率从 0.1 提高到 0.3，大批量比小批量得益更多",
        _APART: "逐个调好再拼在一起的设置不如联合调出的设置",
    },
)
def many_hyper_parameters(profile: Profile, seeds: int | None = None) -> Mapping[str, Experiment]:
    """Replay searches over one to five hyper-parameters on one table; test what interacts."""
    table = make_table(profile)
    sizes = table.vary["fit.batch_size"]

    def arm(rate: float, size: int) -> dict[str, Any]:
        return {"optim.lr": rate, "fit.batch_size": size}

    both, only_rate = arm(0.3, max(sizes)), arm(0.3, min(sizes))
    only_size, neither = arm(0.1, max(sizes)), arm(0.1, min(sizes))
    claim = Interaction(
        says=_INTERACT,
        both=both,
        only_a=only_rate,
        only_b=only_size,
        neither=neither,
        expect="higher",
    )
    return {
        "table": table,
        "pair": Experiment(
            TaskRef(name=source_setting.FASHION, valid=0.1),
            table.base.with_value("fit.test", "end"),
            arms=[both, only_rate, only_size, neither],
            seeds=seeds or profile.n_seeds,
            claims=(claim,),
            name=f"4.2.5 rate and batch size, {profile.name}",
        ),
    }


_RIVALS = {
    "random": "at equal budget, cheapest-first coordinate search from the chapter's setting ends "
    "nearer to the best than random search",
    "grid": "it ends nearer to the best than a coarse grid",
    "tpe": "it ends nearer to the best than a model of the runs so far (TPE)",
    "halving": "it ends nearer to the best than successive halving",
}
_START = "it ends nearer to the best from the chapter's setting than from a random one"


def _measure_strategy(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    from mlplab.exercises.regret import measure

    return measure(runs["table"], profile, _RIVALS, _START)


def _tell_strategy(results: Results) -> Findings:
    from mlplab.exercises.search_strategy import tell

    return tell(results.runs["table"], results.profile, results.measured)


@exercise(
    "4.2.6",
    slug="search-strategy",
    tell=_tell_strategy,
    measure=_measure_strategy,
    measured=(*_RIVALS.values(), _START),
    needs=_optuna,
    chinese={
        _RIVALS["random"]: "预算相同时，从书中设置出发、由廉价到昂贵的坐标搜索比随机搜索更接近最优",
        _RIVALS["grid"]: "它比粗网格更接近最优",
        _RIVALS["tpe"]: "它比根据已有结果建模（TPE）更接近最优",
        _RIVALS["halving"]: "它比逐次减半更接近最优",
        _START: "从书中设置出发比从随机设置出发更接近最优",
    },
)
def search_strategy(profile: Profile, seeds: int | None = None) -> Mapping[str, Experiment]:
    """Replay the source's strategy and its rivals, at equal budget, on the table of 4.2.4."""
    return {"table": make_table(profile)}
