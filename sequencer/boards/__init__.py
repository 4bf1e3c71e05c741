"""What the boards show: plain dictionaries, read with a fixed number of queries however long the line."""

from sequencer.boards.health import health
from sequencer.boards.plant import families, line_board, lines_board, overview
from sequencer.boards.todo import gap_facts

__all__ = ["families", "gap_facts", "health", "line_board", "lines_board", "overview"]
