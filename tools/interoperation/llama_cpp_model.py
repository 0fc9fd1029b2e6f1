"""llama.cpp through llama-cpp-python."""

import ctypes
from pathlib import Path

import numpy


class LlamaCppModel:
    """A GGUF file in llama.cpp, on the CPU, with a cache in float32."""

    def __init__(self, path: Path, *, vocabulary_only: bool = False):
        from llama_cpp import Llama
        self.model = Llama(str(path), n_ctx=512, n_batch=512, logits_all=True, type_k=0, type_v=0, flash_attn=False,
                           n_gpu_layers=0, vocab_only=vocabulary_only, verbose=False)

    def logits(self, ids: list[int]):
        import torch
        self.model.reset()
        self.model.eval(ids)
        return torch.from_numpy(self.model.scores[:len(ids)].copy())

    def encode(self, text: str, *, bos: bool) -> list[int]:
        return self.model.tokenize(text.encode(), add_bos=bos, special=False)


class Quantizer:
    """`ggml_quantize_chunk` of the libggml that comes with llama-cpp-python."""

    def __init__(self):
        import os
        import llama_cpp
        folder = Path(os.environ.get("LLAMA_CPP_LIB_PATH") or Path(llama_cpp.__file__).parent / "lib")
        self.library = ctypes.CDLL(str(folder / "libggml-base.so"))
        self.library.ggml_quantize_chunk.restype = ctypes.c_size_t
        self.library.ggml_quantize_chunk.argtypes = [
            ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64,
            ctypes.c_void_p]

    def quantize(self, values: numpy.ndarray, type) -> numpy.ndarray:
        """The blocks of rows of float32, `[rows, bytes]`."""
        from gguf.quants import quant_shape_to_byte_shape
        values = numpy.ascontiguousarray(values, dtype=numpy.float32)
        result = numpy.zeros(quant_shape_to_byte_shape(values.shape, type), dtype=numpy.uint8)
        size = self.library.ggml_quantize_chunk(
            int(type), values.ctypes.data, result.ctypes.data, 0, values.shape[0], values.shape[1], None)
        if size != result.nbytes:
            raise ValueError(f"ggml_quantize_chunk wrote {size} bytes, not {result.nbytes}")
        return result
