"""How dates and times are written in each language: 24 hours, no order that could be misread."""
