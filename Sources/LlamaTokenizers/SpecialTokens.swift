/// Which control tokens may be spelled out in a text that is encoded.
///
/// Text from a user is encoded with `.none`: no spelling in it becomes a control token.
package enum SpecialTokens: Sendable, Hashable {
    /// None: `<s>` is three characters like any others.
    case none

    /// Every control token of the vocabulary, wherever its exact spelling occurs.
    case all

    /// The control tokens with these spellings, compared byte for byte.
    case only(Set<String>)
}
