"""The workflow through sbatch, on a SLURM cluster on this machine."""
