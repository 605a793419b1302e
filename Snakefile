# The workflow lies in workflow/, where the workflow catalog and `module` expect it.
include: "workflow/Snakefile"


workflow.default_target = "all"  # an include sets none
