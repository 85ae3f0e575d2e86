"""Lets `python -m app.interfaces.cli` stand for `mingjian` where scripts are not on the path."""

from app.interfaces.cli import main

main(prog_name="mingjian")
