import LlamaCheckpoints
import LlamaFiles
import Dispatch
import Synchronization
import LlamaTensors

/// Carries out a plan: the output grows beside the destination under another name and takes its place when it is
/// whole and on the disk.
package struct Converter: Sendable {
    /// What to do about what is there already, and how to do the work.
    package struct Behavior: Sendable {
        /// Replace a file or folder at the destination.
        package var replaces = false
        /// Go on with an interrupted conversion.
        package var resumes = false
        /// Threads that convert.
        package var threads = 2
        /// Bytes after which what was written is flushed, and noted as done.
        package var flushInterval = 1 << 30

        /// What a first conversion to an empty place wants.
        package init() {}
    }

    let plan: ConversionPlan
    var destination: OutputPlace
    let behavior: Behavior

    /// - Parameters:
    ///   - destination: the folder to be, or the file for a format of one file.
    package init(_ plan: ConversionPlan, to destination: String, _ behavior: Behavior = Behavior()) {
        self.plan = plan
        self.destination = OutputPlace(destination, format: plan.options.format)
        self.behavior = behavior
    }

    /// Makes sure that the output may go to its destination; changes nothing.
    package func check() throws(ConversionError) {
        try destination.checkName(sources: plan.checkpoint.files)
        try destination.checkContents(
            replaces: behavior.replaces, resumes: behavior.resumes, names: plan.files.map(\.name))
    }

    /// Makes sure that the disk has room for what is still to be written.
    package func checkSpace() throws(ConversionError) {
        // Taking its place needs none.
        if behavior.resumes, ConversionJournal.finished(destination.journalFolder) != nil { return }
        let there = plan.files.reduce(0) { sum, file in
            let path = FilePath(destination.unfinished + "/" + file.name)
            return sum + min(file.byteCount, path.allocatedByteCount)
        }
        let needed = plan.byteCount - there
        guard let free = destination.freeByteCount(destination.folder), free < needed else { return }
        throw .noSpace(path: destination.path, needed: needed, free: free)
    }

    /// Converts.
    ///
    /// - Parameters:
    ///   - isInterrupted: asked often; what is done is kept once it says so.
    ///   - progress: told how many bytes of weights are written, from any thread.
    /// - Returns: what was written.
    package func run(
        isInterrupted: @Sendable () -> Bool = { false }, progress: @Sendable (Int) -> Void = { _ in }
    ) throws(ConversionError) -> ConversionRecord {
        try destination.checkName(sources: plan.checkpoint.files)
        if !behavior.resumes { try destination.recover() }
        try check()
        try checkSpace()
        try destination.prepare()
        let journal = try ConversionJournal(
            folder: destination.journalFolder, fingerprint: try fingerprint(), resumes: behavior.resumes)
        let names = plan.files.map(\.name)
        if journal.finished != nil {
            let record = record(results(of: journal))
            try destination.finish(names)
            return record
        }
        let record = try write(journal, isInterrupted, progress)
        // It took its time, and others may have been there.
        try check()
        try journal.append(
            ConversionJournal.Finished(
                names: names, isFile: plan.options.format.isSingleFile, replaces: behavior.replaces))
        try destination.finish(names)
        return record
    }

    /// Writes the output where it grows, all of it.
    private func write(
        _ journal: ConversionJournal, _ isInterrupted: @Sendable () -> Bool,
        _ progress: @Sendable (Int) -> Void
    ) throws(ConversionError) -> ConversionRecord {
        let outputs = try open(isNew: journal.isNew)
        let units = try units(outputs)
        let work = ConversionWork(units: units, flushInterval: behavior.flushInterval, done: journal.done)
        work.start(progress)
        try withoutActuallyEscaping(isInterrupted) { isInterrupted throws(ConversionError) in
            try work.run(threads: behavior.threads, isInterrupted: isInterrupted, progress: progress) {
                finished throws(ConversionError) in
                for output in outputs { try output.flush() }
                try journal.append(finished)
            }
        }
        guard !work.wasInterrupted else { throw .interrupted(path: destination.unfinished) }
        let results = work.results
        // Nothing takes its place that is not whole.
        guard units.allSatisfy({ results[$0.role] != nil }) else {
            throw .unfaithful(path: destination.unfinished, reason: "not every tensor was written")
        }
        try checkLosses(results)
        try complete(outputs, units, results)
        let record = record(results)
        try writeCompanions(record)
        for output in outputs { try output.flush() }
        return record
    }

    /// Nothing is lost that nobody gave up: a tensor that a conversion widened is made narrow again only as long as it
    /// still holds what it held.
    private func checkLosses(_ results: [TensorRole: RoleConversion.Result]) throws(ConversionError) {
        guard plan.options.dtype == nil else { return }
        for (role, result) in results where result.loss?.isNone == false {
            throw .unfaithful(
                path: destination.unfinished,
                reason:
                    "\(TensorNaming.meta.name(of: role)) was changed since it was widened; choose a dtype")
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

    private func units(_ outputs: [OutputFile]) throws(ConversionError) -> [RoleConversion] {
        var destinations: [TensorRole: [RoleConversion.Destination]] = [:]
        var order: [TensorRole] = []
        for (file, output) in zip(plan.files, outputs) {
            guard case .weights(let layout, let tensors) = file.content else { continue }
            for (slot, tensor) in zip(layout.slots, tensors) {
                if destinations[tensor.role] == nil { order.append(tensor.role) }
                destinations[tensor.role, default: []].append(
                    RoleConversion.Destination(tensor: tensor, file: output, offset: slot.offset))
            }
        }
        var units: [RoleConversion] = []
        do {
            for role in order {
                units.append(
                    try RoleConversion(
                        role, destinations[role] ?? [], from: plan.checkpoint,
                        layout: plan.options.format.naming.ropeLayout))
            }
        } catch { throw .source(error) }
        return units
    }

    /// Writes what depends on the weights: checksums, and digests in the place of their placeholders.
    private func complete(
        _ outputs: [OutputFile], _ units: [RoleConversion], _ results: [TensorRole: RoleConversion.Result]
    ) throws(ConversionError) {
        let digests = results.mapValues(\.digest)
        for (file, output) in zip(plan.files, outputs) {
            guard case .weights(let layout, let tensors) = file.content else { continue }
            for replacement in DigestPlaceholder.replacements(in: layout, digests) {
                try output.write(replacement)
            }
            guard let completion = layout.completion else { continue }
            var checksums: [UInt32] = []
            for tensor in tensors {
                let unit = units.first { $0.role == tensor.role }
                let index = unit?.destinations.firstIndex { $0.file === output } ?? 0
                checksums.append(results[tensor.role]?.checksums[index] ?? 0)
            }
            for piece in completion(checksums) { try output.write(piece) }
        }
    }
}
