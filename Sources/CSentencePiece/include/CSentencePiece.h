#ifndef CSENTENCEPIECE_H
#define CSENTENCEPIECE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A loaded SentencePiece model. Immutable: every function that takes it as `const` may be called from
/// several threads at once.
typedef struct CSentencePieceModel CSentencePieceModel;

/// The result of a call. The outputs are only set with `CSentencePieceOK`.
typedef enum CSentencePieceStatus {
    CSentencePieceOK = 0,
    /// The library refused the model, the text or the ids.
    CSentencePieceRefused = 1,
    /// An id is outside the vocabulary.
    CSentencePieceBadID = 2,
    /// The library ran out of memory or threw something else.
    CSentencePieceFailed = 3,
} CSentencePieceStatus;

/// Loads a model from `length` bytes of a serialized ModelProto; the bytes are not kept.
///
/// The library trusts its input, so the caller must have checked the structure of the bytes. On success the caller owns
/// `*model` and frees it with `CSentencePieceModelFree`. On failure `message`, of `messageCapacity` bytes (at least one),
/// has the reason, NUL-terminated and truncated to fit.
CSentencePieceStatus CSentencePieceModelCreate(
    const uint8_t *bytes, size_t length, CSentencePieceModel **model, char *message, size_t messageCapacity);

/// Frees a model; a null pointer is ignored.
void CSentencePieceModelFree(CSentencePieceModel *model);

/// The number of pieces; ids run from 0 to one less.
int32_t CSentencePieceVocabularySize(const CSentencePieceModel *model);

/// The ids of the reserved pieces, or -1 if the model has none.
int32_t CSentencePieceUnknownID(const CSentencePieceModel *model);
int32_t CSentencePieceBOSID(const CSentencePieceModel *model);
int32_t CSentencePieceEOSID(const CSentencePieceModel *model);
int32_t CSentencePiecePadID(const CSentencePieceModel *model);

/// The piece in the model's spelling: `*bytes` points to `*length` bytes that the model owns.
CSentencePieceStatus CSentencePiecePiece(
    const CSentencePieceModel *model, int32_t id, const uint8_t **bytes, size_t *length);

/// Encodes `length` bytes of UTF-8, NUL bytes included. The caller frees `*ids` with `CSentencePieceFree`.
CSentencePieceStatus CSentencePieceEncode(
    const CSentencePieceModel *model, const uint8_t *bytes, size_t length, int32_t **ids, size_t *count);

/// Decodes ids by the library's own rules. The caller frees `*bytes` with `CSentencePieceFree`.
CSentencePieceStatus CSentencePieceDecode(
    const CSentencePieceModel *model, const int32_t *ids, size_t count, uint8_t **bytes, size_t *length);

/// A stretch of a text, in bytes.
typedef struct CSentencePieceRange {
    size_t start;
    size_t length;
} CSentencePieceRange;

/// Trains a model. Prints nothing.
///
/// The library's trainer needs trusted input: a stretch of more than 65,535 characters without a space may crash it, and
/// it silently skips some stretches, such as those with U+2585. The caller splits the text so that neither happens.
///
/// - `options`: the trainer's own flags, NUL-terminated: `key=value`, one space between two of them.
/// - `text`, `stretches`: what to train on, UTF-8; each stretch is a sentence to the trainer.
/// - `model`: the serialized ModelProto, which the caller frees with `CSentencePieceFree`.
/// - `message`: as in `CSentencePieceModelCreate`.
CSentencePieceStatus CSentencePieceTrain(
    const char *options, const uint8_t *text, const CSentencePieceRange *stretches, size_t stretchCount,
    uint8_t **model, size_t *modelLength, char *message, size_t messageCapacity);

/// Frees a buffer that `CSentencePieceEncode`, `CSentencePieceDecode` or `CSentencePieceTrain` returned.
void CSentencePieceFree(void *buffer);

#ifdef __cplusplus
}
#endif

#endif
