"""``python -m skylog``."""

from skylog.cli.app import main

main()
