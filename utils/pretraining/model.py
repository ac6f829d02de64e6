"""The net: transformers' BertForPreTraining, with the word scores computed at the guessed places alone."""
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from utils.arguments import MOST, shown, whole

LONGEST = 128  # tokens that the net can read
# name: layers, width, heads, inner width of the feed-forward part
SIZES = {"tiny": (2, 128, 2, 512), "small": (2, 256, 4, 512), "medium": (4, 256, 4, 1024),
         "large": (6, 384, 6, 1536), "base": (12, 768, 12, 3072)}


def configuration(size: str, pieces: int) -> Any:
    """transformers' BertConfig for a size of SIZES and a vocabulary of so many pieces."""
    from transformers import BertConfig
    if not isinstance(size, str) or size not in SIZES:
        raise ValueError(f"The size is one of {', '.join(SIZES)}, not {shown(size)}.")
    pieces = whole("pieces", pieces, 5, MOST)
    layers, width, heads, inner = SIZES[size]
    return BertConfig(vocab_size=pieces, hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads,
                      intermediate_size=inner, max_position_embeddings=LONGEST)


class TwoTasks(nn.Module):
    """BertForPreTraining with its two losses; the word scores are computed where a word is guessed.

    A seventh of the positions is scored instead of all, and the vocabulary's matrix is the most
    expensive one of a small net. The losses are those of transformers (a test compares them).
    """

    def __init__(self, net: nn.Module):
        super().__init__()
        self.net = net

    def forward(self, ids: Tensor, segments: Tensor, places: Tensor, words: Tensor,
                random: Tensor) -> dict[str, Tensor]:
        """A Batch -> loss (the sum), mlm, nsp, and the share of words and of pairs that were right."""
        hidden, pooled = self.net.bert(ids, token_type_ids=segments)[:2]
        scores = self.net.cls.predictions(hidden.flatten(0, 1)[places])
        follows = self.net.cls.seq_relationship(pooled)
        mlm = F.cross_entropy(scores.float(), words)
        nsp = F.cross_entropy(follows.float(), random)
        right = (scores.argmax(1) == words).float().mean()
        pairs = (follows.argmax(1) == random).float().mean()
        return {"loss": mlm + nsp, "mlm": mlm.detach(), "nsp": nsp.detach(), "words_right": right,
                "pairs_right": pairs}


def make_net(size: str, pieces: int, *, vectors: Any = None, frequencies: Any = None) -> Any:
    """A new BertForPreTraining of a size of SIZES.

    vectors: (pieces, width) to start the word embeddings from. frequencies: (pieces,) logarithms
    to start the scores' bias from, so that the first guess is the most frequent word.
    Pre-training runs without dropout: each passage is read a few times only.
    """
    from transformers import BertForPreTraining
    net = BertForPreTraining(configuration(size, pieces))
    with torch.no_grad():
        if vectors is not None:
            net.bert.embeddings.word_embeddings.weight.copy_(torch.as_tensor(vectors))
        if frequencies is not None:
            net.cls.predictions.bias.copy_(torch.as_tensor(frequencies))
    for part in net.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0
    return net


def stretch(net: Any, length: int) -> None:
    """Give the places after `length`, not seen yet, the vectors of earlier ones, over and over.

    The first place holds [CLS] and the last one always [SEP]: these two are not repeated. From
    random numbers the long sequences at the end would be too few to learn them.
    """
    weight = net.bert.embeddings.position_embeddings.weight
    later = torch.arange(length, len(weight))
    with torch.no_grad():
        weight[later] = weight[1 + (later - 1) % (length - 2)]


def optimizer_groups(net: nn.Module, decay: float = 0.01) -> list[dict]:
    """The parameters in two groups: weight decay, but none on biases and LayerNorm."""
    named = [(name, weight) for name, weight in net.named_parameters() if weight.requires_grad]
    free = [weight for name, weight in named if name.endswith("bias") or "LayerNorm" in name]
    rest = [weight for name, weight in named if not (name.endswith("bias") or "LayerNorm" in name)]
    return [{"params": rest, "weight_decay": decay}, {"params": free, "weight_decay": 0.0}]
