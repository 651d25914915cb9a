"""Claims in words, made of what they ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlplab.draw.words import LANGUAGES, quantity, translate
from mlplab.experiment.arms import show_value
from mlplab.specs import Claim, Difference, FailureDifference, Interaction, Proof, Threshold

_RELATIONS = {
    "higher": ("{0} has a higher {m} than {1}", "{0} 的{m}高于 {1}"),
    "lower": ("{0} has a lower {m} than {1}", "{0} 的{m}低于 {1}"),
    "same": ("{0} has the same {m} as {1}", "{0} 与 {1} 的{m}相同"),
}
_CHAINS = {
    "higher": ("the {m} falls from each of these to the next: {0}", "{m}依次降低：{0}"),
    "lower": ("the {m} rises from each of these to the next: {0}", "{m}依次升高：{0}"),
    "same": ("these have the same {m}: {0}", "{m}相同：{0}"),
}
_BOUNDS = {
    "higher": ("{0} has a {m} above {1}", "{0} 的{m}高于 {1}"),
    "lower": ("{0} has a {m} below {1}", "{0} 的{m}低于 {1}"),
    "same": ("{0} has a {m} of {1}", "{0} 的{m}等于 {1}"),
}
_CROSSINGS = {
    "higher": (
        "the {m} gains more from {2} to {0} than from {3} to {1}",
        "从 {2} 到 {0}，{m}的增加多于从 {3} 到 {1}",
    ),
    "lower": (
        "the {m} gains less from {2} to {0} than from {3} to {1}",
        "从 {2} 到 {0}，{m}的增加少于从 {3} 到 {1}",
    ),
    "same": (
        "the {m} gains as much from {2} to {0} as from {3} to {1}",
        "从 {2} 到 {0}，{m}的增加与从 {3} 到 {1} 相同",
    ),
}
_FAILURES = {
    "higher": ("{0} fails more often than {1}", "{0} 的失败率高于 {1}"),
    "lower": ("{0} fails less often than {1}", "{0} 的失败率低于 {1}"),
    "same": ("{0} fails as often as {1}", "{0} 与 {1} 的失败率相同"),
}
_BASE = {"en": "the base", "zh": "基准"}
_BEST = ("{0} has the best {m} of {1} arms", "在 {1} 组中，{0} 的{m}最好")


def claim_words(claim: Claim) -> dict[str, str]:
    """Return a claim's words by language: as they were given, or made of its content.

    A language without words of its own has those of the first that was given.

    >>> claim = Difference(arm={"hidden": 64}, baseline={"hidden": 16}, expect="higher")
    >>> claim_words(claim)["en"]
    'hidden=64 has a higher test accuracy than hidden=16'
    """
    if isinstance(claim.says, Mapping) and claim.says:
        first = next(iter(claim.says.values()))
        return {one: claim.says.get(one, first) for one in dict.fromkeys((*LANGUAGES, *claim.says))}
    if claim.says:
        return dict.fromkeys(LANGUAGES, str(claim.says))
    if isinstance(claim, Proof):
        return dict.fromkeys(LANGUAGES, claim.key or "a statement without words")
    texts, parts = _content(claim)
    name = quantity(claim.metric).name
    return {
        language: text.format(
            *(part or _BASE[language] for part in parts), m=translate(name, language)
        )
        for language, text in zip(LANGUAGES, texts, strict=True)
    }


def _content(claim: Claim) -> tuple[tuple[str, str], list[str]]:
    """The sentence that fits a claim, in both languages, and what is put into it."""
    if isinstance(claim, Difference):
        return _RELATIONS[claim.expect], [_arm(claim.arm), _arm(claim.baseline)]
    if isinstance(claim, FailureDifference):
        return _FAILURES[claim.expect], [_arm(claim.arm), _arm(claim.baseline)]
    if isinstance(claim, Threshold):
        return _BOUNDS[claim.expect], [_arm(claim.arm), f"{claim.value:g}"]
    if isinstance(claim, Interaction):
        arms = (claim.both, claim.only_a, claim.only_b, claim.neither)
        return _CROSSINGS[claim.expect], [_arm(arm) for arm in arms]
    if claim.kind == "chain":
        return _CHAINS[claim.expect], [", ".join(_arm(arm) or "base" for arm in claim.arms)]
    assert claim.kind == "best"
    return _BEST, [_arm(claim.arm), str(len(claim.arms))]


def _arm(factors: Mapping[str, Any]) -> str:
    named = (f"{path.rsplit('.', 1)[-1]}={show_value(v)}" for path, v in factors.items())
    return " ".join(named)
