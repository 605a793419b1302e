"""The steps, by chapter: thin command lines. ``python -m pipeline_lib`` lists them."""
