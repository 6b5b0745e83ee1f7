"""The rules and the arithmetic of Zeroten: pure functions, no clock, files, network or database."""
