"""Background work: one list of what runs and how often."""
