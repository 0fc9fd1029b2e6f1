#!/usr/bin/env python3
"""Checks that swift-llama and the libraries that own the formats read each other's checkpoints.

    tools/check_interoperation.py CHECKPOINT... [--tokenizer DIR/tokenizer.model]...

Written here and read there: every checkpoint (a folder of Meta's or Hugging Face's) is converted to every format that
can express it, and its numbers and logits are compared in torch, safetensors, transformers, the gguf library and
llama.cpp; in formats that cannot, that it is refused. Written there and read here: save_pretrained, torch.save and
gguf.GGUFWriter. Blocks: Q8_0, Q4_0, Q6_K and Q4_K against ggml_quantize_chunk byte for byte, and all that are read
here against the gguf library bit for bit. Tokenizers: the ids that llama.cpp and transformers have for texts, from a
GGUF file and a folder with the tokenizer.

A .pth given by itself is only loaded with torch and saved again.

Needs `pip install torch transformers safetensors gguf numpy llama-cpp-python` (used with 2.15.0, 5.23.0, 0.8.0,
0.19.0, 2.4.6 and 0.3.36) and release builds of llama-convert, llama-run and llama-tokenize:

    swift build -c release

Prints a line for every check and exits with 1 where any fails.
"""

import argparse
import importlib.metadata
import os
import sys
import tempfile
from pathlib import Path

from interoperation.report import Programs, Report

ROOT = Path(__file__).resolve().parent.parent
LIBRARIES = ("torch", "transformers", "safetensors", "gguf", "numpy", "llama-cpp-python")
PARTS = ("here", "there", "blocks", "tokenizers")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", nargs="*", type=Path, help="folder of a checkpoint, or a .pth")
    parser.add_argument("--tokenizer", action="append", default=[], type=Path, metavar="FILE",
                        help="tokenizer.model with a vocabulary of 32000 or 128256; a golden.jsonl beside it is used")
    parser.add_argument("--texts", type=int, default=3000, metavar="N", help="texts for each tokenizer (3000)")
    parser.add_argument("--programs", type=Path, default=ROOT / ".build/release", metavar="DIR",
                        help="where llama-convert, llama-run and llama-tokenize are (.build/release)")
    parser.add_argument("--only", action="append", choices=PARTS, help="do this part only; may be repeated")
    options = parser.parse_args()
    if not options.checkpoint and not options.tokenizer and not options.only:
        parser.error("expected a checkpoint or a tokenizer")
    return options


def version(library: str) -> str:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return "not installed as a package"


def main() -> int:
    options = arguments()
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TQDM_DISABLE", "1")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    print(", ".join(f"{library} {version(library)}" for library in LIBRARIES))
    report, programs = Report(), Programs(options.programs)
    parts = options.only or PARTS
    with tempfile.TemporaryDirectory(prefix="interoperation-") as folder:
        check(options, parts, programs, report, Path(folder))
    print(", ".join(f"{count} {outcome}" for outcome, count in report.counts.items()))
    return 1 if report.counts["FAILED"] else 0


def check(options: argparse.Namespace, parts, programs: Programs, report: Report, folder: Path):
    from interoperation import blocks, reference, tokenization, written_here, written_there
    for path in options.checkpoint:
        if path.is_file():
            report.check(path.name, "torch.load, copied and mapped", lambda: written_here.check_torch_file(path))
    folders = [path.absolute() for path in options.checkpoint if path.is_dir()]
    # Block formats need rows of whole blocks, which small checkpoints may not have.
    made = reference.make_meta(folder / "made-f32", seed=1, heads=8, kv_heads=2)
    made_half = reference.make_meta(folder / "made-bf16", seed=2, dtype=reference.torch.bfloat16, rope_theta=500000.0,
                                    use_scaled_rope=True)
    made_wide = reference.make_meta(folder / "made-wide-f16", seed=3, dtype=reference.torch.float16, dim=256,
                                    multiple_of=256)
    if "here" in parts:
        for path in [*folders, made, made_half, made_wide]:
            place = folder / ("here-" + path.name)
            place.mkdir()
            report.check(path.name, "all formats", lambda: written_here.WrittenHere(
                written_here.Source(path), programs, report, place).run() or "done")
    if "there" in parts:
        there = written_there.WrittenThere(programs, report, folder)
        there.of_fresh_models()
        for path in folders:
            if (path / "config.json").exists():
                there.of_hugging_face(path)
        for path in [made, *(p for p in folders if (p / "params.json").exists())]:
            there.of_torch(path)
        there.of_gguf(made)
    if "blocks" in parts:
        blocks.check(programs, report, folder)
    if "tokenizers" in parts:
        for path in options.tokenizer:
            tokenization.check(programs, report, folder, path, options.texts)


if __name__ == "__main__":
    sys.exit(main())
