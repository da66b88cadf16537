"""The encoder and its head, in torch: BERT's layers as e5 has them, the first few of them, and a small classifier."""

import torch
from torch import nn
from torch.nn import functional as F


class Dropout(nn.Module):
    """Dropout whose coins are tossed once and read from a random place: tossing is a tenth of a step on a CPU."""

    def __init__(self, share: float, coins: int = 1 << 23):
        super().__init__()
        self.coins = (torch.rand(coins) >= share).to(torch.bfloat16) / (1 - share)

    def forward(self, x):
        if not self.training:
            return x
        at = int(torch.randint(len(self.coins) - x.numel(), (1,)))
        return x * self.coins[at : at + x.numel()].view(x.shape)


class Layer(nn.Module):
    def __init__(self, hidden: int, heads: int, inner: int, drop: Dropout):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.ao = (nn.Linear(hidden, hidden) for _ in range(4))
        self.fi, self.fo = nn.Linear(hidden, inner), nn.Linear(inner, hidden)
        self.aln, self.oln = nn.LayerNorm(hidden, eps=1e-12), nn.LayerNorm(hidden, eps=1e-12)
        self.drop = drop

    def forward(self, x, mask):
        batch, length, hidden = x.shape
        split = lambda t: t.view(batch, length, self.heads, -1).transpose(1, 2)
        # Written out: faster backwards on a CPU than the fused attention at these lengths.
        scale = (hidden // self.heads) ** -0.5
        share = torch.softmax(torch.matmul(split(self.q(x)) * scale, split(self.k(x)).transpose(2, 3)) + mask, -1)
        y = torch.matmul(share, split(self.v(x)))
        x = self.aln(x + self.drop(self.ao(y.transpose(1, 2).reshape(batch, length, hidden))))
        return self.oln(x + self.drop(self.fo(F.gelu(self.fi(x)))))


class Encoder(nn.Module):
    def __init__(self, hidden: int, layers: int, heads: int, inner: int, vocabulary: int, positions: int):
        super().__init__()
        self.word = nn.Embedding(vocabulary, hidden)
        self.position = nn.Embedding(positions, hidden)  # the type's vector is added to it
        self.ln = nn.LayerNorm(hidden, eps=1e-12)
        self.drop = Dropout(0.1)
        self.layers = nn.ModuleList(Layer(hidden, heads, inner, self.drop) for _ in range(layers))

    def forward(self, ids, pad: int):
        """The mean of the last layer over the tokens that are there."""
        there = ids != pad
        x = self.word(ids) + self.position(torch.arange(ids.shape[1]))[None]
        x = self.drop(self.ln(x))
        kind = torch.bfloat16 if torch.is_autocast_enabled("cpu") else x.dtype
        mask = torch.zeros(ids.shape, dtype=kind).masked_fill(~there, -1e4)[:, None, None, :]
        for layer in self.layers:
            x = layer(x, mask)
        weight = there.unsqueeze(-1).float()
        return (x.float() * weight).sum(1) / weight.sum(1)


class Judge(nn.Module):
    """One number for a window: the logit that it holds an injection."""

    def __init__(self, encoder: Encoder, hidden: int):
        super().__init__()
        self.encoder = encoder
        self.dense = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, 1)
        self.drop = nn.Dropout(0.1)

    def forward(self, ids, pad: int):
        pooled = self.encoder(ids, pad)
        return self.out(self.drop(torch.tanh(self.dense(self.drop(pooled))))).squeeze(-1)


def load(pretrained, layers: int, keep: list[int], positions: int) -> Encoder:
    """The first layers of the pretrained encoder with the rows of the pieces that are kept."""
    p = pretrained
    encoder = Encoder(p.hidden, layers, p.heads, p.inner, len(keep), positions)
    state = {}
    tensor = lambda name, *shape: torch.from_numpy(p.tensor(name)).view(*shape)
    state["word.weight"] = tensor("emb.word", -1, p.hidden)[torch.tensor(keep)].clone()
    kind = tensor("emb.type", -1, p.hidden)[0]
    state["position.weight"] = tensor("emb.pos", -1, p.hidden)[:positions] + kind
    state["ln.weight"], state["ln.bias"] = tensor("emb.ln.w", -1), tensor("emb.ln.b", -1)
    shapes = {"fi": (p.inner, p.hidden), "fo": (p.hidden, p.inner)}
    for i in range(layers):
        for part in ("q", "k", "v", "ao", "fi", "fo"):
            state[f"layers.{i}.{part}.weight"] = tensor(f"l{i}.{part}.w", *shapes.get(part, (p.hidden, p.hidden)))
            state[f"layers.{i}.{part}.bias"] = tensor(f"l{i}.{part}.b", -1)
        for part in ("aln", "oln"):
            state[f"layers.{i}.{part}.weight"] = tensor(f"l{i}.{part}.w", -1)
            state[f"layers.{i}.{part}.bias"] = tensor(f"l{i}.{part}.b", -1)
    encoder.load_state_dict(state)
    return encoder
