"""Steps of pattern discovery: scenes, concepts, text, questions (paper, section 4.2)."""
