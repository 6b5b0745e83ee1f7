"""Charts as SVG drawn on the server: no script, one style sheet, light and dark by variables."""
