"""What pages ask: the script, a decision, an answer."""
