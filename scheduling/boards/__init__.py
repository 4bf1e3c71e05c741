"""What the pages of the schedule show, asked of the database and shaped for a template."""
