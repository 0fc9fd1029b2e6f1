import CLlamaKernels

/// How keys and values are held.
package enum CacheType: String, CaseIterable, Sendable {
    /// As they are computed.
    case float32
    /// Rounded to binary16, as other programs do: half the memory and half the reading. Values from 65,520 on become
    /// infinite.
    case float16

    /// Bytes of an element.
    package var byteCount: Int { self == .float32 ? 4 : 2 }

    var dtype: lk_dtype { self == .float32 ? LK_F32 : LK_F16 }
}
