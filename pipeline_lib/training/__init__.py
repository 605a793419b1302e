"""From scratch or fine-tuned: one loop, with checkpoints that survive a kill."""
