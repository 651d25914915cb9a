"""Remarks on verdicts, by what they say: all are worded here, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

_VERDICTS = {"supported": "成立", "refuted": "不成立", "equivalent": "等价", "undecided": "未定"}
_NOTES: Mapping[str, tuple[str, str]] = {
    "not better": ("not better by d", "所述方向上的差小于 d"),
    "not worse": ("not worse by d", "相反方向上的差小于 d"),
    "few seeds": (
        "{n} seeds: a verdict needs at least {least}",
        "{n} 个种子：至少要 {least} 个才能下结论",
    ),
    "more examples": (
        "more seeds alone would not decide it, more test examples may",
        "只增加种子无法判定，增加测试样本才有可能",
    ),
    "all failed": (
        "{n} seeds on which every arm failed are left out",
        "{n} 个种子上各组都失败，未计入",
    ),
    "some failed": (
        "{lost} of {n} seeds have a failed run",
        "{n} 个种子中有 {lost} 个含失败的运行",
    ),
    "complete": ("complete seeds say {verdict}", "无失败的种子得出“{verdict}”"),
    "disagree": (
        "two analyses must agree: {first}, ranks with failures say {verdict}",
        "两种分析须一致：{first}，计入失败的秩得出“{verdict}”",
    ),
    "first look": (
        "{n} seeds: the first look is at {first}",
        "{n} 个种子：到 {first} 个时才第一次查看",
    ),
    "link": ("link {numbers} {verdict}", "第 {numbers} 环{verdict}"),
    "links": ("links {numbers} {verdict}", "第 {numbers} 环{verdict}"),
    "chain open": (
        "{links}: more seeds will not support the chain",
        "{links}：增加种子也不会使整条链成立",
    ),
    "best of finished": (
        "best among the arms that never failed",
        "是从未失败的各组中最好的",
    ),
    "arm failed": (
        "failed on {failed} of {n} seeds: not in the set",
        "在 {n} 个种子中的 {failed} 个上失败：不在集合内",
    ),
    "others failed": (
        "every other arm failed: nothing to compare with",
        "其他各组都失败：没有可比的",
    ),
    "computed": ("decided by computation, not by runs", "由计算判定，不由运行判定"),
    "after look": ("after {n} unprotected look", "此前有 {n} 次未受保护的查看"),
    "after looks": ("after {n} unprotected looks", "此前有 {n} 次未受保护的查看"),
    "look": ("unprotected look {n}", "第 {n} 次查看，未受保护"),
    "no answers": ("the runs kept no answers per example", "运行未保留对每个样本的答案"),
    "mixed": (
        "mixes runs of {n} provenances ({names}): not comparable bit for bit",
        "混有 {n} 个来源环境的运行（{names}）：不能逐比特比较",
    ),
    "mixed runs": (
        "these runs come from {n} provenances ({names}): comparable as samples, not bit for bit",
        "这些运行来自 {n} 个来源环境（{names}）：可作为样本比较，不能逐比特比较",
    ),
    "repeated": ("{n} repetitions", "{n} 次重复"),
    "repeated what": ("{n} repetitions {what}", "{n} 次重复，{what}"),
    "repeated in vain": ("on {n} of them every run failed", "其中 {n} 次所有运行都失败"),
    "repeated in part": ("on {n} more only some runs ended", "另有 {n} 次只有部分运行完成"),
    "repeat more": ("about {n} would likely decide it", "约需 {n} 次才可能得出结论"),
    "ranks differ": (
        "ranks with failures say {verdict}, the others {other}",
        "计入失败的秩得出“{verdict}”，其余得出“{other}”",
    ),
}


class Note(str):
    """A remark: its English text, as verdicts are kept, with its wordings in other languages.

    >>> Note("two runs", {"zh": "两次运行"}).wordings["zh"]
    '两次运行'
    """

    __slots__ = ("wordings",)
    wordings: Mapping[str, str]

    def __new__(cls, english: str, wordings: Mapping[str, str] | None = None) -> Note:
        made = super().__new__(cls, english)
        made.wordings = dict(wordings or {})
        return made

    @property
    def texts(self) -> dict[str, str]:
        """The remark by language."""
        return {"en": str(self), **self.wordings}


NOTHING = Note("")


def say_note(key: str, **values: object) -> Note:
    """Return the remark of that key with its values in it; verdicts and remarks are worded too.

    >>> note = say_note("links", numbers=[1, 2], verdict="undecided")
    >>> note, note.wordings["zh"]
    ('links 1, 2 undecided', '第 1、2 环未定')
    """
    english, chinese = _NOTES[key]
    told = {name: _chinese(value) for name, value in values.items()}
    return Note(
        english.format(**{name: _english(value) for name, value in values.items()}),
        {"zh": chinese.format(**told)},
    )


def join_notes(*notes: str) -> Note:
    """Return remarks as one; those that are plain text are the same in every language.

    >>> join_notes(say_note("look", n=2), "", "by hand").texts
    {'en': 'unprotected look 2; by hand', 'zh': '第 2 次查看，未受保护；by hand'}
    """
    kept = [note for note in notes if note]
    worded = any(isinstance(note, Note) and note.wordings for note in kept)
    chinese = {"zh": "；".join(map(_chinese, kept))} if worded else None
    return Note("; ".join(kept), chinese)


def _english(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _chinese(value: object) -> str:
    if isinstance(value, Note):
        return value.wordings.get("zh", str(value))
    if isinstance(value, list):
        return "、".join(map(str, value))
    return _VERDICTS.get(str(value), str(value))
