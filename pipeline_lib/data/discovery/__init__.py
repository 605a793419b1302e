"""The image sets of Section 4.2: annotated scenes, captions, words in streets, questions."""
