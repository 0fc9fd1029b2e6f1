import LlamaCheckpoints
import LlamaFiles
import LlamaTensors

/// A conversion before anything is written: every file of the output, to the byte.
package struct ConversionPlan: Sendable {
    /// A file of the output.
    package struct File: Sendable {
        enum Content: Sendable {
            /// Weights; the tensors in the order of the layout's slots.
            case weights(FileLayout, [OutputTensor])
            case companion(CompanionFile.Content)
        }

        /// Its name in the output's folder.
        package let name: String
        let content: Content

        /// Its size.
        package let byteCount: Int

        /// - Throws: where a file that is to be copied is none that can be read.
        init(name: String, content: Content) throws(CheckpointError) {
            (self.name, self.content) = (name, content)
            byteCount =
                switch content {
                case .weights(let layout, _): layout.byteCount
                case .companion(.bytes(let bytes)): bytes.count
                case .companion(.copy(let path)): try FilePath(path).regularFileByteCount()
                }
        }

        /// Whether it is a copy of a file of the source.
        package var isCopy: Bool {
            if case .companion(.copy) = content { return true }
            return false
        }

        /// Number of tensors.
        package var tensorCount: Int {
            if case .weights(_, let tensors) = content { return tensors.count }
            return 0
        }
    }

    let checkpoint: Checkpoint
    /// What was asked for.
    package let options: ConversionOptions
    /// The files, those with weights first.
    package let files: [File]
    /// What the output leaves out or adds, a line each.
    package let notes: [String]
    /// Whether the context length that is written is an assumption.
    let assumesContextLength: Bool

    /// Bytes of all files of weights.
    package var weightByteCount: Int {
        files.reduce(0) { $0 + ($1.tensorCount > 0 ? $1.byteCount : 0) }
    }

    /// Bytes of all files, about: the record of the conversion is counted by its tensors.
    var byteCount: Int {
        files.reduce(0) { $0 + $1.byteCount + $1.tensorCount * 256 }
    }

    /// Bytes of memory that the conversion takes at most beside the mapped files: the buffers of every thread, the
    /// frames of the files, and what the program itself needs.
    package func peakMemory(threads: Int) -> Int {
        let frames = files.reduce(0) { sum, file in
            guard case .weights(let layout, _) = file.content else { return sum }
            return sum + layout.pieces.reduce(0) { $0 + $1.bytes.count }
        }
        return 64 << 20 + threads * RoleConversion.bufferByteCount + 2 * frames
    }

    /// Plans a conversion.
    ///
    /// - Throws: ``ConversionError/inexpressible(format:reasons:)`` with all the reasons, or an error of the source.
    package init(_ checkpoint: Checkpoint, _ options: ConversionOptions) throws(ConversionError) {
        self.checkpoint = checkpoint
        self.options = options
        let dtypes = try DTypePlan(checkpoint, options)
        let target = TargetPlan(checkpoint, options, dtypes)
        let reasons = target.obstacles()
        guard reasons.isEmpty else { throw .inexpressible(format: options.format, reasons: reasons) }
        do throws(CheckpointError) {
            var files = try target.files()
            for companion in options.companions {
                files.append(try File(name: companion.name, content: .companion(companion.content)))
            }
            self.files = files
        } catch { throw .source(error) }
        notes = target.notes
        assumesContextLength = target.assumesContextLength
    }
}
