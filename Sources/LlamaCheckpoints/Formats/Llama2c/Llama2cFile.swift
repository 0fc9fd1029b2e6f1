import LlamaFiles
import LlamaTensors

/// Reads the `.bin` of karpathy/llama2.c, which holds the whole model: version 0 and 1 (float32) as views of the
/// mapped file, version 2 (int8 in groups) expanded to float32 in memory.
package enum Llama2cFile: TensorContainer {
    package static let name = "llama2.c .bin"
    package static let suffixes = [".bin"]
    package static let naming: TensorNaming? = .meta

    /// Whether the file is not plainly something else that is called `.bin`, such as a torch checkpoint: version 0
    /// has no magic number.
    package static func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard Impostor(bytes) == nil else { return false }
        // A small model's `dim` may begin with the same bytes as any of these, but is followed by zeros.
        guard let dim: UInt32 = bytes.integer(at: 0), dim > ClosedRange.width.upperBound else {
            return true
        }
        let others: [[UInt8]] = [Array("PK".utf8), [0x80, 0x02], GGUFFile.magic]
        return !others.contains { bytes.starts(with: $0) }
    }

    /// Maps the file and views (version 2: expands) its tensors, under Meta's names.
    package static func open(_ path: String) throws(CheckpointError) -> TensorFile {
        let file = try mapFile(path)
        let header = try Llama2cHeader(file)
        guard file.bytes.count == header.fileByteCount else {
            let shape = header.configuration
            throw .invalid(
                path,
                expected: "\(header.fileByteCount) bytes, by the header's dim \(shape.dim), "
                    + "hidden_dim \(shape.hiddenDim), n_layers \(shape.nLayers), vocab_size "
                    + "\(shape.vocabularySize) and seq_len \(header.sequenceLength)",
                found: "\(file.bytes.count)",
                advice: file.bytes.count < header.fileByteCount
                    ? "the file is cut off, or is not a llama2.c .bin file"
                    : "the file is not a llama2.c .bin file")
        }
        let tensors =
            switch header.version {
            case .legacy: try views(of: Llama2cSection.legacy(header.configuration), in: file, header)
            case .float32: try views(of: Llama2cSection.current(header.configuration), in: file, header)
            case .int8(let groupSize): try Llama2cExpansion(file, header, groupSize: groupSize).tensors()
            }
        return TensorFile(path: path, container: self, tensors: tensors, configuration: header.configuration)
    }

    private static func views(
        of sections: [Llama2cSection], in file: MappedFile, _ header: Llama2cHeader
    ) throws(CheckpointError) -> [String: Tensor] {
        var tensors: [String: Tensor] = [:]
        var offset = header.dataOffset
        for section in sections {
            guard case .tensor(let role) = section else {
                offset += 4 * header.sequenceLength * header.configuration.headDim
                continue
            }
            let name = TensorNaming.meta.name(of: role)
            let shape = role.shape(in: header.configuration)
            guard let tensor = Tensor(dtype: .float32, shape: shape, storage: file, byteOffset: offset) else {
                throw .invalid(file.path, name, expected: "shape \(shape) inside the file", found: "its end")
            }
            tensors[name] = tensor
            offset += tensor.byteCount
        }
        return tensors
    }
}

/// The matrices of version 2: each its int8 values, then a float32 scale for every group of them.
///
/// Source: `init_quantized_tensors` and `dequantize` in karpathy/llama2.c `runq.c`. (An early `export.py`, from
/// before any program could run such a file, put all scales at the end under the same version.)
private struct Llama2cExpansion {
    let file: MappedFile
    let configuration: ModelConfiguration
    let dataOffset: Int
    let groupSize: Int

    init(_ file: MappedFile, _ header: Llama2cHeader, groupSize: Int) {
        self.file = file
        configuration = header.configuration
        dataOffset = header.dataOffset
        self.groupSize = groupSize
    }

    /// All tensors: norms as views of the file, matrices in one buffer of at most four times the file's size.
    func tensors() throws(CheckpointError) -> [String: Tensor] {
        var tensors: [String: Tensor] = [:]
        var source = dataOffset
        var matrices: [(role: TensorRole, source: Int, target: Int)] = []
        var target = 0
        for case .tensor(let role) in Llama2cSection.current(configuration) {
            let shape = role.shape(in: configuration)
            let count = shape.reduce(1, *)
            if shape.count == 1 {
                tensors[TensorNaming.meta.name(of: role)] = Tensor(
                    dtype: .float32, shape: shape, storage: file, byteOffset: source)
                source += 4 * count
            } else {
                matrices.append((role, source, target))
                source += count + count / groupSize * 4
                target += 4 * count
            }
        }
        let buffer = OwnedBuffer(reserving: target) { memory in
            for matrix in matrices {
                expand(count(of: matrix.role), from: matrix.source, into: memory, at: matrix.target)
            }
        }
        guard let buffer else {
            throw CheckpointError(
                file: file.path, .unreadable("no memory for \(target) bytes of float32 weights"))
        }
        for matrix in matrices {
            tensors[TensorNaming.meta.name(of: matrix.role)] = Tensor(
                dtype: .float32, shape: matrix.role.shape(in: configuration), storage: buffer,
                byteOffset: matrix.target)
        }
        return tensors
    }

    private func count(of role: TensorRole) -> Int { role.shape(in: configuration).reduce(1, *) }

    /// Expands a matrix. The file's size was checked, so all of these bytes are there.
    private func expand(
        _ count: Int, from source: Int, into memory: UnsafeMutableRawBufferPointer, at target: Int
    ) {
        guard let base = file.bytes.baseAddress, let output = memory.baseAddress else { return }
        let values = base + source
        for group in 0..<count / groupSize {
            let scale = Float(
                bitPattern: UInt32(
                    littleEndian: values.loadUnaligned(fromByteOffset: count + 4 * group, as: UInt32.self)))
            for index in group * groupSize..<(group + 1) * groupSize {
                let value = Float(values.load(fromByteOffset: index, as: Int8.self)) * scale
                output.storeBytes(of: value, toByteOffset: target + 4 * index, as: Float.self)
            }
        }
    }
}
