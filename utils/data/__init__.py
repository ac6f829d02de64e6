"""The course's data sets as plain tensors, wherever they come from.

Order of sources: the folder named by COURSE_DATA, the cache (COURSE_CACHE moves it), a
download with checksum and a second mirror (COURSE_OFFLINE=1 skips it), the embedded
stand-in, with a line that says so. Shapes and types are the same whatever the source.
"""
from utils.data.batches import Batches
from utils.data.cards import left_and_right, squares_and_circles
from utils.data.images import Dataset, Split, digits, fashion, usps
from utils.data.sources import Unavailable
from utils.data.toys import RELATIONS, family_trees

__all__ = ["Batches", "Dataset", "RELATIONS", "Split", "Unavailable", "digits", "family_trees",
           "fashion", "left_and_right", "squares_and_circles", "usps"]
