"""llama.cpp through llama-cpp-python."""

import contextlib
import ctypes
from pathlib import Path

import numpy

# ggml_type of what the cache may hold.
CACHE_TYPES = {"f32": 0, "f16": 1}


@contextlib.contextmanager
def default_parameters(**values):
    """Changes fields of llama_model_params that `Llama` has no argument for, such as use_extra_bufts (repacking)."""
    from llama_cpp import llama_cpp as library
    original = library.llama_model_default_params

    def changed():
        parameters = original()
        for name, value in values.items():
            setattr(parameters, name, value)
        return parameters
    library.llama_model_default_params = changed
    try:
        yield
    finally:
        library.llama_model_default_params = original


class LlamaCppModel:
    """A GGUF file in llama.cpp, on the CPU, with a cache in float32 unless another type is asked for."""

    def __init__(self, path: Path, *, vocabulary_only: bool = False, cache_type: str = "f32",
                 flash_attention: bool = False, repack: bool = True, batch: int = 512, threads: int | None = None):
        from llama_cpp import Llama
        with default_parameters(use_extra_bufts=repack):
            self.model = Llama(
                str(path), n_ctx=512, n_batch=batch, logits_all=True, type_k=CACHE_TYPES[cache_type],
                type_v=CACHE_TYPES[cache_type], flash_attn=flash_attention, n_gpu_layers=0,
                vocab_only=vocabulary_only, n_threads=threads, n_threads_batch=threads, verbose=False)

    def scores(self, ids: list[int]) -> numpy.ndarray:
        """The logits after each token, `[tokens, vocabulary]`."""
        self.model.reset()
        self.model.eval(ids)
        return self.model.scores[:len(ids)].copy()

    def logits(self, ids: list[int]):
        """The same as a tensor."""
        import torch
        return torch.from_numpy(self.scores(ids))

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
