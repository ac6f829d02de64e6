"""The course's data sets as plain tensors, wherever they come from.

Order of sources: the folder named by COURSE_DATA, the cache (COURSE_CACHE moves it), a
download with checksum and a second mirror (COURSE_OFFLINE=1 skips it), the embedded
stand-in, with a line that says so. Shapes and types are the same whatever the source.
"""
from utils.data.batches import Batches
from utils.data.cards import left_and_right, squares_and_circles
from utils.data.entities import Entities, Tagged, entities
from utils.data.growth import Growth, Model, growth, largest
from utils.data.images import Dataset, Split, digits, fashion, usps
from utils.data.pairs import Pairs, Vocabulary, phrases, translations, words
from utils.data.planes import planes
from utils.data.reviews import Labelled, Reviews, reviews
from utils.data.sequences import (
    WORDS,
    adding_problem,
    all_legal,
    embedded_reber,
    in_order,
    reber_tensors,
    sentences,
    syllables,
    xor_stream,
)
from utils.data.sources import Unavailable
from utils.data.texts import Text, shakespeare
from utils.data.toys import RELATIONS, family_trees

__all__ = ["Batches", "Dataset", "Entities", "Growth", "Labelled", "Model", "Pairs", "RELATIONS", "Reviews",
           "Split", "Tagged", "Text", "Unavailable", "Vocabulary", "WORDS", "adding_problem", "all_legal",
           "digits", "embedded_reber", "entities", "family_trees", "fashion", "growth", "in_order", "largest",
           "left_and_right", "phrases", "planes", "reber_tensors", "reviews", "sentences", "shakespeare",
           "squares_and_circles", "syllables", "translations", "usps", "words", "xor_stream"]
