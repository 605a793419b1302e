"""The data sets that the paper study reads, with few images, to rehearse it (study `rehearsal`)."""
