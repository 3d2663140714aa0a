// defines: rope_from_config. Frequency tables of Hugging Face's rotary variants.
#pragma once
#include "models/config_reader.h"
#include "models/spec.h"

namespace xright {

// What holds where config.json is silent.
struct RopeDefaults {
  double theta = 10000.0;
  double share = 1.0;  // of a head's numbers that are rotated
};

// Reads `rope_parameters` (transformers 5) or `rope_theta` + `rope_scaling` (transformers 4): rope
// types default, linear, dynamic (NTK-aware), yarn (Peng et al. 2023) and llama3. Any other type is
// a CONFIG error.
RopeSpec rope_from_config(const ConfigReader& config, int64_t head_dim, int64_t max_positions,
                          RopeDefaults defaults = {});

// The same from one object of rope parameters.
RopeSpec rope_from_parameters(const ConfigReader& parameters, int64_t head_dim,
                              int64_t max_positions, RopeDefaults defaults);

// Frequencies for a row of `length` tokens; differs from spec.inv_freq only for dynamic scaling
// beyond max_positions.
std::vector<double> rope_frequencies(const RopeSpec& spec, int64_t length);

}  // namespace xright
