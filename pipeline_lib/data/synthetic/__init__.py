"""The mini study's synthetic data sets, drawn and written in the official layouts."""
