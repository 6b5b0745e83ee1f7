"""Zeroten's server: it decides who is asked, keeps the answers and ties them to usage."""
