"""Files that llama-convert writes, in the libraries that own their formats."""

import json
import tempfile
import zipfile
from pathlib import Path

import numpy
import torch

from . import reference
from .blocks import held_type

QUANTIZED = ("q8_0", "q4_0", "q6_k", "q4_k")
# Relative to the largest logit. llama.cpp rounds activations to the type of the weights before it multiplies them, hence
# the wider limits for narrow types; the same file expanded to float32 has to meet the first limit.
LIMIT = 1e-3
LLAMA_CPP_LIMITS = {"float32": LIMIT, "float16": 5e-3, "bfloat16": 5e-2, **dict.fromkeys(QUANTIZED, 5e-2)}


class Source:
    """A checkpoint, ids to try it with, and what its own makers' code computes for them."""

    def __init__(self, folder: Path):
        from safetensors.torch import load_file
        self.folder, self.name = folder, folder.name
        self.configuration, self.tensors = reference.load(folder)
        self.is_meta = (folder / "params.json").exists()
        self.expected = None
        if (folder / "expected.safetensors").exists():
            expected = load_file(folder / "expected.safetensors")
            self.ids, self.expected = expected["input_ids"].flatten().tolist(), expected["logits"]
        elif (folder / "golden.json").exists():
            golden = json.loads((folder / "golden.json").read_text())[0]
            self.ids = (golden["prompt_ids"] + golden["completion_ids"])[:64]
        else:
            vocabulary = self.tensors["tok_embeddings"].shape[0]
            self.ids = torch.randint(3, vocabulary, (48,), generator=torch.Generator().manual_seed(5)).tolist()
        self.logits = reference.logits(folder, self.ids)
        self.greedy = reference.greedy(folder, self.ids[:16], 16)

    @property
    def dtype(self) -> str:
        return str(self.tensors["layers.0.attention.wq"].dtype).removeprefix("torch.")

    def refusal(self, format: str) -> str | None:
        """Why a format cannot express the checkpoint; None where it can."""
        config = self.configuration
        scaling = config.get("rope_scaling") or {}
        other_heads = config.get("head_dim", 0) * config.get("num_attention_heads", 0) not in (
            0, config.get("hidden_size"))
        scaled = bool(scaling or config.get("use_scaled_rope"))
        if format.startswith("meta"):
            return "head_dim" if other_heads else "RoPE" if scaling.get("type") == "linear" else None
        if format == "llama2c":
            return "head_dim" if other_heads else "RoPE" if scaled else None
        return None


def expect_values(got: dict, expected: dict, *, dtypes: bool) -> str:
    """That tensors are equal number by number, and in dtype where that is asked for."""
    if got.keys() != expected.keys():
        raise ValueError(f"tensors {sorted(got.keys() ^ expected.keys())} are in one only")
    for name, tensor in expected.items():
        if got[name].shape != tensor.shape:
            raise ValueError(f"{name} has shape {tuple(got[name].shape)}, not {tuple(tensor.shape)}")
        if dtypes and got[name].dtype != tensor.dtype:
            raise ValueError(f"{name} is {got[name].dtype}, not {tensor.dtype}")
        if not torch.equal(got[name].float(), tensor.float()):
            raise ValueError(f"{name} has other values")
    return f"{len(got)} tensors equal"


def check_torch_file(path: Path) -> str:
    """Loads a .pth as careful users do, both copied and mapped, and saves it again: torch must write the same bytes."""
    if (damaged := zipfile.ZipFile(path).testzip()) is not None:
        raise ValueError(f"{damaged}: wrong checksum")
    copied = torch.load(path, weights_only=True)
    mapped = torch.load(path, weights_only=True, mmap=True)
    if list(copied) != list(mapped):
        raise ValueError("other tensors when mapped")
    for name, tensor in copied.items():
        # Compared as bytes, since a NaN does not equal itself.
        if not torch.equal(tensor.contiguous().flatten().view(torch.uint8),
                           mapped[name].contiguous().flatten().view(torch.uint8)):
            raise ValueError(f"{name}: other values when mapped")
    return f"{len(copied)} tensors, " + compare_with_torch_save(path, copied)


def compare_with_torch_save(path: Path, tensors: dict) -> str:
    """Says whether all up to the ZIP directory is what torch.save writes, but for the random serialization_id."""
    with tempfile.TemporaryDirectory() as folder:
        again = Path(folder) / path.name
        torch.save(tensors, again)
        with zipfile.ZipFile(again) as archive:
            end = archive.getinfo(f"{path.stem}/.data/serialization_id").header_offset
        same = path.read_bytes()[:end] == again.read_bytes()[:end]
    return "byte for byte what torch.save writes" if same else "other bytes than torch.save writes"


def read_gguf(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a GGUF file by the gguf library, in float32 and under Meta's names."""
    from gguf import GGUFReader
    from gguf.quants import dequantize
    names = {}
    reader = GGUFReader(path)
    layers = int(reader.fields["llama.block_count"].contents())
    for name in reference.meta_names(layers):
        names[reference.renamed(name, reference.GGUF_NAMES, "blk")] = name
    tensors = {}
    for tensor in reader.tensors:
        if tensor.name != "rope_freqs.weight":
            tensors[names[tensor.name]] = torch.from_numpy(
                dequantize(tensor.data, tensor.tensor_type).astype(numpy.float32))
    tensors.setdefault("output", tensors["tok_embeddings"])
    return tensors


def quantized(values: numpy.ndarray, type) -> numpy.ndarray:
    """What a type makes of rows: by the gguf library, or by llama.cpp where that only reads it."""
    from gguf.quants import dequantize, quantize
    try:
        blocks = quantize(values, type)
    except NotImplementedError:
        from .llama_cpp_model import Quantizer
        blocks = Quantizer().quantize(values, type)
    return dequantize(blocks, type)


def read_llama2c(path: Path) -> tuple[dict, dict[str, torch.Tensor]]:
    """A .bin in the layout that `memory_map_weights` of llama2.c's run.c has."""
    header = numpy.fromfile(path, dtype="<i4", count=7)
    dim, hidden, layers, heads, kv_heads, vocabulary, length = map(int, header)
    values = numpy.fromfile(path, dtype="<f4", offset=28)
    place = 0

    def take(*shape):
        nonlocal place
        count = int(numpy.prod(shape))
        place += count
        return torch.from_numpy(values[place - count:place].reshape(shape).copy())

    tensors = {"tok_embeddings": take(abs(vocabulary), dim)}
    width = dim // heads * kv_heads
    for name, *shape in [
            ("attention_norm", dim), ("attention.wq", dim, dim), ("attention.wk", width, dim),
            ("attention.wv", width, dim), ("attention.wo", dim, dim), ("ffn_norm", dim),
            ("feed_forward.w1", hidden, dim), ("feed_forward.w2", dim, hidden), ("feed_forward.w3", hidden, dim)]:
        for i, tensor in enumerate(take(layers, *shape)):
            tensors[f"layers.{i}.{name}"] = tensor
    tensors["norm"] = take(dim)
    take(length, dim // heads)
    tensors["output"] = tensors["tok_embeddings"] if vocabulary > 0 else take(-vocabulary, dim)
    if place != len(values):
        raise ValueError(f"{len(values)} numbers, expected {place}")
    return {"n_layers": layers, "n_heads": heads, "n_kv_heads": kv_heads, "norm_eps": 1e-5}, tensors


class WrittenHere:
    """All formats that a checkpoint can be written in, each in its owner's library."""

    def __init__(self, source: Source, programs, report, folder: Path):
        self.source, self.programs, self.report, self.folder = source, programs, report, folder

    def run(self):
        if self.source.expected is not None:
            self.check("expected.safetensors", lambda: self.report.near(
                self.source.logits, self.source.expected, LIMIT))
        for format in ("huggingface", "meta", "meta-safetensors", "gguf", "llama2c"):
            if reason := self.source.refusal(format):
                self.report.check(self.source.name, f"{format}: refused", lambda: self.refused(format, reason))
            else:
                getattr(self, format.replace("-", "_"))()

    def check(self, name: str, body):
        self.report.check(self.source.name, name, body)

    def refused(self, format: str, reason: str) -> str:
        suffix = {"gguf": ".gguf", "llama2c": ".bin"}.get(format, "")
        target = self.folder / f"refused-{format}{suffix}"
        try:
            self.programs.convert(self.source.folder, target, format)
        except RuntimeError as error:
            if reason.lower() in str(error).lower() and not target.exists():
                return f"for its {reason}, nothing written"
            raise
        raise ValueError("written, though the format cannot express it")

    def convert(self, target: str, format: str, *options) -> Path:
        path = self.folder / target
        self.programs.convert(self.source.folder, path, format, *options)
        return path

    def logits(self, name: str, got, limit: float = LIMIT):
        self.check(name, lambda: self.report.near(got(), self.source.logits, limit))

    def runs(self, name: str, path: Path):
        def body():
            ids = self.programs.greedy(path, self.source.ids[:16], 16)
            if ids != self.source.greedy[:len(ids)] or not ids:
                raise ValueError(f"{ids}, not {self.source.greedy}")
            return f"{len(ids)} greedy ids equal"
        self.check(name, body)

    def huggingface(self):
        for suffix, options in (("", []), ("-sharded", ["--max-shard-size", "100KB"])):
            path = self.folder / ("huggingface" + suffix)
            name = "huggingface" + suffix
            self.check(f"{name}: safetensors", lambda: self.written_safetensors(path, options))
            self.logits(f"{name}: logits, transformers", lambda: reference.hugging_face_logits(path, self.source.ids))
            self.runs(f"{name}: llama-run", path)

    def written_safetensors(self, path: Path, options) -> str:
        self.programs.convert(self.source.folder, path, "huggingface", *options)
        files = len(list(path.glob("*.safetensors")))
        if options and files < 2:
            raise ValueError("not sharded")
        text = expect_values(reference.load_hugging_face(path)[1], self.source.tensors, dtypes=True)
        return f"{text}, {files} files"

    def meta(self):
        def written():
            path = self.convert("meta", "meta")
            torch_says = check_torch_file(path / "consolidated.00.pth")
            expect_values(reference.load_meta(path)[1], self.source.tensors, dtypes=True)
            return torch_says
        self.check("meta: torch.load, copied and mapped", written)
        self.meta_model("meta", self.folder / "meta")

        def two_shards():
            path = self.convert("meta-2", "meta", "--shards", "2")
            for file in path.glob("*.pth"):
                check_torch_file(file)
            return expect_values(reference.load_meta(path)[1], self.source.tensors, dtypes=True)
        self.check("meta, 2 shards: torch.load", two_shards)
        self.meta_model("meta, 2 shards", self.folder / "meta-2")

    def meta_safetensors(self):
        def written():
            path = self.convert("meta-safetensors", "meta-safetensors")
            return expect_values(reference.load_meta(path)[1], self.source.tensors, dtypes=True)
        self.check("meta-safetensors: load_file", written)
        self.meta_model("meta-safetensors", self.folder / "meta-safetensors")

    def meta_model(self, name: str, path: Path):
        self.logits(f"{name}: logits, Meta's model", lambda: reference.logits(path, self.source.ids))
        self.runs(f"{name}: llama-run", path)

    def llama2c(self):
        self.check("llama2c: numpy", lambda: expect_values(
            read_llama2c(self.convert("model.bin", "llama2c"))[1],
            {name: tensor.float() for name, tensor in self.source.tensors.items()}, dtypes=True))
        self.logits("llama2c: logits, Meta's model",
                    lambda: reference.meta_logits(*read_llama2c(self.folder / "model.bin"), self.source.ids))
        self.runs("llama2c: llama-run", self.folder / "model.bin")

    def gguf(self):
        for dtype in ("keep", "float32", "float16", "bfloat16", *QUANTIZED):
            self.gguf_of(dtype)

    def gguf_of(self, dtype: str):
        path = self.folder / f"{dtype}.gguf"
        kept = self.source.dtype if dtype == "keep" else dtype
        self.check(f"gguf {dtype}: gguf library", lambda: self.written_gguf(path, dtype))
        # Compared with the weights in the file, not those it was converted from: narrower weights are another model.
        expected = self.source.logits
        if dtype not in ("keep", "float32", self.source.dtype):
            expected = self.expanded_logits(path)
        from .llama_cpp_model import LlamaCppModel
        self.check(f"gguf {dtype}: logits, llama.cpp", lambda: self.report.near(
            LlamaCppModel(path).logits(self.source.ids), expected, LLAMA_CPP_LIMITS[kept]))
        if kept != "float32":
            wide = self.folder / f"{dtype}-expanded.gguf"

            def expanded():
                self.programs.convert(path, wide, "gguf", "--dtype", "float32")
                return self.report.near(LlamaCppModel(wide).logits(self.source.ids), expected, LIMIT)
            self.check(f"gguf {dtype}, expanded: logits, llama.cpp", expanded)
        if dtype == "keep":
            self.runs("gguf: llama-run", path)

    def expanded_logits(self, path: Path):
        """Of a model with the weights that the gguf library reads in a file of ours."""
        tensors = read_gguf(path)
        if self.source.is_meta:
            return reference.meta_logits(self.source.configuration, tensors, self.source.ids)
        from transformers import AutoModelForCausalLM
        config = self.source.configuration
        heads = {"attention.wq": config["num_attention_heads"], "attention.wk": config["num_key_value_heads"]}
        model = AutoModelForCausalLM.from_pretrained(self.source.folder, dtype=torch.float32)
        state = model.state_dict()
        for name, tensor in tensors.items():
            other = reference.renamed(name, reference.HF_NAMES, "model.layers")
            rotated = next((heads[part] for part in heads if name.endswith(part)), None)
            if other in state:
                state[other].copy_(reference.halved(tensor, rotated) if rotated else tensor)
        with torch.no_grad():
            return model(torch.tensor([self.source.ids])).logits[0].float()

    def written_gguf(self, path: Path, dtype: str) -> str:
        self.programs.convert(self.source.folder, path, "gguf", "--dtype", dtype)
        tensors = read_gguf(path)
        if dtype in QUANTIZED:
            from gguf import GGUFReader
            types = {tensor.name: tensor.tensor_type for tensor in GGUFReader(path).tensors}
            tied = "output.weight" not in types
            expected, found = {}, set()
            for name, tensor in self.source.tensors.items():
                if tensor.ndim > 1:
                    other = reference.renamed(name, reference.GGUF_NAMES, "blk")
                    if tied and name == "output":
                        other = "token_embd.weight"
                    type = held_type(dtype, other, tensor.shape[-1], tied)
                    if types[other] != type:
                        raise ValueError(f"{other} is {types[other].name}, not {type.name}")
                    found.add(type.name)
                    tensor = torch.from_numpy(quantized(tensor.float().numpy(), type))
                expected[name] = tensor
            return f"{expect_values(tensors, expected, dtypes=False)}, {', '.join(sorted(found))}"
        kept = self.source.dtype if dtype == "keep" else dtype
        expected = {name: t.to(getattr(torch, kept)) if t.ndim > 1 else t
                    for name, t in self.source.tensors.items()}
        return expect_values(tensors, expected, dtypes=False)
