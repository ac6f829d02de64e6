"""Starting embeddings from counts: words that keep the same company get similar vectors."""
import numpy as np

from utils.pretraining.tokens import Tokens
from utils.pretraining.wordpiece import SPECIAL

WINDOW = 5  # tokens to each side that count as company
SPREAD = 0.05  # standard deviation of the vectors' numbers
CHUNK = 2_000_000


def cooccurrence(tokens: Tokens) -> np.ndarray:
    """How often two pieces stand at most WINDOW tokens apart, near pairs counting more: (V, V) float32.

    Pairs across the border of two documents are a few in a thousand, and are counted too.
    Held-out documents are not read.
    """
    size = len(tokens.pieces)
    counts = np.zeros((size, size), np.float32)
    for ids, weight in stretches(tokens):
        for distance in range(1, WINDOW + 1):
            pairs = ids[:-distance].astype(np.int64) * size + ids[distance:]
            places, found = np.unique(pairs, return_counts=True)
            counts.ravel()[places] += found * (weight / distance)
    return counts + counts.T


def stretches(tokens: Tokens) -> list[tuple[np.ndarray, int]]:
    """The training tokens in long pieces of one weight: (ids, repeats)."""
    ends = tokens.starts[tokens.documents]
    found = []
    for weight in np.unique(tokens.repeats):
        chosen = np.flatnonzero((tokens.repeats == weight) & ~tokens.held_out)
        together = np.concatenate([tokens.ids[ends[i]:ends[i + 1]] for i in chosen])
        found += [(together[at:at + CHUNK], int(weight)) for at in range(0, len(together), CHUNK)]
    return found


def word_vectors(tokens: Tokens, width: int, seed: int = 0) -> np.ndarray:
    """(V, width) float32: the positive pointwise mutual information of the counts, by its largest
    singular values (Levy and Goldberg, NeurIPS 2014), scaled to the spread SPREAD.

    Counts of the company are smoothed by the power 0.75. Special tokens get small random vectors.
    """
    from sklearn.utils.extmath import randomized_svd
    counts = cooccurrence(tokens)
    counts[:, :len(SPECIAL)] = counts[:len(SPECIAL)] = 0
    total = counts.sum()
    row = np.maximum(counts.sum(1, keepdims=True), 1)
    company = np.maximum(counts.sum(0, keepdims=True), 1) ** 0.75
    company *= total / company.sum()
    with np.errstate(divide="ignore"):
        information = np.log(counts * total / row / company)
    np.maximum(information, 0, out=information)
    left, sizes, _ = randomized_svd(information, width, n_iter=3, random_state=seed)
    vectors = left * np.sqrt(sizes)
    vectors *= SPREAD / vectors.std()
    rare = np.linalg.norm(vectors, axis=1) < 1e-6
    chance = np.random.default_rng(seed)
    vectors[rare] = chance.normal(0, SPREAD, (int(rare.sum()), width))
    return vectors.astype(np.float32)


def log_frequencies(tokens: Tokens) -> np.ndarray:
    """(V,) float32: the logarithm of each piece's share of the training text, one added to each count."""
    counts = np.ones(len(tokens.pieces))
    for ids, weight in stretches(tokens):
        counts += weight * np.bincount(ids, minlength=len(counts))
    return np.log(counts / counts.sum()).astype(np.float32)
