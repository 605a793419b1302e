"""The nine data sets of Section 4, in their official layouts."""
