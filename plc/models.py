"""Nothing is stored here yet; this app's own work brings its tables."""
