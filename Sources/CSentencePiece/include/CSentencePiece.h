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

/// What a call came to. Anything but `CSentencePieceOK` leaves the outputs untouched.
typedef enum CSentencePieceStatus {
    CSentencePieceOK = 0,
    /// The library refused the model, the text or the ids.
    CSentencePieceRefused = 1,
    /// An id lies outside the vocabulary.
    CSentencePieceBadID = 2,
    /// The library ran out of memory or threw something else.
    CSentencePieceFailed = 3,
} CSentencePieceStatus;

/// Loads a model from `length` bytes of a serialised ModelProto; the bytes are not kept.
///
/// The library trusts what it is given: the caller has checked the structure of the bytes first.
/// On success `*model` is to be given back to `CSentencePieceModelFree`. On failure a NUL-terminated
/// reason, cut to fit, is in `message`, which holds `messageCapacity` bytes (at least one).
CSentencePieceStatus CSentencePieceModelCreate(
    const uint8_t *bytes, size_t length, CSentencePieceModel **model, char *message, size_t messageCapacity);

/// Frees a model; a null pointer is let pass.
void CSentencePieceModelFree(CSentencePieceModel *model);

/// The number of pieces; ids run from 0 to one less.
int32_t CSentencePieceVocabularySize(const CSentencePieceModel *model);

/// The ids of the reserved pieces, or -1 where the model has none.
int32_t CSentencePieceUnknownID(const CSentencePieceModel *model);
int32_t CSentencePieceBOSID(const CSentencePieceModel *model);
int32_t CSentencePieceEOSID(const CSentencePieceModel *model);
int32_t CSentencePiecePadID(const CSentencePieceModel *model);

/// The piece as the model spells it: `*bytes` points at `*length` bytes that the model owns.
CSentencePieceStatus CSentencePiecePiece(
    const CSentencePieceModel *model, int32_t id, const uint8_t **bytes, size_t *length);

/// Encodes `length` bytes of UTF-8, NUL bytes included. `*ids` is to be given back to `CSentencePieceFree`.
CSentencePieceStatus CSentencePieceEncode(
    const CSentencePieceModel *model, const uint8_t *bytes, size_t length, int32_t **ids, size_t *count);

/// Decodes ids by the library's own rules. `*bytes` is to be given back to `CSentencePieceFree`.
CSentencePieceStatus CSentencePieceDecode(
    const CSentencePieceModel *model, const int32_t *ids, size_t count, uint8_t **bytes, size_t *length);

/// A stretch of a text, in bytes.
typedef struct CSentencePieceRange {
    size_t start;
    size_t length;
} CSentencePieceRange;

/// Trains a model. Prints nothing.
///
/// The library's trainer is for trusted input: a stretch of more than 65,535 characters without a space may
/// end the process, and it passes over what it does not like, such as a stretch with U+2585. The caller cuts
/// the text so that neither occurs.
///
/// - `options`: the trainer's own flags, NUL-terminated: `key=value`, one space between two of them.
/// - `text`, `stretches`: what to train on, UTF-8; each stretch is a sentence to the trainer.
/// - `model`: the serialised ModelProto, to be given back to `CSentencePieceFree`.
/// - `message`: as in `CSentencePieceModelCreate`.
CSentencePieceStatus CSentencePieceTrain(
    const char *options, const uint8_t *text, const CSentencePieceRange *stretches, size_t stretchCount,
    uint8_t **model, size_t *modelLength, char *message, size_t messageCapacity);

/// Frees a buffer that `CSentencePieceEncode`, `CSentencePieceDecode` or `CSentencePieceTrain` handed out.
void CSentencePieceFree(void *buffer);

#ifdef __cplusplus
}
#endif

#endif
