/// A value built from a pickle. Containers are indices into ``PickleHeap``, so that a file can nest or share them
/// without causing recursion, copies or reference cycles here.
package enum PickleValue: Equatable {
    case none
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    case tuple(Int)
    case list(Int)
    case dictionary(Int)
    case global(PickleGlobal)
    indirect case storage(TorchStorage)
    indirect case tensor(TorchTensor)
    /// Harmless, but nothing that weights can be read from.
    indirect case unsupported(UnsupportedValue)

    /// What the value is, for an error message.
    package var kind: String {
        switch self {
        case .none: "None"
        case .bool: "a bool"
        case .int: "an int"
        case .double: "a float"
        case .string: "a string"
        case .tuple: "a tuple"
        case .list: "a list"
        case .dictionary: "a dict"
        case .global(let global): "\(global.rawValue)"
        case .storage: "a storage"
        case .tensor: "a tensor"
        case .unsupported(let value): value.what
        }
    }
}

/// A value that a checkpoint may hold and that is not supported.
package struct UnsupportedValue: Equatable {
    /// What it is, as a noun phrase.
    package let what: String
    /// What the user can do about it.
    package let advice: String

    /// A value of a class, a function's result, or one of `torch`'s constants.
    ///
    /// - Parameter name: The global name, known to ``KnownGlobals``.
    init(named name: String) {
        what = name
        advice =
            KnownGlobals.isElementType(name)
            ? "convert the tensors to F32, F16 or BF16" : "save the plain state dict of the model"
    }

    init(_ what: String, advice: String) { (self.what, self.advice) = (what, advice) }
}

/// The only names a checkpoint may refer to. None is ever called: each represents data.
package enum PickleGlobal: String, CaseIterable {
    case orderedDictionary = "collections.OrderedDict"
    case rebuildTensor = "torch._utils._rebuild_tensor_v2"
    case rebuildParameter = "torch._utils._rebuild_parameter"
    case doubleStorage = "torch.DoubleStorage"
    case floatStorage = "torch.FloatStorage"
    case halfStorage = "torch.HalfStorage"
    case bfloat16Storage = "torch.BFloat16Storage"
    case longStorage = "torch.LongStorage"
    case intStorage = "torch.IntStorage"
    case shortStorage = "torch.ShortStorage"
    case charStorage = "torch.CharStorage"
    case byteStorage = "torch.ByteStorage"
    case boolStorage = "torch.BoolStorage"
}

/// A `torch` storage: elements of one type in one ZIP entry.
package struct TorchStorage: Equatable {
    package let type: PickleGlobal
    /// Name of the entry under `data/`.
    package let key: String
    /// Number of elements.
    package let count: Int
}

/// The arguments of `torch._utils._rebuild_tensor_v2`.
package struct TorchTensor: Equatable {
    package let storage: TorchStorage
    /// In elements.
    package let offset: Int
    package let shape: [Int]
    /// In elements.
    package let strides: [Int]
}
