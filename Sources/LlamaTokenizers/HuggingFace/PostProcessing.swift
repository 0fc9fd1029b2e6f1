import LlamaJSON

/// What a post-processor adds to a text: the ids of the tokens before and after it.
struct PostProcessing {
    private(set) var bosID: Int32?
    private(set) var eosID: Int32?

    /// Nothing is added.
    init() {}

    /// - Parameter value: the `post_processor` of a `tokenizer.json`, if it has one.
    init(_ value: JSONValue?, vocabularySize: Int) throws(ComponentError) {
        guard let value else { return }
        for child in try Component(value).flattened("processors") {
            switch child.type {
            // Adjusts offsets only.
            case "ByteLevel": continue
            case "TemplateProcessing": try read(child, vocabularySize)
            default: throw child.unsupported()
            }
        }
    }

    private mutating func read(_ template: Component, _ vocabularySize: Int) throws(ComponentError) {
        let (before, after) = try Component.checked { () throws(JSONError) in
            var before: [Int32] = []
            var after: [Int32] = []
            var isAfter = false
            for piece in try template.value.member("single").array() {
                guard let special = piece["SpecialToken"] else {
                    isAfter = true
                    continue
                }
                let name = try special.member("id").string()
                for element in try template.value.member("special_tokens").member(name).member("ids").array()
                {
                    let number = try element.int()
                    guard (0..<vocabularySize).contains(number) else {
                        throw .wrongType(
                            path: element.path, expected: "an id from 0 to \(vocabularySize - 1)",
                            found: "\(number)")
                    }
                    if isAfter { after.append(Int32(number)) } else { before.append(Int32(number)) }
                }
            }
            return (before, after)
        }
        guard before.count <= 1, after.count <= 1 else {
            throw template.unsupported("of more than one token before or after a text")
        }
        (bosID, eosID) = (before.first, after.first)
    }
}
