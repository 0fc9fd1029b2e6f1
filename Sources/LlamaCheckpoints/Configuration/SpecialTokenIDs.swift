import LlamaJSON

/// The ids that configuration files name.
package struct SpecialTokenIDs: Sendable, Equatable {
    /// Begins a sequence.
    package var bos: Int32?
    /// End a sequence or a turn, the end of the sequence first.
    package var stops: [Int32]
    /// Pads sequences to equal lengths.
    package var pad: Int32?

    /// The given ids.
    package init(bos: Int32? = nil, stops: [Int32] = [], pad: Int32? = nil) {
        (self.bos, self.stops, self.pad) = (bos, stops, pad)
    }

    /// Whether there are none.
    package var isEmpty: Bool { bos == nil && stops.isEmpty && pad == nil }

    /// Hugging Face's `generation_config.json` of these tokens.
    package var generationConfigFile: [UInt8] {
        Array((JSONText.object(members).serialized + "\n").utf8)
    }

    /// The ids that a `generation_config.json` names.
    package init(generationConfig bytes: [UInt8]) throws(JSONError) {
        self = try Self.parse(bytes) { root throws(JSONError) in
            func ids(_ key: String) throws(JSONError) -> [Int32] {
                guard let value = root[key] else { return [] }
                return try (value.isArray ? value.ints() : [value.int()])
                    .compactMap { $0 < 0 ? nil : Int32(exactly: $0) }
            }
            return SpecialTokenIDs(
                bos: try ids("bos_token_id").first, stops: try ids("eos_token_id"),
                pad: try ids("pad_token_id").first)
        }
    }

    /// A `generation_config.json` in which these tokens replace those that it names.
    package func revising(generationConfig bytes: [UInt8]) throws(JSONError) -> [UInt8] {
        var members = try Self.parse(bytes) { root throws(JSONError) in
            try root.members().map { member throws(JSONError) in (member.key, try member.value.text()) }
        }
        for (key, value) in self.members {
            if let index = members.firstIndex(where: { $0.0 == key }) {
                members[index].1 = value
            } else {
                members.append((key, value))
            }
        }
        return Array((JSONText.object(members).serialized + "\n").utf8)
    }

    private static func parse<Result>(
        _ bytes: [UInt8], _ body: (JSONValue) throws(JSONError) -> Result
    ) throws(JSONError) -> Result {
        try bytes.withUnsafeBufferPointer { bytes throws(JSONError) in
            try body(JSONValue.parse(UnsafeRawBufferPointer(bytes)))
        }
    }

    /// The members of Hugging Face's configuration files that name them.
    package var members: [(String, JSONText)] {
        var members: [(String, JSONText)] = []
        if let bos { members.append(("bos_token_id", .int(Int(bos)))) }
        if let first = stops.first {
            let ids = JSONText.array(stops.map { .int(Int($0)) })
            members.append(("eos_token_id", stops.count == 1 ? .int(Int(first)) : ids))
        }
        if let pad { members.append(("pad_token_id", .int(Int(pad)))) }
        return members
    }
}
