# Section 5, Figure 13.

UNITS = []
