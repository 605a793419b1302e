"""Steps from predictions to boxes, scores and the challenge's submission (paper, section 3)."""
