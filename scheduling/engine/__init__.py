"""The scheduling engine: a problem in, a plan out. Values alone: no database, no Django."""
