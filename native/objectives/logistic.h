// defines: softplus, sigmoid. The logistic function and its logarithm without overflow.
#pragma once
#include <cmath>

namespace xright {

// log(1 + e^x) = -log sigmoid(-x); its derivative is sigmoid(x).
inline double softplus(double x) {
  return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}

inline double sigmoid(double x) {
  return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x));
}

}  // namespace xright
