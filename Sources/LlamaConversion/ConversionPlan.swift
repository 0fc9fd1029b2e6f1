import LlamaCheckpoints
import LlamaTensors

/// A conversion before anything is written: every file of the output, to the byte.
package struct ConversionPlan: Sendable {
    /// The source.
    let checkpoint: Checkpoint
    /// What was asked for.
    package let options: ConversionOptions
    /// The files, those with weights first.
    package let files: [PlannedFile]
    /// What the output leaves out or adds, a line each.
    package let notes: [String]
    /// Whether the context length that is written is an assumption.
    let assumesContextLength: Bool

    /// Whether weights are quantized.
    var isQuantizing: Bool { options.dtype?.isBlockFormat == true }

    /// Bytes of all files of weights.
    package var weightByteCount: Int {
        files.reduce(0) { $0 + ($1.tensorCount > 0 ? $1.byteCount : 0) }
    }

    /// Approximate bytes of all files: the record of the conversion is estimated from the number of tensors.
    var byteCount: Int {
        files.reduce(0) { $0 + $1.byteCount + $1.tensorCount * 256 }
    }

    /// Peak memory of the conversion in bytes, without the mapped files: the buffers of every thread, the headers of the
    /// files, and the program itself.
    package func peakMemory(threads: Int) -> Int {
        let headers = files.reduce(0) { sum, file in
            guard case .weights(let layout, _) = file.content else { return sum }
            return sum + layout.pieces.reduce(0) { $0 + $1.bytes.count }
        }
        return 64 << 20 + threads * RoleConversion.bufferByteCount + 2 * headers
    }

    /// Plans a conversion.
    ///
    /// - Throws: ``ConversionError/inexpressible(format:reasons:)`` with all the reasons, or an error of the source.
    package init(_ checkpoint: Checkpoint, _ options: ConversionOptions) throws(ConversionError) {
        self.checkpoint = checkpoint
        self.options = options
        let writer = options.format.writer
        let originals: [TensorRole: DType]
        do { originals = try GGUFWidenedTensors.read(checkpoint) } catch { throw .source(error) }
        let dtypes = try DTypePlan(checkpoint, options, writer: writer, originals: originals)
        let model: OutputModel
        do { model = try OutputModel(checkpoint, options, dtypes) } catch { throw .source(error) }
        let reasons = writer.obstacles(to: model) + Self.shardObstacles(options)
        guard reasons.isEmpty else { throw .inexpressible(format: options.format, reasons: reasons) }
        do throws(CheckpointError) {
            var files = try writer.files(of: model)
            for companion in options.companions {
                files.append(try PlannedFile(name: companion.name, content: .companion(companion.content)))
            }
            self.files = files
        } catch { throw .source(error) }
        notes = model.notes + Self.fallbackNotes(files)
        assumesContextLength = model.assumesContextLength
    }

    /// Which tensors do not have the dtype intended for them, because their rows are not whole blocks.
    private static func fallbackNotes(_ files: [PlannedFile]) -> [String] {
        let fallbacks = files.flatMap { file -> [QuantizationRule.Fallback] in
            guard case .weights(_, let tensors) = file.content else { return [] }
            return tensors.compactMap(\.fallback)
        }
        return QuantizationRule.notes(fallbacks, verb: "written")
    }

    private static func shardObstacles(_ options: ConversionOptions) -> [String] {
        let isSharded = options.shards ?? 1 != 1
        return isSharded && !options.format.definition.isModelParallel
            ? ["shards are for Meta's formats"] : []
    }
}
