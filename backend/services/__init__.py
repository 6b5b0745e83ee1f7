"""What the product does, one transaction a function; no web framework in here."""
