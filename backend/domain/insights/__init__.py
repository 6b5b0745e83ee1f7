"""Insights: columns of answers in, tables out.

Functions named as in `tests/vectors/nps_stats.json` work on the unit scale (-1 to 1); the
`..._table` functions give points (-100 to 100), unrounded, as the REST API shows them.
No function returns NaN: None is "no value". docs/methods explains every formula.
"""
