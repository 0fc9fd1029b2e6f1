import LlamaTensors
import LlamaCheckpoints
import LlamaFiles
import Glibc

/// What identifies a conversion, its record, and the files beside the weights.
extension Converter {
    /// Identifies this conversion: the files it reads, as they are now, and everything it will write.
    func fingerprint() throws(ConversionError) -> String {
        var lines: [String] = [plan.options.format.rawValue, plan.options.dtype?.rawValue ?? "keep"]
        for file in plan.checkpoint.files {
            var status = stat()
            guard stat(file, &status) == 0 else {
                throw .source(CheckpointError(FileError(path: file, code: errno)))
            }
            let path = FilePath(file).resolved ?? file
            lines.append("\(path) \(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)")
        }
        // The order of rows, and what decides it, do not show in the files' sizes.
        lines.append("\(plan.checkpoint.configuration.ropeLayout)")
        lines += ConfigurationField.allCases.map {
            "\($0): \(plan.checkpoint.configuration.text(of: $0) ?? "none")"
        }
        for file in plan.files {
            lines.append("\(file.name) \(file.byteCount)")
            guard case .weights(let layout, let tensors) = file.content else { continue }
            var hash = try SHA256()
            for piece in layout.pieces { hash.update(piece.bytes) }
            lines.append(try hash.finish())
            lines += zip(layout.slots, tensors).map { "\($0.offset) \($0.tensor) \($1.rows) \($1.columns)" }
        }
        return lines.joined(separator: "\n")
    }

    /// The results that a journal has recorded for the output's tensors.
    func results(of journal: ConversionJournal) -> [TensorRole: RoleConversion.Result] {
        var results: [TensorRole: RoleConversion.Result] = [:]
        for file in plan.files {
            guard case .weights(_, let tensors) = file.content else { continue }
            for tensor in tensors {
                results[tensor.role] = journal.done[TensorNaming.meta.name(of: tensor.role)]
            }
        }
        return results
    }

    /// The record of these results, for `conversion.json`.
    func record(
        _ results: [TensorRole: RoleConversion.Result]
    ) throws(ConversionError) -> ConversionRecord {
        var entries: [ConversionRecord.Entry] = []
        for file in plan.files {
            guard case .weights(_, let tensors) = file.content else { continue }
            for tensor in tensors where !entries.contains(where: { $0.role == tensor.role }) {
                guard let result = results[tensor.role] else { continue }
                let source: DType
                do { source = try plan.checkpoint.weight(tensor.source).dtype } catch { throw .source(error) }
                entries.append(
                    ConversionRecord.Entry(
                        role: tensor.role, dtype: tensor.spec.dtype,
                        shape: tensor.role.shape(in: plan.checkpoint.configuration), digest: result.digest,
                        sourceDType: source, unfit: tensor.fallback?.intended, loss: result.loss))
            }
        }
        // An output head that an earlier conversion untied is still a copy.
        var unties = entries.contains { $0.role == .output }
        do throws(CheckpointError) {
            if unties, !plan.checkpoint.configuration.tiesEmbeddings {
                unties = try plan.checkpoint.storesTiedOutput
            }
        } catch { throw .source(error) }
        return ConversionRecord(
            entries: entries, format: plan.options.format,
            sources: plan.checkpoint.files.map { FilePath($0).name },
            untiesOutput: unties, assumesContextLength: plan.assumesContextLength)
    }

    /// Writes the files beside the weights, and the record.
    func writeCompanions(_ record: ConversionRecord) throws(ConversionError) {
        for file in plan.files {
            guard case .companion(let content) = file.content else { continue }
            try Self.write(content, to: destination.unfinished + "/" + file.name)
        }
        try Self.write(
            .bytes(Array(record.text.utf8)), to: destination.unfinished + "/" + ConversionRecord.name)
    }

    private static func write(_ content: CompanionFile.Content, to path: String) throws(ConversionError) {
        let output: OutputFile
        switch content {
        case .bytes(let bytes):
            output = try OutputFile(path: path, byteCount: bytes.count, needsChecksums: false, isNew: true)
            try output.write((0, bytes))
        case .copy(let source):
            let file: MappedFile
            do { file = try mapFile(source) } catch { throw .source(error) }
            output = try OutputFile(
                path: path, byteCount: file.bytes.count, needsChecksums: false, isNew: true)
            try [file].whileUnchanged { () throws(ConversionError) in try output.write(file.bytes, at: 0) }
        }
        try output.flush()
    }
}
