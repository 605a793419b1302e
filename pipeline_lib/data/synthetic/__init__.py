"""The mini study's world, drawn and written out in the official layouts."""
