"""Answers --help for the scripts beside it, before they import what may not be installed."""

import sys


def answer_help(description: str) -> None:
    """Prints a script's description and exits if that is asked for; other options are refused, as there are none."""
    if any(argument in ("-h", "--help") for argument in sys.argv[1:]):
        sys.stdout.write(description.strip() + "\n")
        raise SystemExit(0)
    if options := [argument for argument in sys.argv[1:] if argument.startswith("-")]:
        raise SystemExit(f"{sys.argv[0]}: unknown option {options[0]}; see --help")
