"""The nine transfer data sets of Section 4, in their official layouts."""
