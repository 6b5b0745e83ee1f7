"""Insights as the admin plane asks for them: a window, a segment, one table each.

`window.py` finds the answers, the other modules hand them to the pure functions of
`domain/insights` and add what those cannot know: names, sentences about the window, methods.
"""
