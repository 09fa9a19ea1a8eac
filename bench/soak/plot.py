"""The curves of a soak, as SVG."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from bench.soak.growth import CURVES
from bench.soak.samples import Sample

#: Pictures in a row, and the size of each in inches.
COLUMNS, WIDTH, HEIGHT = 2, 5.0, 2.0


def draw(samples: Sequence[Sample], path: Path) -> None:
    """A picture for each curve, over the minutes."""
    rows = -(-len(CURVES) // COLUMNS)
    figure = Figure(figsize=(COLUMNS * WIDTH, rows * HEIGHT), layout="constrained")
    minutes = [sample.seconds / 60 for sample in samples]
    for place, (name, curve) in zip(figure.subplots(rows, COLUMNS).flat, CURVES.items(), strict=True):
        place.plot(minutes, [curve(sample) for sample in samples], linewidth=1.2)
        place.set_title(name, fontsize=9, loc="left")
        place.set_ylim(bottom=0)
        place.tick_params(labelsize=8)
        place.spines[["top", "right"]].set_visible(False)
    figure.supxlabel("minutes", fontsize=9)
    with mpl.rc_context({"svg.hashsalt": "headrace"}):
        figure.savefig(path, format="svg", metadata={"Date": None})
