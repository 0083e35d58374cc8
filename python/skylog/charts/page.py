"""One HTML file that asks for nothing from anywhere: text, tables and pictures, light and dark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

_STYLE = """
:root{--back:#fff;--ink:#1f2328;--soft:#59636e;--rule:#d0d7de;color-scheme:light dark}
@media(prefers-color-scheme:dark){:root{--back:#0d1117;--ink:#e6edf3;--soft:#9198a1;--rule:#30363d}}
body{background:var(--back);color:var(--ink);font:15px/1.5 system-ui,sans-serif;
max-width:1340px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.15rem;margin:2rem 0 .5rem}.soft{color:var(--soft)}
.pictures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,500px),1fr));gap:1rem}
.pictures svg{width:100%;height:auto}.scroll{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.2rem .7rem;border-bottom:1px solid var(--rule);text-align:left;white-space:nowrap}
th{color:var(--soft);font-weight:600}.number{text-align:right}
"""


def page(title: str, about: str, sections: Iterable[tuple[str, str]]) -> str:
    """Return a whole HTML document; `sections` are headings, each with the HTML below it."""
    body = "".join(f"<section><h2>{escape(head)}</h2>{html}</section>" for head, html in sections)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
        f'<h1>{escape(title)}</h1><p class="soft">{escape(about)}</p>{body}</body></html>\n'
    )


def pictures(drawings: Iterable[str]) -> str:
    """Return pictures (SVG) beside and below one another."""
    return f'<div class="pictures">{"".join(f"<div>{each}</div>" for each in drawings)}</div>'


def paragraphs(texts: Iterable[str]) -> str:
    """Return a paragraph for each text."""
    return "".join(f"<p>{escape(text)}</p>" for text in texts)


def grid(columns: Sequence[str], rows: Iterable[Sequence[str]], numbers_from: int = 1) -> str:
    """Return a table; columns from `numbers_from` on stand right."""
    body = "".join(f"<tr>{_cells('td', row, numbers_from)}</tr>" for row in rows)
    head = f"<thead><tr>{_cells('th', columns, numbers_from)}</tr></thead>"
    return f'<div class="scroll"><table>{head}<tbody>{body}</tbody></table></div>'


def _cells(tag: str, row: Sequence[str], numbers_from: int) -> str:
    return "".join(
        f"<{tag}{' class=number' if place >= numbers_from else ''}>{escape(cell)}</{tag}>"
        for place, cell in enumerate(row)
    )
