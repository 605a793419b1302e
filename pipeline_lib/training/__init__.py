"""Training networks, from scratch or fine-tuned, with checkpoints that survive a killed job."""
