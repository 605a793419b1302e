# Section 4.2, Figure 12.
