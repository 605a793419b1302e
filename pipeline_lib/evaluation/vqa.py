"""The accuracy of answers in VQA v1 (Antol et al., ICCV 2015, and the challenge's page).

An answer is fully right if three people gave it: for each of the ten people, count the matches among
the nine others, take min(1, matches / 3), and average the ten values. Answers are compared after a
normalisation of their spelling, "which is done for ground truth answers as well".
"""

from collections.abc import Sequence

from pipeline_lib.data.discovery.answer_spelling import normalised_answer

MIN_MATCHES = 3  # people with the same answer, for it to be fully right
RIGHT = 0.9  # the accuracy of an answer that three of ten people gave


def accuracy(answer: str, human_answers: Sequence[str]) -> float:
    """Return the accuracy of an answer, 0 to 1, given those of at least two people."""
    n, compared = len(human_answers), normalised_answer(answer)
    matches = sum(normalised_answer(human) == compared for human in human_answers)
    # Leaving out a person with the same answer leaves one match less.
    one_left_out, all_matches = (min(1, count / MIN_MATCHES) for count in (matches - 1, matches))
    return (matches * one_left_out + (n - matches) * all_matches) / n
