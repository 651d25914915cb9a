"""Figures of partial dependence: how predictions go with one column, and what that says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mlplab.draw import Figure, Quantity, Text, band_lines, interval_rows
from mlplab.pages.table_numbers import number_text

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.tabular import Explanation

_SECONDS_PER_YEAR = 365.2425 * 86_400
# A curve whose range exceeds that of its ends by so much is told by its lowest and highest value.
_BENT = 1.25


def dependence_figures(found: Explanation) -> list[Figure]:
    """Return a figure per column that was followed."""
    figures = []
    for place, (name, frame) in enumerate(found.dependence.items()):
        kind = found.model.schema[name].kind
        draw = _of_levels if kind == "category" else _of_numbers
        figures.append(draw(found, name, frame, f"dependence-{place + 1}", kind))
    return figures


def _of_numbers(found: Explanation, name: str, frame: pd.DataFrame, file: str, kind: str) -> Figure:
    outputs = _outputs(found, frame)
    x = _years(frame["value"]) if kind == "date" else frame["value"].astype(float)
    drawn = frame.assign(x=x, series=[outputs.get(output, "") for output in frame["output"]])[
        frame["output"].isin(outputs)
    ][["series", "x", "mean", "low", "high"]]
    main = _main(frame, outputs)
    what, what_zh = _what(found, outputs[main])
    own = frame[frame["output"] == main]
    unit = " (year)" if kind == "date" else ""
    y = what if len(outputs) == 1 else "probability"
    figure = band_lines(
        drawn,
        name=file,
        title=_course(name, own, what, what_zh, found.is_classes, kind),
        x_title=f"{name}{unit}",
        y=Quantity(y, share=found.is_classes),
        series_title="class" if len(outputs) > 1 else "",
        data=frame,
        height=260,
    )
    words = {
        y: what_zh if y == what else "概率",
        "class": "类别",
        f"{name} (year)": f"{name}（年）",
    }
    return replace(figure, words=words)


def _of_levels(found: Explanation, name: str, frame: pd.DataFrame, file: str, kind: str) -> Figure:
    outputs = _outputs(found, frame)
    main = _main(frame, outputs)
    what, what_zh = _what(found, outputs[main])
    own = frame[frame["output"] == main]
    write = _writer(found.is_classes)
    if not found.model.schema[name].order:
        own = own.sort_values("mean", ascending=False)
    low, high = _ends(own)
    ends = write(float(low["mean"])), write(float(high["mean"]))
    return interval_rows(
        own[["value", "mean", "low", "high"]],
        "value",
        title={
            "en": f"{_capital(what)} is {ends[0]} with {name} = {low['value']} and {ends[1]} with "
            f"{high['value']}",
            "zh": f"{name} 为 {low['value']} 时{what_zh}为 {ends[0]}，"
            f"为 {high['value']} 时为 {ends[1]}",
        },
        x_title=what,
        y_title=name,
        axis_format=".0%" if found.is_classes else ",.6~g",
        number_format=".1%" if found.is_classes else ",.4~g",
        zero=False,
        name=file,
        words={what: what_zh},
        data=frame,
    )


def _outputs(found: Explanation, frame: pd.DataFrame) -> dict[int, str]:
    """Which outputs are told: of two classes the second, of more all; and what they are."""
    if not found.is_classes:
        return {0: ""}
    classes = found.model.classes
    places = [1] if len(classes) == 2 else sorted(set(frame["output"]))[:7]
    return {int(place): str(classes[int(place)]) for place in places}


def _main(frame: pd.DataFrame, outputs: dict[int, str]) -> int:
    """The output that changes most."""

    def span(output: int) -> float:
        means = frame.loc[frame["output"] == output, "mean"]
        return float(means.max() - means.min())

    return max(outputs, key=span)


def _what(found: Explanation, output: str) -> tuple[str, str]:
    if found.is_classes:
        return f"the probability of {output}", f"{output} 的概率"
    return f"the mean predicted {found.model.target}", f"预测的平均 {found.model.target}"


def _course(
    name: str, own: pd.DataFrame, what: str, what_zh: str, is_share: bool, kind: str
) -> Text:
    write = _writer(is_share)
    first, last = own.iloc[0], own.iloc[-1]
    lowest, highest = _ends(own)

    def at(row: Any) -> str:
        value = row["value"]
        return f"{value:%Y-%m-%d}" if kind == "date" else number_text(float(value))

    change = float(last["mean"] - first["mean"])
    span = float(highest["mean"] - lowest["mean"])
    if abs(change) * _BENT < span:
        low, high = write(float(lowest["mean"])), write(float(highest["mean"]))
        return {
            "en": f"{_capital(what)} is lowest, {low}, at {name} {at(lowest)} and highest, {high}, "
            f"at {at(highest)}",
            "zh": f"{what_zh}在 {name} 为 {at(lowest)} 时最低（{low}），"
            f"为 {at(highest)} 时最高（{high}）",
        }
    word, word_zh = ("rises", "升") if change > 0 else ("falls", "降")
    ends = write(float(first["mean"])), write(float(last["mean"]))
    return {
        "en": f"{_capital(what)} {word} from {ends[0]} to {ends[1]} as {name} goes from "
        f"{at(first)} to {at(last)}",
        "zh": f"{name} 从 {at(first)} 到 {at(last)}，{what_zh}从 {ends[0]} {word_zh}到 {ends[1]}",
    }


def _ends(own: pd.DataFrame) -> tuple[Any, Any]:
    """The rows of the lowest and the highest mean."""
    means = own["mean"].to_numpy()
    return own.iloc[int(means.argmin())], own.iloc[int(means.argmax())]


def _writer(is_share: bool) -> Any:
    return (lambda value: f"{100 * value:.0f} %") if is_share else number_text


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _years(values: Any) -> Any:
    import pandas as pd

    stamps = pd.to_datetime(values)
    return 1970 + (stamps - pd.Timestamp(1970, 1, 1)).dt.total_seconds() / _SECONDS_PER_YEAR
