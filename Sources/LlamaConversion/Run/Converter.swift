import LlamaCheckpoints
import LlamaFiles
import Dispatch
import Synchronization

/// Carries out a plan: writes the output beside the destination under another name, and renames it once it is complete
/// and on the disk.
package struct Converter: Sendable {
    /// How to treat what exists at the destination, and how to run.
    package struct Behavior: Sendable {
        /// Replace a file or folder at the destination.
        package var replaces = false
        /// Quantize weights that are not finite, and blocks whose scale overflows.
        package var allowsNonFinite = false
        /// Resume an interrupted conversion.
        package var resumes = false
        /// Threads that convert.
        package var threads = 2
        /// Bytes after which what was written is flushed and recorded as done.
        package var flushInterval = 1 << 30

        /// The behavior for a first conversion to a destination where nothing exists.
        package init() {}
    }

    /// What to write.
    let plan: ConversionPlan
    /// Where to write it.
    var destination: Destination
    /// How to run.
    let behavior: Behavior

    /// - Parameters:
    ///   - destination: The folder to create, or the file for a format of one file.
    package init(_ plan: ConversionPlan, to destination: String, _ behavior: Behavior = Behavior()) {
        self.plan = plan
        self.destination = Destination(destination, format: plan.options.format)
        self.behavior = behavior
    }

    /// Checks that the output may go to its destination; changes nothing.
    package func check() throws(ConversionError) {
        try destination.checkName(sources: plan.checkpoint.files)
        try destination.checkContents(
            replaces: behavior.replaces, resumes: behavior.resumes, files: plan.files)
    }

    /// Checks that the disk has room for what is still to be written.
    package func checkSpace() throws(ConversionError) {
        // A complete output is only renamed.
        if behavior.resumes, ConversionJournal.finished(destination.journalFolder) != nil { return }
        let written = plan.files.reduce(0) { sum, file in
            let path = FilePath(destination.unfinished + "/" + file.name)
            return sum + min(file.byteCount, path.allocatedByteCount)
        }
        let needed = plan.byteCount - written
        guard let free = destination.freeByteCount(destination.folder), free < needed else { return }
        throw .noSpace(path: destination.path, needed: needed, free: free)
    }

    /// Converts.
    ///
    /// - Parameters:
    ///   - isInterrupted: Asked often; once it returns true, the run stops and keeps what is done.
    ///   - progress: Told how many bytes of weights are written, from any thread.
    ///   - verification: Reads the output back; what exists at the destination is replaced only after it succeeds. Nil
    ///     to leave that out.
    /// - Returns: What was written.
    /// - Throws: ``ConversionError/interrupted(path:)`` where it was stopped, or why it failed.
    package func run(
        isInterrupted: @Sendable () -> Bool = { false }, progress: @Sendable (Int) -> Void = { _ in },
        verification: Verification? = nil
    ) throws(ConversionError) -> ConversionRecord {
        try destination.checkName(sources: plan.checkpoint.files)
        if !behavior.resumes { try destination.recover() }
        try check()
        try checkSpace()
        try destination.prepare()
        let journal = try ConversionJournal(
            folder: destination.journalFolder, fingerprint: try fingerprint(), resumes: behavior.resumes)
        // Its lock is held until the output is where it belongs.
        defer { withExtendedLifetime(journal) {} }
        try checkFiles(of: journal)
        let names = plan.files.map(\.name)
        if journal.finished != nil {
            let results = results(of: journal)
            guard !refusesNonFinite || !results.values.contains(where: \.isDamage) else {
                throw .cannotResume(
                    path: destination.unfinished, reason: "it has quantized weights that are not finite")
            }
            let record = try record(results)
            try verify(record, verification, journal, isInterrupted)
            try check()
            try destination.finish(names, replaces: behavior.replaces)
            return record
        }
        let record = try write(journal, isInterrupted, progress)
        try verify(record, verification, journal, isInterrupted)
        let finished = ConversionJournal.Finished(
            names: names, isFile: plan.options.format.isSingleFile, replaces: behavior.replaces)
        guard let finished else {
            throw .unfaithful(path: destination.unfinished, reason: "there is no file in it")
        }
        // This took a while: other programs may have changed the destination.
        try check()
        try journal.append(finished)
        try destination.finish(names, replaces: behavior.replaces)
        return record
    }

    /// Writes the whole output under its temporary name.
    private func write(
        _ journal: ConversionJournal, _ isInterrupted: @Sendable () -> Bool,
        _ progress: @Sendable (Int) -> Void
    ) throws(ConversionError) -> ConversionRecord {
        let sources = plan.checkpoint.mappedFiles
        for file in sources { file.rememberContents() }
        let outputs = try open(isNew: journal.isNew)
        let conversions = try conversions(outputs)
        // What an earlier run was allowed to quantize is looked at again, for the position.
        let done = refusesNonFinite ? journal.done.filter { !$0.value.isDamage } : journal.done
        let queue = ConversionQueue(conversions, flushInterval: behavior.flushInterval, done: done)
        queue.start(progress)
        try withoutActuallyEscaping(isInterrupted) { isInterrupted throws(ConversionError) in
            try queue.run(threads: behavior.threads, isInterrupted: isInterrupted, progress: progress) {
                finished throws(ConversionError) in
                for output in outputs { try output.flush() }
                try journal.append(finished)
            }
        }
        guard !queue.wasInterrupted else { throw .interrupted(path: destination.unfinished) }
        let results = queue.results
        try checkLosses(results)
        try complete(outputs, conversions, results)
        let record = try record(results)
        try writeCompanions(record)
        for output in outputs { try output.flush() }
        // Also of what the plan read: the order of rows, the vocabulary.
        try sources.whileUnchanged {}
        return record
    }

    /// Whether weights that quantization would hide or spread are errors.
    private var refusesNonFinite: Bool { plan.isQuantizing && !behavior.allowsNonFinite }

    /// Checks that nothing was lost unasked: a tensor that an earlier conversion widened is narrowed again only where
    /// that loses nothing.
    private func checkLosses(_ results: [TensorRole: RoleConversion.Result]) throws(ConversionError) {
        guard plan.options.dtype == nil else { return }
        for (role, result) in results where result.loss?.isNone == false {
            throw .unfaithful(
                path: destination.unfinished,
                reason:
                    "\(TensorNaming.meta.name(of: role)) was changed since it was widened; choose a dtype")
        }
    }

    /// Checks that the files are as long as the run that is resumed has made them: what its journal says was written is
    /// not written again.
    private func checkFiles(of journal: ConversionJournal) throws(ConversionError) {
        guard !journal.isNew else { return }
        for file in plan.files {
            guard case .weights(let layout, _) = file.content else { continue }
            // Only a complete output may have been moved already; what else is at the destination is an older one.
            let isMoved = destination.isFile && journal.finished != nil
            let path =
                isMoved ? destination.current(file.name) : destination.journalFolder + "/" + file.name
            guard FilePath(path).byteCount != layout.byteCount else { continue }
            // Before the first line about a tensor, they may not all have been made.
            guard !journal.done.isEmpty else { continue }
            let found =
                FilePath(path).byteCount.map { "has \($0) bytes, not \(layout.byteCount)" } ?? "is missing"
            throw .cannotResume(path: destination.unfinished, reason: "its \(file.name) \(found)")
        }
    }

    private func open(isNew: Bool) throws(ConversionError) -> [OutputFile] {
        var outputs: [OutputFile] = []
        for file in plan.files {
            guard case .weights(let layout, _) = file.content else { continue }
            let output = try OutputFile(
                path: destination.unfinished + "/" + file.name, byteCount: layout.byteCount,
                needsChecksums: layout.completion != nil, isNew: isNew)
            for piece in layout.pieces { try output.write(piece) }
            outputs.append(output)
        }
        return outputs
    }

    /// A conversion for every role, in the order in which the files hold them.
    private func conversions(_ files: [OutputFile]) throws(ConversionError) -> [RoleConversion] {
        var outputs: [(role: TensorRole, outputs: [RoleConversion.Output])] = []
        var indices: [TensorRole: Int] = [:]
        for (file, output) in zip(plan.files, files) {
            guard case .weights(let layout, let tensors) = file.content else { continue }
            for (slot, tensor) in zip(layout.slots, tensors) {
                let output = RoleConversion.Output(tensor: tensor, file: output, offset: slot.offset)
                if let index = indices[tensor.role] {
                    outputs[index].outputs.append(output)
                } else {
                    indices[tensor.role] = outputs.count
                    outputs.append((tensor.role, [output]))
                }
            }
        }
        let check: RoleConversion.Check =
            !plan.isQuantizing ? .none : refusesNonFinite ? .refuse : .count
        do throws(CheckpointError) {
            return try outputs.map { role, outputs throws(CheckpointError) in
                try RoleConversion(
                    role, outputs, from: plan.checkpoint, layout: plan.options.format.naming.ropeLayout,
                    check: check)
            }
        } catch { throw .source(error) }
    }

    /// Writes what depends on the weights: digests and checksums.
    ///
    /// - Throws: ``ConversionError/unfaithful(path:reason:)`` where a role has no result, so that no incomplete output
    ///   ever gets its final name.
    private func complete(
        _ outputs: [OutputFile], _ conversions: [RoleConversion],
        _ results: [TensorRole: RoleConversion.Result]
    ) throws(ConversionError) {
        let incomplete = ConversionError.unfaithful(
            path: destination.unfinished, reason: "not every tensor was written")
        guard conversions.allSatisfy({ results[$0.role] != nil }) else { throw incomplete }
        let files = Dictionary(
            conversions.map { ($0.role, $0.outputs.map(\.file)) }, uniquingKeysWith: { first, _ in first })
        for (file, output) in zip(plan.files, outputs) {
            guard case .weights(let layout, let tensors) = file.content else { continue }
            for field in layout.digests {
                guard let digest = results[field.role]?.digest else { throw incomplete }
                try output.write((field.offset, Array(digest.text.utf8)))
            }
            guard let completion = layout.completion else { continue }
            var checksums: [UInt32] = []
            for tensor in tensors {
                guard let index = files[tensor.role]?.firstIndex(where: { $0 === output }),
                    let result = results[tensor.role], result.checksums.indices.contains(index)
                else { throw incomplete }
                checksums.append(result.checksums[index])
            }
            let pieces: [FileLayout.Piece]
            do { pieces = try completion(checksums) } catch { throw .source(error) }
            for piece in pieces { try output.write(piece) }
        }
    }
}
