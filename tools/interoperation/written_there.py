"""Files that the libraries write, read here."""

import json
import shutil
from pathlib import Path

import torch

from . import reference


class WrittenThere:
    """Checks that a library's file is the same model to `llama-convert diff` and to `llama-run`."""

    def __init__(self, programs, report, folder: Path):
        self.programs, self.report, self.folder = programs, report, folder

    def same(self, subject: str, name: str, write, original: Path | None, greedy=None):
        """Writes a file, compares it with the original, and its greedy ids with those of the model."""
        def body():
            path = write()
            text = self.programs.diff(path, original) if original else "read"
            ids = list(range(7, 23))
            got = self.programs.greedy(path, ids, 16)
            expected = reference.greedy(greedy or original or path, ids, 16)
            if not got or got != expected[:len(got)]:
                raise ValueError(f"greedy ids {got}, not {expected}")
            return f"{text}, {len(got)} greedy ids equal"
        self.report.check(subject, name, body)

    def of_hugging_face(self, source: Path):
        """What save_pretrained makes of a checkpoint, in one file and in several."""
        from transformers import AutoModelForCausalLM
        for name, options in (("save_pretrained", {}), ("save_pretrained, sharded", {"max_shard_size": "100KB"})):
            def write():
                target = self.folder / (source.name + "-" + name.replace(", ", "-"))
                AutoModelForCausalLM.from_pretrained(source, dtype="auto").save_pretrained(target, **options)
                if options and len(list(target.glob("*.safetensors"))) < 2:
                    raise ValueError("not sharded")
                return target
            self.same(source.name, name, write, source)

    def of_fresh_models(self):
        """Models that transformers makes, in the configuration that it writes today."""
        from transformers import LlamaConfig, LlamaForCausalLM
        llama3 = {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0,
                  "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}
        cases = {
            "default": {}, "llama3 RoPE": {"rope_parameters": llama3},
            "linear RoPE": {"rope_parameters": {"rope_type": "linear", "rope_theta": 10000.0, "factor": 2.0}},
            "tied": {"tie_word_embeddings": True}, "head_dim 32": {"head_dim": 32},
            "biases": {"attention_bias": True, "mlp_bias": True}}
        for index, (name, options) in enumerate(cases.items()):
            def write():
                torch.manual_seed(100 + index)
                model = LlamaForCausalLM(LlamaConfig(
                    vocab_size=384, hidden_size=64, intermediate_size=192, num_hidden_layers=2, num_attention_heads=4,
                    num_key_value_heads=2, initializer_range=0.2, bos_token_id=1, eos_token_id=2, **options))
                for parameter in model.parameters():
                    if parameter.ndim == 1:
                        torch.nn.init.normal_(parameter, mean=1, std=0.1)
                target = self.folder / ("fresh-" + name.replace(" ", "-"))
                model.save_pretrained(target)
                return target
            self.same("LlamaForCausalLM", name, write, None)

    def of_torch(self, source: Path):
        """Meta's format by torch.save: storages that are shared, views that are not contiguous, parameters."""
        _, tensors = reference.load_meta(source)

        def write(name: str, saved: dict) -> Path:
            target = self.folder / f"{source.name}-{name}"
            target.mkdir()
            torch.save({key + ".weight": tensor for key, tensor in saved.items()}, target / "consolidated.00.pth")
            shutil.copyfile(source / "params.json", target / "params.json")
            return target

        def shared():
            whole = torch.cat([tensor.flatten() for tensor in tensors.values()])
            views, start = {}, 0
            for name, tensor in tensors.items():
                views[name] = whole[start:start + tensor.numel()].view(tensor.shape)
                start += tensor.numel()
            return write("shared", views)

        self.same(source.name, "torch.save, one storage for all", shared, source)
        self.same(source.name, "torch.save, transposed views", lambda: write("transposed", {
            name: t.T.contiguous().T if t.ndim > 1 else t for name, t in tensors.items()}), source)
        self.same(source.name, "torch.save, parts of rows", lambda: write("strided", {
            name: torch.cat([t, t], -1)[..., :t.shape[-1]] for name, t in tensors.items()}), source)
        self.same(source.name, "torch.save, Parameter", lambda: write("parameters", {
            name: torch.nn.Parameter(t, requires_grad=False) for name, t in tensors.items()}), source)

    def of_gguf(self, source: Path):
        """GGUF by the gguf library."""
        from gguf import GGMLQuantizationType
        parameters, tensors = reference.load_meta(source)
        for name in ("F32", "F16", "BF16", "Q8_0"):
            type = GGMLQuantizationType[name]
            model = self.folder / f"{source.name}-as-{name}"

            def write():
                path = self.folder / f"{source.name}-{name}.gguf"
                values = write_gguf(path, parameters, tensors, type)
                model.mkdir()
                torch.save({key + ".weight": value for key, value in values.items()}, model / "consolidated.00.pth")
                shutil.copyfile(source / "params.json", model / "params.json")
                return path
            self.same(source.name, f"gguf.GGUFWriter, {name}", write, model)
        for name in ("F32", "F16", "BF16", "Q8_0", "Q4_0"):
            self.report.check(source.name, f"{name}: llama.cpp's logits of both files",
                              lambda: self.same_logits(source, parameters, tensors, name))

    def same_logits(self, source: Path, parameters: dict, tensors: dict, name: str) -> str:
        """That llama.cpp cannot tell a file of ours from the gguf library's, whatever its arithmetic loses."""
        from gguf import GGMLQuantizationType
        from .llama_cpp_model import LlamaCppModel
        theirs, ours = self.folder / f"theirs-{name}.gguf", self.folder / f"ours-{name}.gguf"
        write_gguf(theirs, parameters, tensors, GGMLQuantizationType[name])
        dtype = {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}.get(name, name.lower())
        self.programs.convert(source, ours, "gguf", "--dtype", dtype)
        ids = list(range(7, 55))
        got, expected = (LlamaCppModel(path).logits(ids) for path in (ours, theirs))
        if not torch.equal(got, expected):
            raise ValueError(f"differ by up to {float((got - expected).abs().max())}")
        return f"{got.numel()} numbers bit for bit"


def write_gguf(path: Path, parameters: dict, tensors: dict, type, quantizer=None) -> dict[str, torch.Tensor]:
    """Writes a GGUF file with the gguf library and returns the values that it has, in float32."""
    from gguf import GGUFWriter
    from gguf.quants import dequantize, quantize
    dim, heads = parameters["dim"], parameters["n_heads"]
    writer = GGUFWriter(path, "llama")
    writer.add_context_length(2048)
    writer.add_embedding_length(dim)
    writer.add_block_count(parameters["n_layers"])
    writer.add_feed_forward_length(tensors["layers.0.feed_forward.w1"].shape[0])
    writer.add_head_count(heads)
    writer.add_head_count_kv(parameters.get("n_kv_heads") or heads)
    writer.add_layer_norm_rms_eps(parameters["norm_eps"])
    writer.add_rope_dimension_count(dim // heads)
    writer.add_rope_freq_base(parameters.get("rope_theta", 10000.0))
    writer.add_vocab_size(parameters["vocab_size"])
    writer.add_tokenizer_model("no_vocab")
    values = {}
    for name, tensor in tensors.items():
        data, other = tensor.float().numpy(), reference.renamed(name, reference.GGUF_NAMES, "blk")
        if data.ndim < 2:
            writer.add_tensor(other, data)
            values[name] = tensor.float()
            continue
        blocks = quantizer.quantize(data, type) if quantizer else quantize(data, type)
        writer.add_tensor(other, blocks, raw_dtype=type)
        values[name] = torch.from_numpy(dequantize(blocks, type))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return values
