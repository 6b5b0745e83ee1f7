"""One line for each web framework: who the user is, and which page a request was for.

The frameworks are not imported unless their module here is.
"""
