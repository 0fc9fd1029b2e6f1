extension HuggingFaceTokenizer {
    /// The ids of a text.
    ///
    /// Added tokens are found first, some of them after the normalizers have been at work; a stretch between two is
    /// normalized, split and merged as a text of its own. The time is near-linear in the length of any text.
    package func encode(_ text: String, specials: SpecialTokens, addBOS: Bool) -> [Int32] {
        var text = text
        var ids = text.withUTF8 { utf8 in
            model.merges.withLookup { merges in
                model.joints.withLookup { joints in
                    var run = EncodingRun(splits: splits, model: model, merges: merges, joints: joints)
                    for segment in addedTokens.segments(of: utf8, allowing: specials) {
                        if let id = segment.id {
                            run.ids.append(id)
                        } else {
                            let stretch = UnsafeBufferPointer(rebasing: utf8[segment.range])
                            encode(stretch, specials, isFirst: segment.range.lowerBound == 0, &run)
                        }
                    }
                    return run.ids
                }
            }
        }
        if addBOS, let bosID, ids.first != bosID { ids.insert(bosID, at: 0) }
        return ids
    }

    private func encode(
        _ stretch: UnsafeBufferPointer<UInt8>, _ specials: SpecialTokens, isFirst: Bool,
        _ run: inout EncodingRun
    ) {
        guard !normalizers.isEmpty else {
            return encode(normalized: stretch, specials, isFirst: isFirst, &run)
        }
        var normalized = Array(stretch)
        for normalizer in normalizers { normalizer.apply(to: &normalized) }
        normalized.withUnsafeBufferPointer { encode(normalized: $0, specials, isFirst: isFirst, &run) }
    }

    private func encode(
        normalized text: UnsafeBufferPointer<UInt8>, _ specials: SpecialTokens, isFirst: Bool,
        _ run: inout EncodingRun
    ) {
        for segment in normalizedAddedTokens.segments(of: text, allowing: specials) {
            if let id = segment.id {
                run.ids.append(id)
            } else {
                run.append(
                    UnsafeBufferPointer(rebasing: text[segment.range]),
                    isFirst: isFirst && segment.range.lowerBound == 0)
            }
        }
    }
}
