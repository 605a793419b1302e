"""The configuration, a module a chapter: every key with its type, default, unit and description.

This is the one source: ``workflow/schemas/config.yaml``, ``docs/configuration.md`` and the flags of the
steps follow from it. Nothing in here imports another package of the library but ``common``.
"""
