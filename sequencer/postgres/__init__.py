"""PostgreSQL as Django knows it, whose connections outlive the thread of one request (`sequencer.postgres.base`)."""
