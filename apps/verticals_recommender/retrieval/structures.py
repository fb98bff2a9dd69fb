"""The FAISS structures that find near vectors, described as data and built from vectors; nothing is ever read with `faiss.read_index`."""

import math
from typing import Any, Literal

import faiss
import numpy as np
from pydantic import Field

from verticals.arrays import BoolArray, FloatArray
from verticals.config import Section

Kind = Literal["flat", "ivf", "hnsw", "ivf-pq"]
KINDS: tuple[Kind, ...] = ("flat", "ivf", "hnsw", "ivf-pq")  # from the cheapest to build and change to the dearest
_LARGEST = 2**20
_TRAINING_ROWS_PER_LIST = 64
_FEWEST_ROWS_PER_LIST = 40  # FAISS asks for 39, of lists and of the 16 codes of a part alike
_HNSW_BUILD_EFFORT = 100


class IndexSpec(Section):
    """One structure with its parameters; those of other kinds stay at zero.

    `effort` is the knob between speed and recall: lists visited (IVF), or candidates kept while walking the graph (HNSW).
    """

    kind: Kind = "flat"
    lists: int = Field(0, ge=0, le=_LARGEST, description="cells of the coarse quantizer (IVF)")
    links: int = Field(0, ge=0, le=256, description="neighbours of a node (HNSW)")
    effort: int = Field(0, ge=0, le=_LARGEST)
    rescored: int = Field(1, ge=1, le=64, description="candidates per result whose inner product is computed exactly")


def proposal(kind: Kind, rows: int) -> IndexSpec:
    """Return a structure that suits a number of rows, at its least effort.

    About 4 times the square root of the rows is the usual number of lists; fewer where a list would not have the rows to be learned from.
    """
    lists = 2 ** max(0, round(math.log2(4 * math.sqrt(max(rows, 1)))))
    lists = max(1, min(lists, rows // _FEWEST_ROWS_PER_LIST))
    known = {
        "flat": IndexSpec(),
        "ivf": IndexSpec(kind="ivf", lists=lists, effort=1),
        "hnsw": IndexSpec(kind="hnsw", links=16, effort=64),
        "ivf-pq": IndexSpec(kind="ivf-pq", lists=lists, effort=1, rescored=4),
    }
    return known[kind]


def fitting(spec: IndexSpec, rows: int) -> IndexSpec:
    """Return the structure itself, or the exact one where there are too few rows to learn the structure's lists and codes from."""
    return spec if rows >= max(spec.lists, 16) * _FEWEST_ROWS_PER_LIST else IndexSpec()


def build(spec: IndexSpec, vectors: FloatArray) -> faiss.Index:
    """Build a structure over vectors, [rows, width]; the first row has position 0.

    Hierarchical graphs: Malkov and Yashunin 2016. Inverted lists and product codes: Jegou et al. 2011; the codes have 4 bits and are
    scanned in registers (André et al. 2017). Training rows are spread evenly over the vectors, so that the result is repeatable.
    """
    index = _empty(spec, vectors.shape[1])
    if not index.is_trained:
        rows = min(len(vectors), max(spec.lists, 16) * _TRAINING_ROWS_PER_LIST)
        index.train(vectors[np.linspace(0, len(vectors) - 1, rows).astype(np.int64)])
    index.add(vectors)
    return index


def _empty(spec: IndexSpec, width: int) -> faiss.Index:
    if spec.kind == "flat":
        return faiss.IndexFlatIP(width)
    if spec.kind == "hnsw":
        graph = faiss.IndexHNSWFlat(width, spec.links, faiss.METRIC_INNER_PRODUCT)
        graph.hnsw.efConstruction = _HNSW_BUILD_EFFORT
        return graph
    codes = "Flat" if spec.kind == "ivf" else f"PQ{_code_parts(width)}x4fs"
    return faiss.index_factory(width, f"IVF{spec.lists},{codes}", faiss.METRIC_INNER_PRODUCT)


def _code_parts(width: int) -> int:
    """Return the parts into which a product quantizer cuts a vector: pairs where the width is even."""
    return width // 2 if width % 2 == 0 else width


def parameters(spec: IndexSpec, alive: BoolArray | None) -> faiss.SearchParameters:
    """Return what one search needs, its effort and the rows that still count; the structure itself is never changed by a search."""
    library: Any = faiss  # its type stubs leave out the keyword arguments of its Python layer
    selector = None if alive is None else library.IDSelectorBitmap(np.packbits(alive, bitorder="little"))
    found: faiss.SearchParameters
    if spec.kind == "flat":
        found = library.SearchParameters(sel=selector)
    elif spec.kind == "hnsw":
        found = library.SearchParametersHNSW(efSearch=spec.effort, sel=selector)
    else:
        found = library.SearchParametersIVF(nprobe=spec.effort, sel=selector)
    return found
