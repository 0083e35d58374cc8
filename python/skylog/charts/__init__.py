"""Pictures as SVG, written by hand: nothing to install, readable on light and on dark."""
