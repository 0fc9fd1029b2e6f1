#!/usr/bin/env python3
"""Writes Sources/LlamaTokenizers/Tiktoken/ScalarClassRanges.swift: the scalars that tiktoken treats as letters, numbers and space.

Needs `pip install tiktoken` (written with 0.14.0). The ranges are observed, not looked up: every scalar is matched
against `\\p{L}`, `\\p{N}` and `\\s` by tiktoken's own regular expressions, whose Unicode tables may be older or
newer than Swift's.
"""

import usage

usage.answer_help(__doc__)

import pathlib

import tiktoken

TARGET = pathlib.Path(__file__).resolve().parent.parent / "Sources/LlamaTokenizers/Tiktoken/ScalarClassRanges.swift"
CLASSES = [
    ("letters", r"\p{L}", "General category L."), ("numbers", r"\p{N}", "General category N."),
    ("spaces", r"\s", "White_Space.")]
SURROGATES = range(0xD800, 0xE000)


def ranges(pattern):
    bytes_only = {bytes([byte]): byte for byte in range(256)}
    encoding = tiktoken.Encoding("class", pat_str=pattern, mergeable_ranks=bytes_only, special_tokens={})
    found = []
    for scalar in range(0x110000):
        if scalar in SURROGATES or not encoding.encode_ordinary(chr(scalar)):
            continue
        if found and found[-1][1] == scalar - 1:
            found[-1][1] = scalar
        else:
            found.append([scalar, scalar])
    return found


def main():
    text = (
        f"// Written by tools/make_scalar_classes.py with tiktoken {tiktoken.__version__}.\n\n"
        "/// First and last scalar of each range, one after the other.\n"
        "enum ScalarClassRanges {\n")
    for name, pattern, comment in CLASSES:
        found = ranges(pattern)
        count = sum(last - first + 1 for first, last in found)
        text += f"    /// {comment} {count} scalars.\n    static let {name}: [UInt32] = [\n"
        line = "       "
        for number in [f" 0x{bound:X}," for pair in found for bound in pair]:
            if len(line) + len(number) > 110:
                text += line + "\n"
                line = "       "
            line += number
        text += line + "\n    ]\n"
        text += "" if name == CLASSES[-1][0] else "\n"
    TARGET.write_text(text + "}\n")


main()
