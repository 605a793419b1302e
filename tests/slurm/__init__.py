"""The workflow through sbatch, on a cluster of this machine's own."""
