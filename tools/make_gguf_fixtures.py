#!/usr/bin/env python3
"""Writes Tests/LlamaTestSupport/Fixtures/Checkpoints/gguf-types/types.gguf with the library of llama.cpp.

Needs `pip install gguf numpy` (written with gguf 0.19). The values are spelled out in
Tests/LlamaCheckpointsTests/GGUFFixtureTests.swift, which reads the file: one key of every type of value, and the same
ramp of 64 numbers, -32 to 31, each divided by 8, as a [2, 32] tensor of every type.
"""

import usage

usage.answer_help(__doc__)

import pathlib

import gguf
import numpy

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "Tests" / "LlamaTestSupport" / "Fixtures" / "Checkpoints"


def add_values(writer):
    writer.add_uint8("test.uint8", 255)
    writer.add_int8("test.int8", -128)
    writer.add_uint16("test.uint16", 65535)
    writer.add_int16("test.int16", -32768)
    writer.add_uint32("test.uint32", 2**32 - 1)
    writer.add_int32("test.int32", -(2**31))
    writer.add_float32("test.float32", 0.1)
    writer.add_bool("test.bool", True)
    writer.add_string("test.string", "ไทย 🙂")
    writer.add_array("test.ints", [-1, 0, 7])
    writer.add_array("test.floats", [0.5, -0.25])
    writer.add_array("test.bools", [True, False])
    writer.add_array("test.strings", ["<s>", "é", "x" * 300])
    writer.add_array("test.bytes", b"\x00\x80\xff")
    writer.add_uint64("test.uint64", 2**64 - 1)
    writer.add_int64("test.int64", -(2**63))
    writer.add_float64("test.float64", 0.1)


def main():
    folder = FIXTURES / "gguf-types"
    folder.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(folder / "types.gguf", "llama")
    writer.add_custom_alignment(64)
    add_values(writer)
    ramp = (numpy.arange(64, dtype=numpy.float32) - 32).reshape(2, 32) / 8
    types = gguf.GGMLQuantizationType
    writer.add_tensor("f32", ramp)
    writer.add_tensor("f16", ramp.astype(numpy.float16))
    for dtype in (types.BF16, types.Q8_0):
        writer.add_tensor(dtype.name.lower(), gguf.quants.quantize(ramp, dtype), raw_dtype=dtype)
    writer.add_tensor("i32", numpy.arange(3, dtype=numpy.int32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
