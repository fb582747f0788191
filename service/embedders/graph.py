"""The network of a BERT sentence encoder as an ONNX graph, from a mapping of named weights.

Here: the architecture, one function per block, and how its products are rounded to 8 bits. Not here: reading weights, files
(`build`), running it (`local`).

The architecture is BERT (Devlin et al. 2018, arXiv:1810.04805) with mean pooling and L2 normalisation as in Sentence-BERT
(Reimers and Gurevych 2019, arXiv:1908.10084). This module needs `onnx`, which only building a model needs: import it nowhere else.

Products with weights run in integers. Each output of a layer has its own step (as in per-channel quantisation), and so has each
word piece, found while running. One step for a whole batch, which is what ONNX Runtime's own dynamic quantisation makes, costs
three times the error (cosine to float32 .993 against .9975), makes a text's vector depend on its neighbours in the batch, and is
slower, because one scalar operator then joins what is vectorised here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from service.embedders.source import BertShape

Floats = NDArray[np.float32]

OPSET = 17
"""The first operator set with LayerNormalization."""
MICROSOFT = "com.microsoft"
"""ONNX Runtime's own operators, of which one is used: an integer product that ends in float32."""
IR_VERSION = 8
"""The file version that belongs to operator set 17; fixed, so that the same weights give the same bytes under any newer onnx."""
ACTIVATION_LEVELS = 127
"""Steps of an activation from zero to the largest magnitude, on either side."""
WEIGHT_LEVELS = 63
"""The same of a weight: with more, processors without VNNI instructions, which add pairs of products in 16 bits, would cut sums off (255 · 63 · 2
still fits), and vectors would differ between machines."""
WORD_LEVELS = 127
"""The same of the table of words, of which no integer products are made."""
ZERO = 128
"""The unsigned code of zero: integer products want activations unsigned and weights signed."""
SMALLEST = 1e-12
"""Stands in for the largest magnitude of a row of zeros."""
MASKED = -10_000.0
"""Added to the attention scores of padding; exp() of it is exactly zero in float32."""


@dataclass(slots=True)
class _Graph:
    """Nodes and constants in the order in which they were added, with names that depend on that order alone."""

    weights: Mapping[str, Floats]
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, onnx.TensorProto] = field(default_factory=dict)
    rounded: dict[str, tuple[str, str]] = field(default_factory=dict)

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.asarray(value, order="C"), name)
        return name

    def weight(self, name: str) -> str:
        return self.constant(name, self.weights[name])

    def indices(self, *values: int) -> str:
        return self.constant("indices_" + "_".join(str(value) for value in values), np.array(values, np.int64))

    def scalar(self, value: float) -> str:
        return self.constant(f"scalar_{value}", np.array(value, np.float32))

    def add(
        self, operator: str, *inputs: str, output: str | None = None, domain: str = "", **attributes: float | list[int]
    ) -> str:
        """Append a node and return the name of its (only) output."""
        name = f"{operator}_{len(self.nodes)}"
        node = helper.make_node(operator, list(inputs), [output or name], name=name, domain=domain)
        node.attribute.extend(helper.make_attribute(key, value) for key, value in sorted(attributes.items()))
        self.nodes.append(node)
        return output or name

    def dense(self, x: str, prefix: str) -> str:
        """Add `x · Wᵀ + b`, the product in integers."""
        codes, steps = quantise_rows(self.weights[f"{prefix}.weight"], WEIGHT_LEVELS)
        rounded, sizes = self._rounded(x)
        product = self.add(
            "MatMulIntegerToFloat",
            rounded,
            self.constant(f"{prefix}.codes", codes.T),  # the checkpoint keeps W as (out, in)
            self._step(),
            self.constant(f"{prefix}.steps", steps),
            self._zero(),
            domain=MICROSOFT,
        )
        return self.add("Add", self.add("Mul", product, sizes), self.weight(f"{prefix}.bias"))

    def _rounded(self, x: str) -> tuple[str, str]:
        """The rows of x, each divided by its largest magnitude and rounded, and these magnitudes; once for all layers over x."""
        if x not in self.rounded:
            sizes = self.add("ReduceMax", self.add("Abs", x), axes=[-1], keepdims=1)
            sizes = self.add("Max", sizes, self.scalar(SMALLEST))
            self.rounded[x] = (self.add("QuantizeLinear", self.add("Div", x, sizes), self._step(), self._zero()), sizes)
        return self.rounded[x]

    def _step(self) -> str:
        return self.constant("activation.step", np.array(1 / ACTIVATION_LEVELS, np.float32))

    def _zero(self) -> str:
        return self.constant("activation.zero", np.array(ZERO, np.uint8))

    def norm(self, x: str, prefix: str, epsilon: float) -> str:
        return self.add("LayerNormalization", x, self.weight(f"{prefix}.weight"), self.weight(f"{prefix}.bias"), epsilon=epsilon)


def quantise_rows(matrix: Floats, levels: int) -> tuple[NDArray[np.int8], Floats]:
    """Round each row to whole numbers up to `levels` on either side, times its step. Returns the codes, and the steps as float32 (rows,)."""
    steps = np.maximum(np.abs(matrix).max(axis=1), np.float32(SMALLEST)) / np.float32(levels)
    return np.rint(matrix / steps[:, None]).astype(np.int8), steps


def sentence_encoder(weights: Mapping[str, Floats], shape: BertShape) -> onnx.ModelProto:
    """The graph of the encoder.

    Inputs `input_ids` and `attention_mask`, both int64 (batch, tokens); outputs `token_embeddings` float32 (batch, tokens, hidden)
    and `sentence_embedding` float32 (batch, hidden) of unit length. Both axes are dynamic.

    Args:
        weights: the tensors of the checkpoint by their names in it.
        shape: the sizes from its configuration.

    Raises:
        KeyError: a tensor that the architecture needs is not there.
    """
    graph = _Graph(weights)
    mask = graph.add("Cast", "attention_mask", to=TensorProto.FLOAT)
    hidden = _embed_words(graph, shape)
    bias = _attention_bias(graph, mask)
    for number in range(shape.layers):
        hidden = _layer(graph, hidden, bias, shape, number)
    tokens = graph.add("Identity", hidden, output="token_embeddings")
    _pool(graph, tokens, mask)
    return _model(graph, shape.hidden_size)


def _embed_words(graph: _Graph, shape: BertShape) -> str:
    """Words + positions + token type 0. The last two do not depend on the text, so that they are one table."""
    codes, steps = quantise_rows(graph.weights["embeddings.word_embeddings.weight"], WORD_LEVELS)
    word_codes = graph.add("Gather", graph.constant("embeddings.words.codes", codes), "input_ids")
    word_steps = graph.add("Gather", graph.constant("embeddings.words.steps", steps[:, None]), "input_ids")
    words = graph.add("Mul", graph.add("Cast", word_codes, to=TensorProto.FLOAT), word_steps)
    positions = graph.weights["embeddings.position_embeddings.weight"]
    types = graph.weights["embeddings.token_type_embeddings.weight"]
    table = graph.constant("embeddings.positions_of_type_0", positions + types[0])
    length = graph.add("Slice", graph.add("Shape", "input_ids"), graph.indices(1), graph.indices(2))
    placed = graph.add("Slice", table, graph.indices(0), length, graph.indices(0))
    return graph.norm(graph.add("Add", words, placed), "embeddings.LayerNorm", shape.layer_norm_eps)


def _attention_bias(graph: _Graph, mask: str) -> str:
    """0 for tokens, a large negative number for padding, shaped (batch, 1, 1, tokens) to be added to every score."""
    absent = graph.add("Sub", graph.scalar(1.0), mask)
    return graph.add("Unsqueeze", graph.add("Mul", absent, graph.scalar(MASKED)), graph.indices(1, 2))


def _layer(graph: _Graph, x: str, bias: str, shape: BertShape, number: int) -> str:
    prefix = f"encoder.layer.{number}"
    attended = graph.dense(_attention(graph, x, bias, shape, f"{prefix}.attention.self"), f"{prefix}.attention.output.dense")
    x = graph.norm(graph.add("Add", attended, x), f"{prefix}.attention.output.LayerNorm", shape.layer_norm_eps)
    inner = _gelu(graph, graph.dense(x, f"{prefix}.intermediate.dense"))
    inner = graph.dense(inner, f"{prefix}.output.dense")
    return graph.norm(graph.add("Add", inner, x), f"{prefix}.output.LayerNorm", shape.layer_norm_eps)


def _attention(graph: _Graph, x: str, bias: str, shape: BertShape, prefix: str) -> str:
    """Add `softmax(q·kᵀ/√d + bias)·v` over all heads, d being the width of one."""
    width = shape.hidden_size // shape.heads

    def heads(name: str, order: list[int]) -> str:
        split = graph.add("Reshape", graph.dense(x, f"{prefix}.{name}"), graph.indices(0, 0, shape.heads, width))
        return graph.add("Transpose", split, perm=order)

    query = graph.add("Mul", heads("query", [0, 2, 1, 3]), graph.scalar(width**-0.5))
    scores = graph.add("MatMul", query, heads("key", [0, 2, 3, 1]))
    shares = graph.add("Softmax", graph.add("Add", scores, bias), axis=-1)
    mixed = graph.add("MatMul", shares, heads("value", [0, 2, 1, 3]))
    return graph.add("Reshape", graph.add("Transpose", mixed, perm=[0, 2, 1, 3]), graph.indices(0, 0, shape.hidden_size))


def _gelu(graph: _Graph, x: str) -> str:
    """Add `x/2 · (1 + erf(x/√2))`, the exact form (Hendrycks and Gimpel 2016, arXiv:1606.08415), not the tanh approximation."""
    error = graph.add("Erf", graph.add("Div", x, graph.scalar(2**0.5)))
    return graph.add("Mul", graph.add("Mul", x, graph.add("Add", error, graph.scalar(1.0))), graph.scalar(0.5))


def _pool(graph: _Graph, tokens: str, mask: str) -> None:
    """The mean of the token vectors over the mask, then unit length (a text has two tokens at least, so neither sum is zero)."""
    weights = graph.add("Unsqueeze", mask, graph.indices(2))
    total = graph.add("ReduceSum", graph.add("Mul", tokens, weights), graph.indices(1), keepdims=0)
    mean = graph.add("Div", total, graph.add("ReduceSum", weights, graph.indices(1), keepdims=0))
    graph.add("Div", mean, graph.add("ReduceL2", mean, axes=[1], keepdims=1), output="sentence_embedding")


def _model(graph: _Graph, hidden_size: int) -> onnx.ModelProto:
    def value(name: str, kind: int, *axes: str | int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, kind, list(axes))

    body = helper.make_graph(
        graph.nodes,
        "sentence_encoder",
        [value(name, TensorProto.INT64, "batch", "tokens") for name in ("input_ids", "attention_mask")],
        [
            value("token_embeddings", TensorProto.FLOAT, "batch", "tokens", hidden_size),
            value("sentence_embedding", TensorProto.FLOAT, "batch", hidden_size),
        ],
        list(graph.constants.values()),
    )
    return helper.make_model(
        body,
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)],
        ir_version=IR_VERSION,
        producer_name="eunoe",
    )
