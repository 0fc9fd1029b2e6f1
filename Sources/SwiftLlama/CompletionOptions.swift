/// How a prompt is completed.
///
/// A token is chosen from the model's logits in this order, which is that of transformers: ``logitBias``;
/// ``repetitionPenalty``; ``frequencyPenalty`` and ``presencePenalty``; ``badWords``; ``minimumTokens``; then, unless
/// ``temperature`` is 0 or there are ``beams``, ``temperature``, ``topK``, ``topP``, ``minP``, ``typicalP``, and a draw. The
/// result is a function of prompt, options and weights alone, whatever else the model is asked at the same time.
///
/// Values that cannot be used, or that contradict each other, are refused with a ``LlamaError`` that names the property.
public struct CompletionOptions: Sendable, Equatable {
    // MARK: Length

    /// Most tokens to generate per completion; 0 generates none.
    public var maximumTokens = 128
    /// Most tokens of prompt and completion together; nil for the context length of ``LlamaOptions``, which it may not
    /// exceed.
    public var maximumSequenceLength: Int?
    /// The model's stop tokens are impossible before a completion has this many tokens.
    public var minimumTokens = 0

    // MARK: Sampling

    /// Divides the logits; 0 always picks the likeliest token.
    public var temperature: Float = 0.6
    /// Samples from the tokens at least as likely as the k-th likeliest; 0 for all.
    public var topK = 0
    /// Samples from the likeliest tokens that together have this probability: above 0, at most 1.
    public var topP: Float = 0.9
    /// Samples from the tokens at least this likely, relative to the likeliest one: 0 to 1.
    public var minP: Float = 0
    /// Samples from the tokens whose information content is closest to the entropy, and that together have this probability
    /// (Meister et al. 2022): above 0, at most 1.
    public var typicalP: Float = 1
    /// Seed of the random numbers: the same seed gives the same text.
    public var seed: UInt64 = 0

    // MARK: Changes of logits

    /// Divides the positive logits of all tokens of prompt and completion, and multiplies the negative ones (Keskar et al.
    /// 2019): above 0; 1 changes nothing, more discourages repetition.
    public var repetitionPenalty: Float = 1
    /// Subtracted from a token's logit for every time that the completion contains it: -2 to 2.
    public var frequencyPenalty: Float = 0
    /// Subtracted once from the logit of every token that the completion contains: -2 to 2.
    public var presencePenalty: Float = 0
    /// Added to the logits of these token ids: -100 to 100.
    public var logitBias: [Int32: Float] = [:]
    /// Sequences of token ids that a completion never contains, not even where they begin in the prompt.
    ///
    /// A word has other ids after a space: ``Llama/tokenIDs(of:addsBeginToken:)`` tells those of both.
    public var badWords: [[Int32]] = []

    // MARK: Stops

    /// Texts that end a completion, wherever they begin and end in tokens, and are not part of its text. Not with
    /// ``beams``.
    public var stopStrings: [String] = []
    /// Token ids that end a completion, besides those of the model.
    public var additionalStopTokenIDs: Set<Int32> = []
    /// Whether the model's own stop tokens do not end a completion.
    public var ignoresStopTokens = false

    // MARK: Several completions

    /// Completions of the prompt, 1 to 1024, which share its computation.
    public var n = 1
    /// Completions that are sampled; the ``n`` with the highest mean log-probability of a token are returned. Nil for ``n``.
    public var bestOf: Int?
    /// Width of the beam search, 1 to 1024 and at most ``LlamaOptions/maximumBatchSize``; 1 for none. Tokens are not sampled
    /// then.
    public var beams = 1
    /// A beam's score is its log-probability divided by its length to this power: more than 0 favors long ones.
    public var lengthPenalty: Float = 1
    /// When a beam search ends.
    public var earlyStopping = EarlyStopping.likely

    /// When a beam search ends, as with transformers' `early_stopping`.
    public enum EarlyStopping: Sendable {
        /// As soon as there are as many finished sequences as beams (`True`).
        case always
        /// When the best running beam, as long as it is now, scores no better than the worst finished one (`False`).
        case likely
        /// When no running beam can become better than the worst finished one (`"never"`).
        case never
    }

    // MARK: Reports

    /// How many of the likeliest tokens to report at each position, beside the chosen one; nil for no log-probabilities. Not
    /// with ``beams``.
    public var logprobs: Int?
    /// Whether log-probabilities are reported for the prompt too.
    public var echo = false

    // MARK: Speed

    /// Most tokens to draft from what the text repeats, and to verify in one pass; 0 for none. The result is the same;
    /// texts that repeat themselves, such as edited code, are generated faster.
    public var lookupDrafts = 0

    /// Up to 128 tokens, sampled at temperature 0.6 from the likeliest 90 %: what Meta's own examples use.
    ///
    /// ``Llama/defaultOptions`` are those of a model.
    public init() {}

    /// The likeliest tokens: temperature 0.
    public static var greedy: CompletionOptions {
        var options = CompletionOptions()
        options.temperature = 0
        return options
    }
}
