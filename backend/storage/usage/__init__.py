"""Where usage is kept; one module an engine."""
