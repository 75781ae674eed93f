"""A small SVG writer: shapes, text, and frames with labelled axes. Pure; makes text, draws nothing itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

Points = Sequence[tuple[float, float]]

INK, FAINT, GRID, PAPER = "#1f2933", "#5f6b7a", "#e4e7eb", "#ffffff"


class Frame(NamedTuple):
    """A rectangle on the page and the values at its borders."""

    left: float
    top: float
    width: float
    height: float
    x_from: float
    x_until: float
    y_from: float
    y_until: float

    def x(self, value: float) -> float:
        """Place a value on the horizontal axis."""
        return self.left + (value - self.x_from) / (self.x_until - self.x_from) * self.width

    def y(self, value: float) -> float:
        """Place a value on the vertical axis; values out of the frame are put at its border."""
        part = (value - self.y_from) / (self.y_until - self.y_from)
        return self.top + (1 - min(1.0, max(0.0, part))) * self.height

    def at(self, points: Points) -> list[tuple[float, float]]:
        """Place many points."""
        return [(self.x(x), self.y(y)) for x, y in points]


class Drawing:
    """A page that is drawn on from back to front."""

    def __init__(self, width: int, height: int, title: str) -> None:
        self._parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" role="img" font-family="Helvetica, Arial, sans-serif">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{width}" height="{height}" fill="{PAPER}"/>',
        ]

    def rect(self, x: float, y: float, width: float, height: float, fill: str, opacity: float = 1.0) -> None:
        """Draw a filled rectangle."""
        self._parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}" '
            f'fill="{fill}" fill-opacity="{opacity:g}"/>'
        )

    def line(self, points: Points, colour: str, width: float = 1.5, dashes: str = "") -> None:
        """Draw a line through points."""
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        self._parts.append(
            f'<polyline points="{_path(points)}" fill="none" stroke="{colour}" stroke-width="{width:g}"{dashed}/>'
        )

    def area(self, points: Points, fill: str, opacity: float) -> None:
        """Draw a filled shape without a border."""
        self._parts.append(f'<polygon points="{_path(points)}" fill="{fill}" fill-opacity="{opacity:g}"/>')

    def dot(self, x: float, y: float, fill: str, border: str) -> None:
        """Draw a small disc."""
        self._parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{fill}" stroke="{border}" stroke-width="2"/>'
        )

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: float = 12,
        anchor: str = "start",
        colour: str = INK,
        bold: bool = False,
        upright: bool = False,
    ) -> None:
        """Write words; `anchor` is start, middle or end; `upright` writes from below to above."""
        extra = (' font-weight="bold"' if bold else "") + (
            f' transform="rotate(-90 {x:.1f} {y:.1f})"' if upright else ""
        )
        self._parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}" fill="{colour}"{extra}>'
            f"{escape(words)}</text>"
        )

    def axes(
        self,
        frame: Frame,
        x_ticks: Iterable[float],
        y_ticks: Iterable[float],
        x_label: str,
        y_label: str,
        form: str = "g",
    ) -> None:
        """Draw the grid, the ticks and the names of both axes; `form` is how values of the vertical one are written."""
        bottom, right = frame.top + frame.height, frame.left + frame.width
        for value in x_ticks:
            self.line([(frame.x(value), frame.top), (frame.x(value), bottom)], GRID, 1)
            self.text(frame.x(value), bottom + 16, f"{value:g}", 11, "middle", FAINT)
        for value in y_ticks:
            self.line([(frame.left, frame.y(value)), (right, frame.y(value))], GRID, 1)
            self.text(frame.left - 7, frame.y(value) + 4, format(value, form), 11, "end", FAINT)
        self.line([(frame.left, frame.top), (frame.left, bottom), (right, bottom)], FAINT, 1)
        self.text(frame.left + frame.width / 2, bottom + 33, x_label, 12, "middle")
        self.text(frame.left - 42, frame.top + frame.height / 2, y_label, 12, "middle", upright=True)

    def svg(self) -> str:
        """Give the whole file."""
        return "\n".join([*self._parts, "</svg>", ""])


def _path(points: Points) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
