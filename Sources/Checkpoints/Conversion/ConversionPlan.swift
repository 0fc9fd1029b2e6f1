import Tensors

/// A conversion before anything is written: every file of the output, to the byte.
public struct ConversionPlan: Sendable {
    /// A file of the output.
    public struct File: Sendable {
        enum Content: Sendable {
            /// Weights; the tensors in the order of the layout's slots.
            case weights(FileLayout, [OutputTensor])
            case companion(CompanionFile.Content)
        }

        /// Its name in the output's folder.
        public let name: String
        let content: Content

        /// Bytes of a file of weights or of text; nil for one that is copied.
        public var byteCount: Int? {
            switch content {
            case .weights(let layout, _): layout.byteCount
            case .companion(.bytes(let bytes)): bytes.count
            case .companion(.copy): nil
            }
        }

        /// Number of tensors.
        public var tensorCount: Int {
            if case .weights(_, let tensors) = content { return tensors.count }
            return 0
        }
    }

    let checkpoint: Checkpoint
    /// What was asked for.
    public let options: ConversionOptions
    /// The files, those with weights first.
    public let files: [File]
    /// What the output leaves out or adds, a line each.
    public let notes: [String]
    /// Whether the context length that is written is an assumption.
    let assumesContextLength: Bool

    /// Bytes of all files of weights.
    public var weightByteCount: Int {
        files.reduce(0) { $0 + ($1.tensorCount > 0 ? $1.byteCount ?? 0 : 0) }
    }

    /// Bytes of memory that the conversion takes at most beside the mapped files: the buffers of every thread, the
    /// frames of the files, and what the program itself needs.
    public func peakMemory(threads: Int) -> Int {
        let frames = files.reduce(0) { sum, file in
            guard case .weights(let layout, _) = file.content else { return sum }
            return sum + layout.pieces.reduce(0) { $0 + $1.bytes.count }
        }
        return 64 << 20 + threads * RoleConversion.bufferByteCount + 2 * frames
    }

    /// Plans a conversion.
    ///
    /// - Throws: ``ConversionError/inexpressible(format:reasons:)`` with all the reasons, or an error of the source.
    public init(_ checkpoint: Checkpoint, _ options: ConversionOptions) throws(ConversionError) {
        self.checkpoint = checkpoint
        self.options = options
        let dtypes = try DTypePlan(checkpoint, options)
        let target = TargetPlan(checkpoint, options, dtypes)
        let reasons = target.obstacles()
        guard reasons.isEmpty else { throw .inexpressible(format: options.format, reasons: reasons) }
        do {
            files =
                try target.files()
                + options.companions.map { File(name: $0.name, content: .companion($0.content)) }
        } catch { throw .source(error) }
        notes = target.notes
        assumesContextLength = target.assumesContextLength
    }
}
