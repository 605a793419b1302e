"""Keys of earlier versions, each with its name of today: refused by name, not ignored."""

RENAMED = {
    "boxes.centred": "boxes.centred_fraction",
    "boxes.held_out": "boxes.held_out_fraction",
    "scenes.least": "scenes.min_images",
    "scenes.part": "scenes.min_overlap_fraction",
    "scenes.often": "scenes.min_overlap_rate",
    "concepts.longest": "concepts.max_words",
    "concepts.least": "concepts.min_images",
    "concepts.held_out": "concepts.held_out_fraction",
    "concepts.keep": "concepts.keep_fraction",
    "concepts.most": "concepts.max_examples",
    "vqa.least_word": "vqa.min_word_count",
    "vqa.least_answer": "vqa.min_answer_count",
    "vqa.longest": "vqa.max_words",
    "vqa.held_out": "vqa.held_out_fraction",
}
