#!/usr/bin/env python3
"""Compares the log-probabilities of llama-run with those of llama.cpp, for GGUF files and random token ids.

    tools/compare_logits.py model-q8_0.gguf model-q4_k_m.gguf --libllama DIR --ids 64 --layers 1

Needs `pip install llama-cpp-python numpy` (used with 0.3.36), or its Python sources in PYTHONPATH and --libllama, the
folder with libllama.so; gguf for --layers; and a release build of llama-run (`swift build -c release`).

llama-run reports the log-probability of every token of the prompt and of the likeliest at its position (--logprobs);
llama.cpp's are the log-softmax of its logits in float64. For each file, a table whose rows are settings of llama.cpp:
the type of the cache for keys and values, flash attention, whether weights are repacked for other kernels, and whether
all tokens are one batch or each its own. Columns compare llama-run with activations in int8 (where weights are
quantized), in bfloat16 (where they are BF16) and in float32, and llama.cpp with its own first settings: the largest and
the mean difference in nats, at how many positions the likeliest token is the same, and at how many all differences are
below 1e-4. The last rows are llama-run in int8 and bfloat16 against float32: what rounding the activations changes.

The first settings are closest to what llama-run computes. What no setting removes:

- Where weights are F16, llama.cpp rounds activations to that type; llama-run does not. Where they are BF16, both do with
  bfloat16, but add float32 products in another order, and one unit in the last place decides how the next activation is
  rounded.
- Where they are quantized, both round activations to the same integers, but add float32 sums in another order. Where a
  value is near the middle of two integers, its last bit decides which it becomes; a whole step of its block then
  changes all that follows at this position, and through keys and values at the next ones, as much as quantizing does.
  Positions before the first such value agree to about 1e-6: --layers 1, which uses only so many layers, leaves most of
  them. In the first layer, exact ties are common where embeddings are in blocks of 32 too.
- Scales of blocks of less than 1e-2 are rounded to subnormal F16 by llama.cpp, and kept in float32 by llama-run.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = {
    "cache F32, not repacked": {"repack": False},
    "cache F32": {},
    "cache F32, one by one": {"batch": 1},
    "cache F32, flash attention": {"flash_attention": True},
    "cache F16": {"cache_type": "f16"},
    "cache F16, flash attention": {"cache_type": "f16", "flash_attention": True},
}
ACTIVATIONS = ("int8", "bfloat16", "float32")
CLOSE = 1e-4
FIGURES = ("largest", "mean", "same token", "below 1e-4")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE.gguf")
    parser.add_argument("--ids", type=int, default=64, metavar="N", help="token ids, 3 to 512 (64)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the ids (1)")
    parser.add_argument("--top", type=int, default=1000, metavar="N", help="likeliest tokens to compare (1000)")
    parser.add_argument("--layers", type=int, metavar="N", help="use the first layers only (all)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), metavar="N", help="threads (all)")
    parser.add_argument("--libllama", type=Path, metavar="DIR", help="folder with libllama.so (llama-cpp-python's)")
    parser.add_argument("--programs", type=Path, default=ROOT / ".build/release", metavar="DIR",
                        help="where llama-run is (.build/release)")
    options = parser.parse_args()
    if not 3 <= options.ids <= 512:
        parser.error(f"--ids: expected 3 to 512, found {options.ids}")
    if options.layers is not None and options.layers < 1:
        parser.error(f"--layers: expected 1 or more, found {options.layers}")
    if missing := [path for path in options.files if not path.is_file()]:
        parser.error(f"{missing[0]}: no such file")
    return options


class Ours:
    """Log-probabilities from llama-run: of each position but the last, by token id."""

    def __init__(self, path: Path, ids: list[int], activations: str, options: argparse.Namespace):
        result = subprocess.run(
            [options.programs / "llama-run", "--checkpoints", path, "--prompts", "-", "--output", "-", "--echo",
             "--max-gen-len", "0", "--logprobs", str(options.top), "--activations", activations,
             "--threads", str(options.threads), "--quiet"],
            input=json.dumps({"prompt_ids": ids}), capture_output=True, encoding="utf-8")
        if result.returncode:
            raise SystemExit(f"llama-run ended with {result.returncode}: {result.stderr.strip()}")
        found = json.loads(result.stdout.splitlines()[0])["logprobs"]
        tops = [{int(key): value for key, value in top.items()} for top in found["top_logprobs"][1:]]
        self.likeliest = [max(top, key=top.get) for top in tops]
        self.values = [top | {token: value}
                       for top, token, value in zip(tops, ids[1:], found["token_logprobs"][1:])]


def log_softmax(logits):
    import numpy
    shifted = logits.astype(numpy.float64)
    shifted -= shifted.max(axis=-1, keepdims=True)
    return shifted - numpy.log(numpy.exp(shifted).sum(axis=-1, keepdims=True))


def cells(values: list[dict], likeliest, other, other_likeliest) -> list[str]:
    """Of the values by token at every position, how far they are from another's, and how often both agree."""
    rows = [[abs(value - other[i][token]) for token, value in row.items()
             if not isinstance(other[i], dict) or token in other[i]] for i, row in enumerate(values)]
    same = sum(int(a) == int(b) for a, b in zip(likeliest, other_likeliest))
    close = sum(max(row) < CLOSE for row in rows)
    mean = sum(map(sum, rows)) / sum(map(len, rows))
    return [f"{max(map(max, rows)):.1e}", f"{mean:.1e}", f"{same}/{len(rows)}", f"{close}/{len(rows)}"]


def compare(path: Path, options: argparse.Namespace):
    from interoperation.llama_cpp_model import LlamaCppModel
    rows, ours, first, ids, empty = [], {}, None, [], [""] * len(FIGURES)
    for name, settings in SETTINGS.items():
        model = LlamaCppModel(path, threads=options.threads, **settings)
        if not ids:
            random_ids = random.Random(options.seed)
            ids = [max(model.model.token_bos(), 0)]
            ids += [random_ids.randrange(3, model.model.n_vocab()) for _ in range(options.ids - 1)]
            ours = {activations: Ours(path, ids, activations, options) for activations in ACTIVATIONS}
            for kind, same in (("bfloat16", "int8"), ("int8", "float32")):
                if ours[kind].values == ours[same].values:
                    del ours[kind]
        theirs = log_softmax(model.scores(ids)[:-1])
        del model
        row = [name]
        for each in ours.values():
            row += cells(each.values, each.likeliest, theirs, theirs.argmax(-1))
        if first is None:
            first, itself = theirs, empty
        else:
            # At the same tokens as those that llama-run reports.
            shown = [{token: theirs[i][token] for token in known} for i, known in enumerate(ours["float32"].values)]
            itself = cells(shown, theirs.argmax(-1), first, first.argmax(-1))
        rows.append(row + itself)
    exact = ours.pop("float32")
    for name, each in ours.items():
        rows.append([f"llama-run, {name}", *empty * len(ours),
                     *cells(each.values, each.likeliest, exact.values, exact.likeliest), *empty])
    head = ["llama.cpp", *(f"{each}: {figure}" for each in (*ours, "float32", "itself") for figure in FIGURES)]
    layers = f", {options.layers} layers" if options.layers else ""
    print(f"### {path.name}{layers}\n\n" + "\n".join(
        "| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows]) + "\n", flush=True)


def main():
    options = arguments()
    if options.libllama:
        os.environ["LLAMA_CPP_LIB_PATH"] = str(options.libllama.absolute())
    print(f"{options.ids} ids, seed {options.seed}; differences of log-probabilities in nats\n")
    for path in options.files:
        if not options.layers:
            compare(path, options)
            continue
        from interoperation.gguf_layers import copy_layers
        with tempfile.TemporaryDirectory(prefix="layers-") as folder:
            copy_layers(path, Path(folder) / path.name, options.layers)
            compare(Path(folder) / path.name, options)


if __name__ == "__main__":
    sys.exit(main())
