"""An SVG drawing: a few shapes by class; colours and type stand in one style sheet, light and dark.

Classes: ``ink``, ``faint`` and ``strong`` text, ``head`` for titles, ``grid`` and ``axis`` lines, ``fill-0``
to ``fill-7`` and ``stroke-0`` to ``stroke-7`` for what is told apart by colour, ``on-fill`` for text inside.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

COLOURS = 8
FONT_PX = 13
_GLYPH_SHARE = 0.56
"""Width of a glyph by its height, in the middle of common sans-serif type."""

# Told apart by lightness too, so that they stay distinct in grey and for colour-blind eyes.
_LIGHT = ("#2563c9", "#3fa7d6", "#8fb8de", "#d9730d", "#7d8590", "#a8326e", "#4c9f70", "#c9a227")
_DARK = ("#6ea1f7", "#5cc4ee", "#4a6f99", "#f0953f", "#8b949e", "#e07bb0", "#6fc493", "#e0bf4f")


def _style() -> str:
    rules = [
        "text{font:13px system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;"
        "font-variant-numeric:tabular-nums}",
        ".paper{fill:#fff;stroke:#d0d7de}.ink{fill:#1f2328}.faint{fill:#59636e}",
        ".head{fill:#1f2328;font-weight:600;font-size:16px}.strong{fill:#1f2328;font-weight:600}",
        ".grid{stroke:#d0d7de;stroke-opacity:.6}.axis{stroke:#59636e}.on-fill{fill:#fff;font-size:11px}",
        "polyline{fill:none;stroke-width:2;stroke-linejoin:round}",
        *_colour_rules(_LIGHT),
        "@media(prefers-color-scheme:dark){",
        ".paper{fill:#0d1117;stroke:#30363d}.ink,.head,.strong{fill:#e6edf3}.faint{fill:#9198a1}",
        ".grid{stroke:#30363d}.axis{stroke:#9198a1}.on-fill{fill:#0d1117}",
        *_colour_rules(_DARK),
        "}",
    ]
    return "".join(rules)


def _colour_rules(colours: Iterable[str]) -> list[str]:
    return [f".fill-{i}{{fill:{c}}}.stroke-{i}{{stroke:{c}}}" for i, c in enumerate(colours)]


class Drawing:
    """A picture in the making; positions and sizes are pixels from the upper left corner.

    Parameters
    ----------
    width, height
        Of the whole; it scales to whatever room it is given.
    title, description
        What those are told who cannot see it.
    """

    def __init__(self, width: float, height: float, title: str, description: str = "") -> None:
        self._width = width
        self._height = height
        self._title = title
        self._description = description
        self._shapes: list[str] = []

    def rectangle(
        self, x: float, y: float, width: float, height: float, name: str, *, radius: float = 0, hint: str = ""
    ) -> None:
        """Draw a filled rectangle of class `name`; `hint` appears under the pointer."""
        corner = f' rx="{_number(radius)}"' if radius else ""
        place = f'x="{_number(x)}" y="{_number(y)}" width="{_number(width)}" height="{_number(height)}"'
        self._add("rect", f'class="{name}" {place}{corner}', _hint(hint))

    def line(self, x1: float, y1: float, x2: float, y2: float, name: str = "grid") -> None:
        """Draw a straight line of class `name`."""
        self._add(
            "line",
            f'class="{name}" x1="{_number(x1)}" y1="{_number(y1)}" x2="{_number(x2)}" y2="{_number(y2)}"',
        )

    def polyline(self, points: Iterable[tuple[float, float]], name: str) -> None:
        """Draw a line through `points`."""
        places = " ".join(f"{_number(x)},{_number(y)}" for x, y in points)
        self._add("polyline", f'class="{name}" points="{places}"')

    def circle(self, x: float, y: float, radius: float, name: str, *, hint: str = "") -> None:
        """Draw a filled circle; `hint` appears under the pointer."""
        place = f'cx="{_number(x)}" cy="{_number(y)}" r="{_number(radius)}"'
        self._add("circle", f'class="{name}" {place}', _hint(hint))

    def text(self, x: float, y: float, text: str, name: str = "ink", *, anchor: str = "start") -> None:
        """Write `text` on the base line `y`; `anchor` is start, middle or end."""
        self._add(
            "text",
            f'class="{name}" x="{_number(x)}" y="{_number(y)}" text-anchor="{anchor}"',
            escape(text),
        )

    def render(self) -> str:
        """Return the picture as a document of its own, which may also stand inside an HTML page."""
        size = f"{_number(self._width)} {_number(self._height)}"
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" width="{_number(self._width)}" '
            f'height="{_number(self._height)}" role="img">'
        )
        told = f"<title>{escape(self._title)}</title><desc>{escape(self._description)}</desc>"
        paper = (
            f'<rect class="paper" x="0.5" y="0.5" width="{_number(self._width - 1)}" '
            f'height="{_number(self._height - 1)}" rx="8"/>'
        )
        style = f"<style>{_style()}</style>"
        return "\n".join([head, told, style, paper, *self._shapes, "</svg>"]) + "\n"

    def _add(self, kind: str, attributes: str, inside: str = "") -> None:
        self._shapes.append(
            f"<{kind} {attributes}>{inside}</{kind}>" if inside else f"<{kind} {attributes}/>"
        )


def text_width(text: str, font_px: float = FONT_PX) -> float:
    """Return about how wide `text` will be; readers' fonts differ, so leave some room."""
    return len(text) * font_px * _GLYPH_SHARE


def _hint(text: str) -> str:
    return f"<title>{escape(text)}</title>" if text else ""


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
