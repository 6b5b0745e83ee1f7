"""Tallybrook, an invented invoicing product: a page with Zeroten's tag, a server with its SDK."""
