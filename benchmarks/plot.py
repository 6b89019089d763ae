"""Draws how an export grows with bytes and with files: ``python -m benchmarks.plot RESULTS.json > growth.svg``."""

from __future__ import annotations

import json
import re
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_UNITS: Final = {"MB": 1.0, "GB": 1000.0}
_WIDTH, _HEIGHT, _MARGIN = 420, 260, 48
_COLOURS: Final = {"ours": "#0a7d4b", "reference": "#b3541e"}
_QUESTION: Final = re.compile(r"export to registry, cold, ([\d.]+) (MB|GB) in ([\d,]+) files")


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """One measurement: megabytes, files, and the median seconds of each side."""

    megabytes: float
    files: int
    seconds: Mapping[str, float]


def read_points(results: Mapping[str, Any]) -> tuple[Point, ...]:
    """Read the cold exports to a registry out of the benchmark's results."""
    points = []
    for finding in results["results"]["side_by_side"]:
        if found := _QUESTION.fullmatch(finding["question"]):
            seconds = {name: statistics.median(raw["seconds"]) for name, raw in finding["raw"].items()}
            size = float(found[1]) * _UNITS[found[2]]
            points.append(Point(megabytes=size, files=int(found[3].replace(",", "")), seconds=seconds))
    return tuple(points)


def draw(points: Sequence[Point]) -> str:
    """Draw two charts side by side: seconds over megabytes, and over files of 100 MB altogether."""
    of_size = {point.megabytes: point for point in sorted(points, key=lambda point: point.files)}
    by_size = [of_size[megabytes] for megabytes in sorted(of_size)]
    by_files = sorted((point for point in points if point.megabytes == 100), key=lambda point: point.files)
    charts = [
        *_chart(0, "megabytes in a layer", [(point.megabytes, point.seconds) for point in by_size]),
        *_chart(_WIDTH, "files in a layer of 100 MB", [(point.files, point.seconds) for point in by_files]),
    ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * _WIDTH} {_HEIGHT}" font-family="sans-serif" '
        'font-size="11"><rect width="100%" height="100%" fill="white"/>'
    )
    return "\n".join([head, *charts, "</svg>", ""])


def _chart(left: int, title: str, series: Sequence[tuple[float, Mapping[str, float]]]) -> Iterator[str]:
    widest = max(at for at, _ in series)
    highest = max(value for _, seconds in series for value in seconds.values())

    def place(at: float, value: float) -> tuple[float, float]:
        across = left + _MARGIN + at / widest * (_WIDTH - 2 * _MARGIN)
        return round(across, 1), round(_HEIGHT - _MARGIN - value / highest * (_HEIGHT - 2 * _MARGIN), 1)

    base, top = place(0, 0), place(widest, highest)
    yield f'<path d="M{base[0]} {top[1]}V{base[1]}H{top[0]}" fill="none" stroke="#555"/>'
    yield f'<text x="{base[0]}" y="{_HEIGHT - 8}">{title}</text>'
    yield f'<text x="{base[0]}" y="{top[1] - 10}">seconds, export to a registry, cold</text>'
    for at, _ in series:
        across, _ = place(at, 0)
        yield f'<text x="{across}" y="{base[1] + 14}" text-anchor="middle">{at:g}</text>'
    for value in (highest / 2, highest):
        yield f'<text x="{base[0] - 4}" y="{place(0, value)[1] + 4}" text-anchor="end">{value:.1f}</text>'
    for name, colour in _COLOURS.items():
        spots = [place(at, seconds[name]) for at, seconds in series]
        line = " ".join(f"{across},{down}" for across, down in spots)
        yield f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>'
        yield from (f'<circle cx="{across}" cy="{down}" r="3" fill="{colour}"/>' for across, down in spots)
        yield f'<text x="{spots[-1][0] + 6}" y="{spots[-1][1] + 4}" fill="{colour}">{name}</text>'


if __name__ == "__main__":
    sys.stdout.write(draw(read_points(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))))
