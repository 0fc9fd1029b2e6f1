"""Block formats: what is written here against llama.cpp's quantizer, and what it writes against the gguf library."""

from pathlib import Path

import numpy
import torch

from . import reference
from .llama_cpp_model import Quantizer
from .written_there import write_gguf

WRITTEN = ("q8_0", "q4_0", "q6_k", "q4_k")
READ = ("Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K")


def rows(kind: str, count: int, width: int, random: numpy.random.Generator) -> numpy.ndarray:
    """Rows of one kind of values."""
    shape = (count, width)
    normal = random.standard_normal(shape)
    values = {
        "normal": lambda: normal,
        "uniform": lambda: random.uniform(-1, 1, shape),
        "many scales": lambda: normal * 10.0 ** random.uniform(-6, 4, (count, width // 32)).repeat(32, 1),
        "outliers": lambda: numpy.where(random.random(shape) < 0.02, normal * 1000, normal * 0.01),
        "few levels": lambda: random.integers(-8, 9, shape) / 8,
        "ties": lambda: random.integers(-254, 255, shape) / 2,
        "sparse": lambda: numpy.where(random.random(shape) < 0.97, 0, normal),
        "zeros": lambda: numpy.where(random.random(shape) < 0.5, 0.0, -0.0),
        "scales beyond float16": lambda: normal * 10.0 ** random.uniform(5, 30, (count, width // 32)).repeat(32, 1),
        "scales below float16": lambda: normal * 10.0 ** random.uniform(-30, -6, (count, width // 32)).repeat(32, 1),
        "same sign": lambda: numpy.abs(normal),
        "equal extremes": lambda: random.choice([-1.5, 1.5, 0.25], shape),
        "largest": lambda: numpy.clip(normal * 1e38, -3.4e38, 3.4e38),
        "subnormal": lambda: normal * 10.0 ** random.uniform(-45, -39, (count, 1)),
        "infinite and NaN": lambda: numpy.where(
            random.random(shape) < 0.01, random.choice([numpy.inf, -numpy.inf, numpy.nan], shape), normal),
    }[kind]
    return values().astype(numpy.float32)


FINITE = ("normal", "uniform", "many scales", "outliers", "few levels", "ties", "sparse", "zeros",
          "scales below float16", "same sign", "equal extremes", "subnormal")
# Whose scales float16 cannot hold: there is a block, but no number in it to compare.
KINDS = (*FINITE, "scales beyond float16", "largest", "infinite and NaN")


def check(programs, report, folder: Path):
    source = reference.make_meta(folder / "blocks", seed=9, dim=256, vocabulary=1024 * len(KINDS), heads=4, kv_heads=2,
                                 multiple_of=256)
    parameters, tensors = reference.load_meta(source)
    random = numpy.random.default_rng(11)
    tensors["tok_embeddings"] = torch.from_numpy(numpy.concatenate([rows(k, 1024, 256, random) for k in KINDS]))
    torch.save({name + ".weight": tensor for name, tensor in tensors.items()}, source / "consolidated.00.pth")
    quantizer = Quantizer()
    for dtype in WRITTEN:
        written(programs, report, folder, source, tensors, dtype, quantizer)
    tensors["tok_embeddings"] = torch.from_numpy(numpy.concatenate(
        [rows(kind if kind in FINITE else "normal", 1024, 256, random) for kind in KINDS]))
    for name in READ:
        report.check("blocks", f"{name} of llama.cpp, read",
                     lambda: read(programs, folder, parameters, tensors, name, quantizer))


def held_type(dtype: str, name: str, width: int, tied: bool = False):
    """The type in which llama-convert writes a matrix of a GGUF file when it is asked for a block format."""
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
    if dtype == "q4_k" and name == ("token_embd.weight" if tied else "output.weight"):
        dtype = "q6_k"
    for candidate in (dtype, {"q4_k": "q5_0", "q6_k": "q8_0"}.get(dtype, dtype)):
        type = GGMLQuantizationType[candidate.upper()]
        if width % GGML_QUANT_SIZES[type][0] == 0:
            return type
    return GGMLQuantizationType.F16


def written(programs, report, folder: Path, source: Path, tensors: dict, dtype: str, quantizer: Quantizer):
    """Compares the blocks of a file of ours with llama.cpp's, a line for every kind of row."""
    from gguf import GGML_QUANT_SIZES, GGUFReader
    path, data = folder / f"blocks-{dtype}.gguf", {}

    def convert():
        programs.convert(source, path, "gguf", "--dtype", dtype, "--allow-non-finite")
        data.update({tensor.name: tensor for tensor in GGUFReader(path).tensors})
        return f"{len(data)} tensors"
    report.check("blocks", f"{dtype}: gguf library", convert)

    def compare(name, values, rows=slice(None)):
        type = held_type(dtype, name, values.shape[-1])
        if data[name].tensor_type != type:
            raise ValueError(f"{name} is {data[name].tensor_type.name}, not {type.name}")
        count, width = GGML_QUANT_SIZES[type]
        got = numpy.asarray(data[name].data[rows]).reshape(-1, width)
        expected = quantizer.quantize(values, type).reshape(-1, width)
        different = numpy.flatnonzero((got != expected).any(1))
        if len(different):
            first = different[0]
            raise ValueError(f"{len(different)} of {len(got)} blocks differ, first {first}: {bytes(got[first]).hex()} "
                             f"not {bytes(expected[first]).hex()} of {values.reshape(-1, count)[first].tolist()}")
        return f"{len(got)} blocks of {type.name} byte for byte"

    for index, kind in enumerate(KINDS):
        part = slice(index * 1024, (index + 1) * 1024)
        report.check("blocks", f"{dtype}: {kind}", lambda: compare(
            "token_embd.weight", tensors["tok_embeddings"][part].numpy(), part))
    for name, tensor in tensors.items():
        if tensor.ndim > 1 and name != "tok_embeddings":
            other = reference.renamed(name, reference.GGUF_NAMES, "blk")
            report.check("blocks", f"{dtype}: {name}", lambda: compare(other, tensor.numpy()))


def read(programs, folder: Path, parameters: dict, tensors: dict, name: str, quantizer: Quantizer) -> str:
    """Reads a file with llama.cpp's blocks here, and compares every number with the gguf library's, bit for bit."""
    from gguf import GGMLQuantizationType
    path, target = folder / f"blocks-{name}.gguf", folder / f"blocks-{name}"
    expected = write_gguf(path, parameters, tensors, GGMLQuantizationType[name], quantizer)
    programs.convert(path, target, "huggingface", "--dtype", "float32")
    got = reference.load_hugging_face(target)[1]
    count = 0
    for key, tensor in expected.items():
        different = int((got[key].view(torch.int32) != tensor.contiguous().view(torch.int32)).sum())
        if different:
            # A zero's sign is not the model's.
            if not torch.equal(got[key], tensor):
                raise ValueError(f"{key}: {different} of {tensor.numel()} numbers differ")
            raise ValueError(f"{key}: the sign of {different} zeros differs")
        count += tensor.numel()
    return f"{count:,} numbers bit for bit"
