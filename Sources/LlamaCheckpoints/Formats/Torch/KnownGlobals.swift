/// Names that pickles of well-behaved programs refer to and that are not supported here.
///
/// They are known to construct data only, so a file with one of them is not reported as one that may run code. Like every
/// name, they are never called.
///
/// Sources: `_get_allowed_globals` in `torch/_weights_only_unpickler.py`; `torch/_utils.py`; the dtypes of PyTorch 2.9.
enum KnownGlobals {
    /// Whether a name is one of them.
    static func contains(_ name: String) -> Bool { others.contains(name) || isElementType(name) }

    /// Whether a name is that of an element type: of a dtype, or of a class of storages.
    static func isElementType(_ name: String) -> Bool {
        guard name.hasPrefix("torch.") else { return false }
        let rest = name.dropFirst("torch.".count)
        if dtypes.contains(String(rest)) { return true }
        let storage = rest.hasPrefix("storage.") ? rest.dropFirst("storage.".count) : rest
        return storage.hasSuffix("Storage") && storage.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
    }

    private static let dtypes: Set<String> = [
        "float64", "double", "float32", "float", "float16", "half", "bfloat16",
        "float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu",
        "float4_e2m1fn_x2",
        "int64", "long", "int32", "int", "int16", "short", "int8",
        "uint64", "uint32", "uint16", "uint8", "bool",
        "complex32", "chalf", "complex64", "cfloat", "complex128", "cdouble",
        "qint32", "qint8", "quint8", "quint4x2", "quint2x4",
    ]

    private static let others: Set<String> = [
        "torch.Size", "torch.device", "torch.Tensor", "torch.nn.parameter.Parameter",
        "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v3",
        "torch._utils._rebuild_parameter_with_state", "torch._utils._rebuild_sparse_tensor",
        "torch._utils._rebuild_qtensor", "torch._utils._rebuild_meta_tensor_no_storage",
        "torch._utils._rebuild_nested_tensor", "torch.serialization._get_layout",
        "torch.per_tensor_affine", "torch.per_channel_affine",
    ]
}
