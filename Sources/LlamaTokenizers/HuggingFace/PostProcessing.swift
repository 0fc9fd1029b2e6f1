import LlamaJSON

/// What a post-processor puts around a text: the ids of the tokens before and behind it.
struct PostProcessing {
    private(set) var bosID: Int32?
    private(set) var eosID: Int32?

    init(_ value: JSONValue?, vocabularySize: Int) throws(ComponentError) {
        guard let value else { return }
        for part in try Component(value).flattened("processors") {
            switch part.type {
            // It only adjusts where in the text a token stands.
            case "ByteLevel": continue
            case "TemplateProcessing": try read(part, vocabularySize)
            default: throw part.unsupported()
            }
        }
    }

    private mutating func read(_ template: Component, _ vocabularySize: Int) throws(ComponentError) {
        let (before, behind) = try Component.checked { () throws(JSONError) in
            var before: [Int32] = []
            var behind: [Int32] = []
            var isBehind = false
            for piece in try template.value.member("single").array() {
                guard let special = piece["SpecialToken"] else {
                    isBehind = true
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
                    if isBehind { behind.append(Int32(number)) } else { before.append(Int32(number)) }
                }
            }
            return (before, behind)
        }
        guard before.count <= 1, behind.count <= 1 else {
            throw template.unsupported("of more than one token before or behind a text")
        }
        (bosID, eosID) = (before.first, behind.first)
    }
}
