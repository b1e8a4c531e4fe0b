"""Runs cells of a notebook, one argument each, in IPython's shell or its stand-in: what is printed goes to standard output, and after each cell a
line with its result and the name of its error."""
import sys

from IPython import InteractiveShell

shell = InteractiveShell.instance()
for cell in sys.argv[1:]:
    done = shell.run_cell(cell, store_history=True)
    print("->", done.result, type(done.error_in_exec).__name__)
