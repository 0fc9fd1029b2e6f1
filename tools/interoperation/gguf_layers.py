"""A GGUF file with fewer layers."""

from pathlib import Path

from gguf import GGUFReader, GGUFValueType, GGUFWriter


def copy_layers(source: Path, target: Path, count: int):
    """Writes a Llama's first layers, and all that is outside the layers, as they are."""
    reader, writer = GGUFReader(str(source)), GGUFWriter(str(target), "llama")
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name == "general.architecture":
            continue  # the writer has them
        value = count if field.name == "llama.block_count" else field.contents()
        kind = field.types[0]
        writer.add_key_value(field.name, value, kind, field.types[-1] if kind == GGUFValueType.ARRAY else None)
    for tensor in reader.tensors:
        if not tensor.name.startswith("blk.") or int(tensor.name.split(".")[1]) < count:
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
