import LlamaJSON

/// A completed prompt.
package struct Completion: Sendable {
    /// Why a completion ended.
    package enum FinishReason: Sendable {
        /// The model produced a stop token.
        case stop
        /// The text contained a stop string.
        case stopString
        /// The completion, or the whole sequence, is as long as it may be.
        case length

        /// As it is written to files: `stop` or `length`.
        package var name: String { self == .length ? "length" : "stop" }
    }

    /// Index of the prompt in the list.
    package let index: Int
    /// Index among the prompt's completions.
    package let choice: Int
    /// The prompt's text; nil for ids without a tokenizer.
    package let prompt: String?
    /// The prompt's ids, begin-of-sequence token included.
    package let promptIDs: [Int32]
    /// The text that follows the prompt's, up to a stop string; nil without a tokenizer.
    package let text: String?
    /// The ids generated, without the stop token, but with those of a stop string.
    package let completionIDs: [Int32]
    /// Why it ended.
    package let finishReason: FinishReason
    /// One entry per token of the completion; with `echo`, of prompt and completion, and the first is nil. Nil where
    /// none were asked for.
    package let logprobs: [TokenLogprobs?]?
    /// What completions were compared by: the mean log-probability of the tokens, the stop token included, or the score of
    /// a beam. Nil where they were not.
    package let score: Float?
}

extension Completion {
    /// The completions of one prompt as one line of JSON: a single one's members are the line's own, several are an array
    /// `choices`.
    ///
    /// - Parameter completions: Of one prompt, at least one.
    package static func json(_ completions: [Completion]) -> String {
        guard let first = completions.first else { return "{}" }
        var members: [(String, JSONText)] = [("index", .int(first.index))]
        if let prompt = first.prompt { members.append(("prompt", .string(prompt))) }
        members.append(("prompt_ids", .array(first.promptIDs.map { .int(Int($0)) })))
        if completions.count == 1 {
            members += first.choiceMembers
        } else {
            members.append(("choices", .array(completions.map { .object($0.choiceMembers) })))
        }
        return JSONText.object(members).serialized
    }

    /// The only completion of its prompt as one line of JSON.
    package var json: String { Completion.json([self]) }

    private var choiceMembers: [(String, JSONText)] {
        var members: [(String, JSONText)] = []
        if let text { members.append(("completion", .string(text))) }
        members.append(("completion_ids", .array(completionIDs.map { .int(Int($0)) })))
        members.append(("finish_reason", .string(finishReason.name)))
        if let score { members.append(("score", .float(score))) }
        guard let logprobs else { return members }
        let tokens = logprobs.map { $0.map { JSONText.float($0.token) } ?? .null }
        let tops = logprobs.map { entry in
            entry.map { JSONText.object($0.top.map { ("\($0.id)", .float($0.logprob)) }) } ?? .null
        }
        members.append(
            ("logprobs", .object([("token_logprobs", .array(tokens)), ("top_logprobs", .array(tops))])))
        return members
    }
}
