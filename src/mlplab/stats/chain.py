"""Claims of several links: "A > B > C"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mlplab.errors import ConfigError
from mlplab.notes import NOTHING, Note, say_note
from mlplab.stats.decision import Decision, Verdict


@dataclass(frozen=True, slots=True)
class ChainDecision:
    """The verdict on a chain, with the decisions on its links.

    Attributes:
        verdict: of the whole chain.
        parts: one decision per link, in order.
        note: which links keep the chain from being supported.
        seeds_needed: seeds in all that would likely decide the open links; None if more seeds
            are not what is missing.
    """

    verdict: Verdict
    parts: tuple[Decision, ...]
    note: Note = NOTHING
    seeds_needed: int | None = None


def decide_chain(parts: Sequence[Decision]) -> ChainDecision:
    """Verdict on a chain: supported if every link is, refuted if one is, else undecided.

    Each link must have been decided with its share of the level: a chain of k links counts as k
    among `claims`. A link found equivalent neither supports nor refutes the chain; the note says
    so, and no number of seeds is named.

    Assumes: the links were decided by this room on the same seeds.
    Does not license: "A > C by d": links of size "open" may add up to less.

    >>> from mlplab.stats.decision import decide
    >>> up = decide([0.011, 0.013, 0.012, 0.014, 0.010], 0.005, claims=2)
    >>> down = decide([-0.011, -0.013, -0.012, -0.014, -0.010], 0.005, claims=2)
    >>> decide_chain([up, up]).verdict, decide_chain([up, down]).verdict
    ('supported', 'refuted')
    """
    if not parts:
        raise ConfigError("parts: expected at least one link; got none")
    verdicts = [part.verdict for part in parts]
    if "none" in verdicts:
        return ChainDecision("none", tuple(parts), parts[verdicts.index("none")].reason)
    if "refuted" in verdicts:
        return ChainDecision("refuted", tuple(parts), _links(verdicts, "refuted"))
    if set(verdicts) == {"supported"}:
        return ChainDecision("supported", tuple(parts))
    if "equivalent" in verdicts:
        note = say_note("chain open", links=_links(verdicts, "equivalent"))
        return ChainDecision("undecided", tuple(parts), note)
    needed = [part.seeds_needed for part in parts if part.verdict == "undecided"]
    known = [n for n in needed if n is not None]
    most = max(known) if len(known) == len(needed) else None
    return ChainDecision("undecided", tuple(parts), _links(verdicts, "undecided"), most)


def _links(verdicts: Sequence[Verdict], word: Verdict) -> Note:
    numbers = [number for number, verdict in enumerate(verdicts, 1) if verdict == word]
    return say_note("links" if len(numbers) > 1 else "link", numbers=numbers, verdict=word)
