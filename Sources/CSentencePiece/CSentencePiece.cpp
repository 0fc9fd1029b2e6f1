#include "CSentencePiece.h"

#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

// The library logs to standard error, which belongs to the program. Neither switch is in an installed header, so both are
// declared here, as weak symbols: with a build of the library that lacks one, the program still links and only logs more.
namespace sentencepiece {
namespace logging {
__attribute__((weak)) void SetMinLogLevel(int level);
}  // namespace logging
}  // namespace sentencepiece

namespace google {
namespace protobuf {
enum LogLevel : int;
using LogHandler = void(LogLevel level, const char *file, int line, const std::string &message);
__attribute__((weak)) LogHandler *SetLogHandler(LogHandler *handler);
}  // namespace protobuf
}  // namespace google

struct CSentencePieceModel {
    sentencepiece::SentencePieceProcessor processor;
};

namespace {

// One above FATAL, the library's highest level.
constexpr int silentLogLevel = 4;

void silenceLibraryOnce() {
    static std::once_flag once;
    std::call_once(once, [] {
        if (sentencepiece::logging::SetMinLogLevel) sentencepiece::logging::SetMinLogLevel(silentLogLevel);
        if (google::protobuf::SetLogHandler) google::protobuf::SetLogHandler(nullptr);
    });
}

void setMessage(const char *text, char *message, size_t capacity) {
    const size_t length = std::min(std::strlen(text), capacity - 1);
    std::memcpy(message, text, length);
    message[length] = '\0';
}

// Copies into memory from malloc, so that a buffer crosses the boundary without a C++ type. Never allocates zero bytes, so
// that null means failure.
template <typename Destination, typename Source>
Destination *copyOut(const Source *source, size_t count) {
    static_assert(sizeof(Destination) == sizeof(Source));
    auto *copy = static_cast<Destination *>(std::malloc(std::max<size_t>(count, 1) * sizeof(Destination)));
    if (copy && count > 0) std::memcpy(copy, source, count * sizeof(Destination));
    return copy;
}

// Passes the stretches of the text to the trainer, one after another.
class StretchIterator : public sentencepiece::SentenceIterator {
public:
    StretchIterator(const uint8_t *text, const CSentencePieceRange *stretches, size_t count)
        : text_(reinterpret_cast<const char *>(text)), next_(stretches), end_(stretches + count) {
        Next();
    }

    bool done() const override { return done_; }

    void Next() override {
        done_ = next_ == end_;
        if (done_) return;
        value_.assign(text_ + next_->start, next_->length);
        ++next_;
    }

    const std::string &value() const override { return value_; }

    sentencepiece::util::Status status() const override { return {}; }

private:
    const char *text_;
    const CSentencePieceRange *next_;
    const CSentencePieceRange *end_;
    bool done_ = false;
    std::string value_;
};

}  // namespace

CSentencePieceStatus CSentencePieceModelCreate(
    const uint8_t *bytes, size_t length, CSentencePieceModel **model, char *message, size_t messageCapacity) {
    try {
        silenceLibraryOnce();
        if (length > static_cast<size_t>(std::numeric_limits<int32_t>::max())) {
            setMessage("the model is larger than 2 GiB", message, messageCapacity);
            return CSentencePieceRefused;
        }
        auto loaded = std::make_unique<CSentencePieceModel>();
        const auto status = loaded->processor.LoadFromSerializedProto(
            std::string_view(reinterpret_cast<const char *>(bytes), length));
        if (!status.ok()) {
            setMessage(status.message(), message, messageCapacity);
            return CSentencePieceRefused;
        }
        *model = loaded.release();
        return CSentencePieceOK;
    } catch (const std::exception &error) {
        setMessage(error.what(), message, messageCapacity);
    } catch (...) {
        setMessage("unknown exception", message, messageCapacity);
    }
    return CSentencePieceFailed;
}

void CSentencePieceModelFree(CSentencePieceModel *model) {
    delete model;
}

int32_t CSentencePieceVocabularySize(const CSentencePieceModel *model) {
    return model->processor.GetPieceSize();
}

int32_t CSentencePieceUnknownID(const CSentencePieceModel *model) {
    return model->processor.unk_id();
}

int32_t CSentencePieceBOSID(const CSentencePieceModel *model) {
    return model->processor.bos_id();
}

int32_t CSentencePieceEOSID(const CSentencePieceModel *model) {
    return model->processor.eos_id();
}

int32_t CSentencePiecePadID(const CSentencePieceModel *model) {
    return model->processor.pad_id();
}

CSentencePieceStatus CSentencePiecePiece(
    const CSentencePieceModel *model, int32_t id, const uint8_t **bytes, size_t *length) {
    if (id < 0 || id >= model->processor.GetPieceSize()) return CSentencePieceBadID;
    const std::string &piece = model->processor.IdToPiece(id);
    *bytes = reinterpret_cast<const uint8_t *>(piece.data());
    *length = piece.size();
    return CSentencePieceOK;
}

CSentencePieceStatus CSentencePieceEncode(
    const CSentencePieceModel *model, const uint8_t *bytes, size_t length, int32_t **ids, size_t *count) {
    try {
        // The library counts in `int`, and a space grows from one byte to three on the way in.
        if (length > static_cast<size_t>(std::numeric_limits<int32_t>::max()) / 4) return CSentencePieceRefused;
        std::vector<int> encoded;
        const std::string_view text(reinterpret_cast<const char *>(bytes), length);
        if (!model->processor.Encode(text, &encoded).ok()) return CSentencePieceRefused;
        auto *copy = copyOut<int32_t>(encoded.data(), encoded.size());
        if (!copy) return CSentencePieceFailed;
        *ids = copy;
        *count = encoded.size();
        return CSentencePieceOK;
    } catch (...) {
        return CSentencePieceFailed;
    }
}

CSentencePieceStatus CSentencePieceDecode(
    const CSentencePieceModel *model, const int32_t *ids, size_t count, uint8_t **bytes, size_t *length) {
    try {
        const int size = model->processor.GetPieceSize();
        if (std::any_of(ids, ids + count, [size](int32_t id) { return id < 0 || id >= size; })) {
            return CSentencePieceBadID;
        }
        std::string text;
        if (!model->processor.Decode(std::vector<int>(ids, ids + count), &text).ok()) {
            return CSentencePieceRefused;
        }
        auto *copy = copyOut<uint8_t>(text.data(), text.size());
        if (!copy) return CSentencePieceFailed;
        *bytes = copy;
        *length = text.size();
        return CSentencePieceOK;
    } catch (...) {
        return CSentencePieceFailed;
    }
}

CSentencePieceStatus CSentencePieceTrain(
    const char *options, const uint8_t *text, const CSentencePieceRange *stretches, size_t stretchCount,
    uint8_t **model, size_t *modelLength, char *message, size_t messageCapacity) {
    try {
        silenceLibraryOnce();
        StretchIterator sentences(text, stretches, stretchCount);
        // The trainer's own switch for its log, for a build of the library without the weak one above.
        const std::string arguments = std::string(options) + " minloglevel=" + std::to_string(silentLogLevel);
        std::string trained;
        const auto status = sentencepiece::SentencePieceTrainer::Train(arguments, &sentences, &trained);
        if (!status.ok()) {
            setMessage(status.message(), message, messageCapacity);
            return CSentencePieceRefused;
        }
        auto *copy = copyOut<uint8_t>(trained.data(), trained.size());
        if (copy) {
            *model = copy;
            *modelLength = trained.size();
            return CSentencePieceOK;
        }
        setMessage("not enough memory", message, messageCapacity);
    } catch (const std::exception &error) {
        setMessage(error.what(), message, messageCapacity);
    } catch (...) {
        setMessage("unknown exception", message, messageCapacity);
    }
    return CSentencePieceFailed;
}

void CSentencePieceFree(void *buffer) {
    std::free(buffer);
}
