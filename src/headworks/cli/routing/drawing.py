"""The cost-quality curve as CSV and as a picture (SVG), without a library."""

import csv
import io
from xml.sax.saxutils import escape

from headworks.routing.quality.comparing import Comparison
from headworks.routing.quality.curve import Curve

_WIDTH, _HEIGHT, _LEFT, _TOP, _SIZE = 720, 460, 60, 30, 380
_COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#17becf")
_HIGHEST = 1.4
"""The oracle recovers more than the whole gap; what is above is cut."""


def csv_of(comparison: Comparison) -> str:
    """A line for each router and share of strong calls."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("router", "strong_share", "recovered_gap", "quality"))
    cheap, gap = comparison.cheap, comparison.strong - comparison.cheap
    for curve in comparison.curves:
        for share, recovered in curve.points:
            writer.writerow((curve.name, f"{share:.2f}", f"{recovered:.4f}", f"{cheap + gap * recovered:.4f}"))
    return out.getvalue()


def svg_of(comparison: Comparison) -> str:
    """The curves; 0 is the cheap model alone, 1 the strong one alone."""
    lines = [_line(curve, _COLOURS[at % len(_COLOURS)], at) for at, curve in enumerate(comparison.curves)]
    grid = [_mark(step / 5) for step in range(6)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        f'font-size="12"><rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>{"".join(grid)}{"".join(lines)}'
        f'<text x="{_LEFT + _SIZE / 2}" y="{_HEIGHT - 12}" text-anchor="middle">calls to the strong model</text>'
        f'<text x="14" y="{_TOP - 10}">recovered gap</text></svg>\n'
    )


def _place(share: float, recovered: float) -> tuple[float, float]:
    kept = min(max(recovered, 0.0), _HIGHEST)
    return _LEFT + share * _SIZE, _TOP + _SIZE * (1 - kept / _HIGHEST)


def _line(curve: Curve, colour: str, at: int) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in (_place(*point) for point in curve.points))
    y = _TOP + 14 + 20 * at
    x = _LEFT + _SIZE + 20
    label = escape(f"{curve.name} ({curve.apgr.value:.3f})")
    return (
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
        f'<line x1="{x}" y1="{y - 4}" x2="{x + 18}" y2="{y - 4}" stroke="{colour}" stroke-width="2"/>'
        f'<text x="{x + 24}" y="{y}">{label}</text>'
    )


def _mark(share: float) -> str:
    x, y0 = _place(share, 0)
    _, y = _place(0, share)
    return (
        f'<text x="{x:.1f}" y="{y0 + 16:.1f}" text-anchor="middle">{share:.1f}</text>'
        f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{share:.1f}</text>'
        f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{_LEFT + _SIZE}" y2="{y:.1f}" stroke="#ddd"/>'
    )
