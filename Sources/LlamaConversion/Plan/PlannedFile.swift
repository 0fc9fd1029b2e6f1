import LlamaCheckpoints
import LlamaFiles

/// A file of the output, before it is written.
package struct PlannedFile: Sendable {
    /// What goes into it.
    enum Content: Sendable {
        /// Weights; the tensors in the order of the layout's slots.
        case weights(FileLayout, [OutputTensor])
        case companion(CompanionFile.Content)
    }

    /// Its name in the output's folder.
    package let name: String
    /// What goes into it.
    let content: Content
    /// Its size.
    package let byteCount: Int

    /// - Throws: where a file to be copied is not a readable regular file.
    init(name: String, content: Content) throws(CheckpointError) {
        (self.name, self.content) = (name, content)
        byteCount =
            switch content {
            case .weights(let layout, _): layout.byteCount
            case .companion(.bytes(let bytes)): bytes.count
            case .companion(.copy(let path)): try FilePath(path).regularFileByteCount()
            }
    }

    /// A file of these bytes.
    init(name: String, bytes: [UInt8]) throws(CheckpointError) {
        try self.init(name: name, content: .companion(.bytes(bytes)))
    }

    /// Whether it is a copy of a file of the source.
    package var isCopy: Bool {
        if case .companion(.copy) = content { return true }
        return false
    }

    /// The content of a file beside the weights; nil for weights.
    var companion: CompanionFile.Content? {
        if case .companion(let content) = content { return content }
        return nil
    }

    /// Number of tensors.
    package var tensorCount: Int {
        if case .weights(_, let tensors) = content { return tensors.count }
        return 0
    }
}
