import LlamaTensors

/// Writes `.safetensors` files from tensors, or from any header and data.
enum SafetensorsBuilder {
    static func bytes(_ tensors: [TestTensor], metadata: String? = nil, padding: Int = 0) -> [UInt8] {
        var members = metadata.map { ["\"__metadata__\":\($0)"] } ?? []
        var data: [UInt8] = []
        for tensor in tensors {
            let end = data.count + tensor.bytes.count
            members.append(
                "\"\(tensor.name)\":{\"dtype\":\"\(tensor.dtype.rawValue)\",\"shape\":\(tensor.shape),"
                    + "\"data_offsets\":[\(data.count),\(end)]}")
            data += tensor.bytes
        }
        let header = "{" + members.joined(separator: ",") + "}" + String(repeating: " ", count: padding)
        return bytes(header: header, data: data)
    }

    static func bytes(header: String, data: [UInt8] = [], statedLength: UInt64? = nil) -> [UInt8] {
        var out = ByteWriter()
        out.write(statedLength ?? UInt64(header.utf8.count))
        out.write(header)
        out.write(data)
        return out.bytes
    }
}
