"""Paper mode: sheets drawn ahead to a folder, and what a typed-in sheet means."""

from sequencer.services.paper.folder import render_due, render_line, tell_stale
from sequencer.services.paper.sheets import draw_sheets, latest_sheet, sheet_of

__all__ = ["draw_sheets", "latest_sheet", "render_due", "render_line", "sheet_of", "tell_stale"]
