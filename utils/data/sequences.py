"""The small languages and tasks on which recurrent networks were tried, made anew from a seed."""
import random

import torch
from torch import Tensor

from utils.arguments import MOST, dense, instance, shaped, shown, whole
from utils.data.batches import Batches

SOUNDS = {"b": "101001", "d": "101101", "g": "101011", "a": "010011", "i": "010101", "u": "010111"}
WORDS = {"person": "man woman boy girl", "animal": "cat dog mouse lion", "beast": "dragon monster",
         "thing": "book rock car", "fragile": "glass plate", "food": "bread cookie sandwich",
         "rest": "think sleep dream", "meet": "see chase like", "move": "move", "break": "break",
         "smash": "smash", "smell": "smell", "eat": "eat"}
WORDS = {kind: words.split() for kind, words in WORDS.items()}
PATTERNS = ("person rest", "person meet person", "person meet animal", "person move thing", "person move",
            "person smash fragile", "person break fragile", "person smell food", "person eat food",
            "animal rest", "animal meet animal", "animal move", "animal eat food", "thing move",
            "fragile break", "food move", "beast smash fragile", "beast eat person", "beast eat animal")
REBER = ("T1 P2", "S1 X3", "T2 V4", "X2 S5", "P3 V5")  # at each node: a letter and where it leads
SYMBOLS = "BTSXPVE"


def generator(seed: int) -> torch.Generator:
    """torch's random numbers from a seed, any integer of 64 bits. Raises ValueError for another seed."""
    return torch.Generator().manual_seed(whole("seed", seed, -2**63, 2**64 - 1))


def check_strings(name: str, strings: tuple | list) -> None:
    """Refuse what is no list of strings of the grammar, each with its legal letters."""
    instance(name, strings, tuple | list, "a list that embedded_reber() made")
    for one in strings:
        if not (isinstance(one, tuple | list) and len(one) == 2 and isinstance(one[0], str)
                and not set(one[0]) - set(SYMBOLS) and isinstance(one[1], list) and len(one[1]) == len(one[0]) - 1
                and all(isinstance(may, str) and not set(may) - set(SYMBOLS) for may in one[1])):
            raise ValueError(f"{name} is a list that embedded_reber() made, of pairs such as "
                             f"('BTSXPVE', ['TP', ...]); it holds {shown(one)}.")


def xor_stream(triples: int, seed: int) -> Tensor:
    """Two random bits and their exclusive or, again and again: (3 * triples, 1) of 0.0 and 1.0.

    Elman, Cognitive Science 14, 1990, pp. 185-187.
    """
    triples, draw = whole("triples", triples, 1, MOST), generator(seed)
    pairs = torch.randint(2, (triples, 2), generator=draw)
    return torch.cat([pairs, pairs.sum(1, keepdim=True) % 2], 1).float().view(-1, 1)


def syllables(count: int, seed: int) -> tuple[str, Tensor]:
    """Random consonants, each with its vowels: ba, dii or guuu; Elman 1990, pp. 187-191.

    Returns the text and the six properties of each letter, (len(text), 6) of 0.0 and 1.0.
    """
    count, draw = whole("count", count, 1, MOST), random.Random(whole("seed", seed))
    text = "".join(draw.choice(("ba", "dii", "guuu")) for _ in range(count))
    return text, torch.tensor([[float(bit) for bit in SOUNDS[letter]] for letter in text])


def sentences(count: int, seed: int) -> list[list[str]]:
    """Random sentences of two or three of the 29 WORDS, in the manner of Elman 1990; ours."""
    count, draw = whole("count", count, 1, MOST), random.Random(whole("seed", seed))
    return [[draw.choice(WORDS[kind]) for kind in draw.choice(PATTERNS).split()] for _ in range(count)]


def adding_problem(count: int, T: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Pairs (count, 1.1 T, 2) of a number and a marker, lengths (count,) from T to 1.1 T, answers (count,).

    The rules of Hochreiter and Schmidhuber, Neural Computation 9(8), 1997, section 5.4: numbers
    from -1 to 1, marker 1 on one of the first ten pairs and on another of the first T / 2, marker
    -1 on the first and the last pair, answer 0.5 + (X1 + X2) / 4. "In the rare case" that the
    first pair is marked 1, its number is set to zero.
    """
    count, T = whole("count", count, 1, MOST), whole("T", T, 11, MOST)
    draw, rows = generator(seed), torch.arange(count)
    lengths = torch.randint(T, T + T // 10 + 1, (count,), generator=draw)
    numbers = torch.rand(count, T + T // 10, generator=draw) * 2 - 1
    first = torch.randint(10, (count,), generator=draw)
    second = torch.randint(T // 2 - 1, (count,), generator=draw)
    second += second >= first  # one of those that are still unmarked
    numbers[(first == 0) | (second == 0), 0] = 0
    markers = torch.zeros_like(numbers)
    markers[rows, 0], markers[rows, lengths - 1] = -1, -1
    markers[rows, first], markers[rows, second] = 1, 1
    answers = 0.5 + (numbers[rows, first] + numbers[rows, second]) / 4
    return torch.stack([numbers, markers], 2), lengths, answers


def embedded_reber(count: int, seed: int, without: tuple | list = ()) -> list[tuple[str, list[str]]]:
    """Strings of the embedded Reber grammar, each with the letters that may follow each symbol but the last.

    Hochreiter and Schmidhuber 1997, section 5.1. Strings may repeat. without: pairs of an
    earlier call, whose strings are left out.
    """
    count, draw = whole("count", count, 1, MOST), random.Random(whole("seed", seed))
    check_strings("without", without)
    found, known = [], {string for string, _ in without}
    while len(found) < count:
        inner, legal, node, outer = "", [], 0, draw.choice("TP")
        while node < 5:
            legal.append(REBER[node][::3])
            letter, to = draw.choice(REBER[node].split())
            inner, node = inner + letter, int(to)
        string = f"B{outer}B{inner}E{outer}E"
        if string not in known:
            found.append((string, ["TP", "B", *legal, "E", outer, "E"]))
    return found


def reber_tensors(strings: list[tuple[str, list[str]]]) -> tuple[Tensor, Tensor, Tensor]:
    """One-hot symbols (N, T, 7), the next symbols (N, T), -100 after the end, and the legal ones (N, T, 7)."""
    check_strings("strings", strings)
    if not strings:
        raise ValueError("strings holds at least one string, as embedded_reber() makes them.")
    count, steps = len(strings), max(len(string) for string, _ in strings) - 1
    symbols, legal = torch.zeros(count, steps, 7), torch.zeros(count, steps, 7)
    following = torch.full((count, steps), -100)
    for row, (string, allowed) in enumerate(strings):
        for time, letters in enumerate(allowed):
            symbols[row, time, SYMBOLS.index(string[time])] = 1
            following[row, time] = SYMBOLS.index(string[time + 1])
            legal[row, time, [SYMBOLS.index(letter) for letter in letters]] = 1
    return symbols, following, legal


def all_legal(scores: Tensor, legal: Tensor) -> Tensor:
    """Which strings are predicted without a mistake: the criterion of 1997, (N, nets) of True and False.

    scores: (N, T, nets, 7), how active each output is. legal: (N, T, 7), 1 for the symbols that
    may follow, all 0 after the end. At every symbol the legal outputs must be the most active.
    """
    for name, value in (("scores", scores), ("legal", legal)):
        instance(name, value, Tensor, "a tensor")
    shaped("scores", scores, "N", "T", "nets", 7)
    shaped("legal", legal, scores.shape[0], scores.shape[1], 7)
    may = legal[:, :, None] > 0
    least = scores.masked_fill(~may, torch.inf).amin(3)
    return (least > scores.masked_fill(may, -torch.inf).amax(3)).all(1)


def in_order(stream: Tensor, count: int, length: int = 1) -> Batches:
    """A long stream (T, ...) cut into `count` pieces that are read side by side, in the order of time.

    Each batch: what is read now and what comes one place later, both (count, length, ...).
    What does not fill a batch at the end is left out. Raises ValueError for too short a stream.
    """
    count, length = whole("count", count, 1), whole("length", length, 1)
    if not isinstance(stream, Tensor) or not stream.ndim:
        raise TypeError(f"stream is a tensor (T, ...), the time first, not {shown(stream)}.")
    dense("stream", stream)
    steps = (len(stream) - 1) // (count * length)
    if steps < 1:
        raise ValueError(f"{len(stream)} places are too few for {count} pieces of {length} and one more.")
    parts = [part[:count * steps * length].unflatten(0, (count, steps, length)).transpose(0, 1).flatten(0, 1)
             for part in (stream[:-1], stream[1:])]
    return Batches(parts, count, shuffle=False)
