// defines: run_parts, score_batch. Packed parts to losses, and to gradients when asked.
#pragma once
#include "core/decoder.h"
#include "core/model.h"
#include "core/value.h"

namespace xright {

// Runs all parts (lib/native/binding.ts `Part[]`) through one forward pass and returns
// `PartResult[]`; with `gradients` also backward, gradients adding up. A log-prob that is not
// finite throws NON_FINITE naming part and sequence before any gradient is touched.
Value run_parts(Model& model, Decoder& decoder, const Value& parts, bool gradients,
                const nn::Dropout* dropout);

// `ScoreResult` of one batch.
Value score_batch(Model& model, Decoder& decoder, const Value& batch, nn::Policy policy);

}  // namespace xright
