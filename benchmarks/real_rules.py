"""The rules that recorded series are tried with, as texts of rule files."""

import numpy as np

from alerts.columns import Floats

_HEAD = """id = "{id}"
number = {number}
kind = "{kind}"
label = {{zh = "{zh}", en = "{en}"}}
first_action = {{zh = "查看", en = "Look"}}
"""
_TIPS_MM = 0.254  # 1/100 inch


def staircase() -> list[tuple[int, int]]:
    """The corners of 3-day rain > 3.5 − 0.67 × the 15 days before, as (3-day rain, 18-day rain) in 1/100 inch.

    With S₃ and S₁₈ the sums of 3 and 18 days the published rule is 0.33 S₃ + 0.67 S₁₈ > 3.5. Rain comes in
    whole 1/100 inch, so it is met exactly where S₃ ≥ a and S₁₈ ≥ b for some corner (a, b).
    Source: USGS landslide thresholds for Seattle (usgs/landslides-thresholds).
    """
    least = [(three, (35_000 - 33 * three) // 67 + 1) for three in range(351)]
    return [(a, b) for at, (a, b) in enumerate(least) if at == 0 or b < least[at - 1][1]]


def mukilteo() -> str:
    """The published threshold, in mm: 3.5 inches are 88.9."""
    head = _HEAD.format(id="landslide-rain", number=901, kind="condition", zh="滑坡雨量", en="Rain and landslides")
    return f"""{head}units = {{rain = "mm"}}
raise_after = 1
clear_for_s = 0

[levels.orange]
expression = "recent + 0.67 * before"
above = 88.9
strict = true
terms = [
    {{name = "recent", of = "sum", over_d = 3}},
    {{name = "before", of = "sum", over_d = 15, ago_d = 3}},
]
"""


def mukilteo_steps() -> str:
    """The same without sums in expressions, as a condition of many steps: how a rule had to be written before."""
    corners = "\n".join(
        f"[[levels.orange.any]]\nall = [{_sum(3, a)}, {_sum(18, b)}]" if a else f"[[levels.orange.any]]\n{_leaf(18, b)}"
        for a, b in staircase()
    )
    head = _HEAD.format(
        id="landslide-rain-steps", number=901, kind="condition", zh="滑坡雨量", en="Rain and landslides"
    )
    return f'{head}units = {{rain = "mm"}}\nraise_after = 1\nclear_for_s = 0\n\n{corners}\n'


def _sum(days: int, least: int) -> str:
    return f'{{of = "sum", over_d = {days}, above = {_line(least)}}}'


def _leaf(days: int, least: int) -> str:
    return f'of = "sum"\nover_d = {days}\nabove = {_line(least)}'


def _line(least: int) -> str:
    """Half a step under: what is whole hundredths lies clearly on one side."""
    return f"{(least - 0.5) * _TIPS_MM:.4f}"


def outside_and_jump(learnt: Floats) -> tuple[dict[str, str], dict[str, float]]:
    """Rules for a temperature of which only a beginning is known: texts by id, and their lines.

    With L the width between the 1st and 99th percentile of the beginning: further than L / 2 outside of these, two
    samples in a row; a change of more than L in 6 h. Both are guesses made once, before any label was looked at.
    """
    low, high = np.quantile(learnt, [0.01, 0.99]).tolist()
    width = high - low
    lines = {"low": low - width / 2, "high": high + width / 2, "jump_in_6_h": width}
    lines = {name: round(line, 2) for name, line in lines.items()}
    return {
        "too-low": _threshold("too-low", "below", lines["low"]),
        "too-high": _threshold("too-high", "above", lines["high"]),
        "jump": _threshold(
            "jump", "above", lines["jump_in_6_h"], 'measure = {of = "change", over_h = 6, abs = true}\n'
        ),
    }, lines


def _threshold(name: str, direction: str, line: float, measure: str = "") -> str:
    head = _HEAD.format(id=name, number=902, kind="threshold", zh="温度", en="Temperature")
    return (
        f'{head}quantity = "cable_temperature"\nunit = "degC"\ndirection = "{direction}"\n{measure}'
        f"raise_after = 2\nmargin_fraction = 0.02\nclear_for_s = 7200\n\n[levels]\norange = {line}\n"
    )


def room(line: float) -> str:
    """CO₂ at a line for 3 min; over when it is 5 % under for 5 min."""
    head = _HEAD.format(id="room-co2", number=903, kind="threshold", zh="室内二氧化碳", en="CO2 in a room")
    return (
        f'{head}quantity = "co2"\nunit = "ppm"\ndirection = "above"\nraise_after = 3\nmargin_fraction = 0.05\n'
        f"clear_for_s = 300\n\n[levels]\nyellow = {float(line)}\n"
    )
