#!/usr/bin/env python3
"""Writes Tests/LlamaTestSupport/Fixtures/Blocks: blocks of GGML's formats and their values according to the gguf library.

Needs `pip install gguf numpy` (written with gguf 0.19). For every format F:

  F.blocks   random blocks, then blocks whose scales are zero, subnormal, the greatest, infinite and NaN
  F.floats   their float32 values by gguf.quants.dequantize

and for the formats that are also written, Q8_0 and Q4_0:

  encoding.floats  random values of many magnitudes, and extreme ones (finite: for NaN gguf and the C code differ)
  F.encoded        their blocks by gguf.quants.quantize, whose Q8_0 says it is bit-exact with the C code
"""

import usage

usage.answer_help(__doc__)

import pathlib

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, quants

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "Tests" / "LlamaTestSupport" / "Fixtures" / "Blocks"
# Offsets of a block's binary16 scales (block_* in ggml-common.h).
SCALES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82], "Q3_K": [108],
          "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}
EXTREMES = [0x0000, 0x8000, 0x0001, 0x83FF, 0x0400, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00, 0x7E00]


def blocks(name, generator):
    size = GGML_QUANT_SIZES[GGMLQuantizationType[name]][1]
    scales = list(generator.normal(0, 0.1, 8).astype(np.float16).view(np.uint16)) + EXTREMES
    result = generator.integers(0, 256, (len(scales), size), dtype=np.uint8)
    for block, scale in zip(result, scales):
        for offset in SCALES[name]:
            block[offset:offset + 2] = np.array([scale], dtype="<u2").view(np.uint8)
            scale = np.random.default_rng(int(scale)).normal(0, 0.1, 1).astype(np.float16).view(np.uint16)[0]
    # The least and the greatest quants.
    result[0, :] = 0
    result[1, [i for i in range(size) if i not in [o + b for o in SCALES[name] for b in (0, 1)]]] = 0xFF
    return result


def values(generator):
    rows = [generator.normal(0, 10.0 ** power, 32) for power in (-30, -9, -6, -3, -1, 0, 1, 3, 5, 7)]
    rows += [generator.integers(-127, 128, 32) for _ in range(4)]          # ties of Q4_0
    rows += [generator.integers(-16, 17, 32) * 0.5 for _ in range(4)]      # ties of both
    rows += [np.zeros(32), np.full(32, 3.5), np.full(32, -3.5), np.linspace(-1, 1, 32), np.linspace(1, -1, 32)]
    return np.stack(rows).astype(np.float32)


def main():
    FIXTURES.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(5)
    with np.errstate(all="ignore"):
        for name in SCALES:
            stored = blocks(name, generator)
            (FIXTURES / f"{name}.blocks").write_bytes(stored.tobytes())
            floats = quants.dequantize(stored, GGMLQuantizationType[name])
            (FIXTURES / f"{name}.floats").write_bytes(floats.astype("<f4").tobytes())
        floats = values(generator)
        (FIXTURES / "encoding.floats").write_bytes(floats.astype("<f4").tobytes())
        for name in ("Q8_0", "Q4_0"):
            encoded = quants.quantize(floats, GGMLQuantizationType[name])
            (FIXTURES / f"{name}.encoded").write_bytes(encoded.tobytes())


if __name__ == "__main__":
    main()
