"""What the boards show: plain dictionaries, read with a fixed number of queries however long the line."""

from sequencer.boards.health import health
from sequencer.boards.plant import families, line_board, lines_board, overview
from sequencer.boards.todo import gap_facts, gap_runs, hold_due

__all__ = ["families", "gap_facts", "gap_runs", "health", "hold_due", "line_board", "lines_board", "overview"]
