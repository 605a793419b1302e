"""What every step needs: one-line errors, atomic files, the command line."""
