import CSentencePiece

/// libsentencepiece's processor behind the C shim.
final class SentencePieceProcessor: Sendable {
    /// Why the library refused a model.
    struct Refusal: Error {
        let message: String
    }

    // Freed in `deinit`, after the last reference is gone. The C++ processor is complete before `init` returns and only
    // used through `const` member functions with no shared state (`Encode`, `Decode`, `IdToPiece`, `*_id`; sampling, which
    // has a shared random generator, is not used).
    private nonisolated(unsafe) let handle: OpaquePointer

    /// Loads a model whose structure `SentencePieceModel` has checked.
    init(checked bytes: ArraySlice<UInt8>) throws(Refusal) {
        var handle: OpaquePointer?
        var message = [CChar](repeating: 0, count: 512)
        let status = bytes.withUnsafeBufferPointer { bytes in
            message.withUnsafeMutableBufferPointer { message in
                CSentencePieceModelCreate(
                    bytes.baseAddress, bytes.count, &handle, message.baseAddress, message.count)
            }
        }
        guard status == CSentencePieceOK, let handle else {
            let text = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw Refusal(message: String(decoding: text, as: UTF8.self))
        }
        self.handle = handle
    }

    deinit {
        CSentencePieceModelFree(handle)
    }

    /// The number of pieces.
    var vocabularySize: Int { Int(CSentencePieceVocabularySize(handle)) }

    /// The reserved ids; nil if the model has none.
    var unknownID: Int32? { Self.reserved(CSentencePieceUnknownID(handle)) }
    var bosID: Int32? { Self.reserved(CSentencePieceBOSID(handle)) }
    var eosID: Int32? { Self.reserved(CSentencePieceEOSID(handle)) }
    var padID: Int32? { Self.reserved(CSentencePiecePadID(handle)) }

    private static func reserved(_ id: Int32) -> Int32? {
        id < 0 ? nil : id
    }

    /// A piece in the model's spelling; nil outside the vocabulary.
    func piece(_ id: Int32) -> [UInt8]? {
        var bytes: UnsafePointer<UInt8>?
        var length = 0
        guard CSentencePiecePiece(handle, id, &bytes, &length) == CSentencePieceOK else { return nil }
        return Array(UnsafeBufferPointer(start: bytes, count: length))
    }

    /// The ids of a UTF-8 text, or nil if the library fails: for more than 512 MiB, or without memory.
    func encode(_ text: UnsafeBufferPointer<UInt8>) -> [Int32]? {
        var ids: UnsafeMutablePointer<Int32>?
        var count = 0
        guard CSentencePieceEncode(handle, text.baseAddress, text.count, &ids, &count) == CSentencePieceOK
        else { return nil }
        defer { CSentencePieceFree(ids) }
        return Array(UnsafeBufferPointer(start: ids, count: count))
    }

    /// The text of ids by the library's own decoder, or nil if it refuses them.
    ///
    /// The tokenizer decodes in Swift, because text must stream; its tests compare it with this.
    func decode(_ ids: [Int32]) -> [UInt8]? {
        var bytes: UnsafeMutablePointer<UInt8>?
        var length = 0
        guard CSentencePieceDecode(handle, ids, ids.count, &bytes, &length) == CSentencePieceOK else {
            return nil
        }
        defer { CSentencePieceFree(bytes) }
        return Array(UnsafeBufferPointer(start: bytes, count: length))
    }
}
