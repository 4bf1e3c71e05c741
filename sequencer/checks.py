"""System checks for what breaks a plant; registered at start."""
