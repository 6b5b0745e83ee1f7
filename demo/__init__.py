"""The demo: Zeroten with a project full of made-up data, beside a small product that uses it."""
