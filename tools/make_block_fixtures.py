#!/usr/bin/env python3
"""Writes Tests/LlamaTestSupport/Fixtures/Blocks: blocks of GGML's formats and their values according to the gguf library.

make_block_fixtures.py LIBRARY

LIBRARY is llama.cpp's libggml-base.so (`llama_cpp/lib` of `pip install llama-cpp-python`, or `build/bin` of a build of its
sources), since gguf does not quantize to K formats. It must not be compiled for processors with FMA, which llama.cpp's
own build of this library is not: contracted to fused multiply-adds, about one block of Q4_K in 20 comes out different.
Also needs `pip install gguf numpy` (written with gguf 0.19). For every format F:

  F.blocks   random blocks, then blocks whose scales are zero, subnormal, the greatest, infinite and NaN
  F.floats   their float32 values by gguf.quants.dequantize

and for the formats that are also written, Q8_0, Q5_0, Q4_0, Q4_K and Q6_K:

  encoding.floats   random values of many magnitudes, and extreme ones (finite: for NaN gguf and the C code differ)
  encodingK.floats  the same in rows of 256, for K formats
  F.encoded         their blocks by gguf.quants.quantize, whose Q8_0 says it is bit-exact with the C code, and by
                    LIBRARY's quantize_row_F_ref for K formats
"""

import usage

usage.answer_help(__doc__)

import ctypes
import pathlib
import sys

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


def super_block_values(generator):
    rows = [generator.normal(0, 10.0 ** power, 256) for power in (-42, -37, -30, -9, -3, -2, -1, 0, 1, 3, 6)]
    rows += [generator.normal(0, 0.02, 256).astype(np.float16) for _ in range(4)]
    # Runs of other magnitudes than their neighbors, some of whose scales are stored as 0.
    rows += [generator.normal(0, 1, 256) * np.repeat(10.0 ** generator.uniform(-9, 4, 256 // run), run)
             for run in (16, 32, 16, 32)]
    rows += [generator.integers(-16, 17, 256) * 0.5, generator.integers(-127, 128, 256)]
    rows += [np.zeros(256), np.full(256, 3.5), np.full(256, -3.5), np.full(256, 1e-16)]
    rows += [np.repeat(generator.normal(0, 1, 256 // run), run) for run in (16, 32)]
    rows += [np.linspace(-1, 1, 256), np.linspace(1, -1, 256)]
    rows += [np.abs(generator.normal(0, 1, 256)), -np.abs(generator.normal(0, 1, 256))]
    rows += [generator.normal(0, 1, 256) * (generator.random(256) < 0.05)]
    rows += [generator.normal(0, 1, 256) * np.repeat(generator.random(8) < 0.5, 32)]
    for outlier in (1e3, -1e3):
        rows.append(generator.normal(0, 1e-3, 256))
        rows[-1][77] = outlier
    return np.stack([np.asarray(row, np.float64) for row in rows]).astype(np.float32)


def quantized_by(library, name, floats):
    rows = floats.size // 256
    encoded = np.zeros((rows, GGML_QUANT_SIZES[GGMLQuantizationType[name]][1]), np.uint8)
    quantize = getattr(library, f"quantize_row_{name[:2].lower()}{name[2:]}_ref")
    quantize(ctypes.c_void_p(floats.ctypes.data), ctypes.c_void_p(encoded.ctypes.data), ctypes.c_int64(floats.size))
    return encoded


def main():
    if len(sys.argv) != 2:
        sys.exit("expected the path of libggml-base.so; --help says more")
    library = ctypes.CDLL(sys.argv[1])
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
        for name in ("Q8_0", "Q5_0", "Q4_0"):
            encoded = quants.quantize(floats, GGMLQuantizationType[name])
            (FIXTURES / f"{name}.encoded").write_bytes(encoded.tobytes())
        floats = super_block_values(generator)
        (FIXTURES / "encodingK.floats").write_bytes(floats.astype("<f4").tobytes())
        for name in ("Q4_K", "Q6_K"):
            (FIXTURES / f"{name}.encoded").write_bytes(quantized_by(library, name, floats).tobytes())


if __name__ == "__main__":
    main()
