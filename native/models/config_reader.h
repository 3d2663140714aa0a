// defines: ConfigReader, typed access to config.json with the key named in every error.
#pragma once
#include <algorithm>
#include <string>

#include "core/value.h"

namespace xright {

class ConfigReader {
 public:
  // `where` names the object in messages, for example "config.json".
  ConfigReader(const Value& object, std::string where)
      : object_(object), where_(std::move(where)) {}

  const Value* find(const char* key) const { return object_.find(key); }

  // Whether the key is there, be it null.
  bool mentions(const char* key) const {
    const auto* object = std::get_if<Value::Object>(&object_.data());
    return object && std::any_of(object->begin(), object->end(),
                                 [&](const auto& member) { return member.first == key; });
  }
  int64_t positive(const char* key) const { return checked_positive(key, required(key)); }
  int64_t positive(const char* key, int64_t fallback) const {
    const Value* v = find(key);
    return v ? checked_positive(key, *v) : fallback;
  }
  double number(const char* key) const { return as_number(key, required(key)); }
  double number(const char* key, double fallback) const {
    const Value* v = find(key);
    return v ? as_number(key, *v) : fallback;
  }
  bool flag(const char* key, bool fallback) const {
    const Value* v = find(key);
    if (!v) return fallback;
    if (const bool* b = std::get_if<bool>(&v->data())) return *b;
    fail(key, "must be true or false");
  }
  std::string text(const char* key, const char* fallback) const {
    const Value* v = find(key);
    if (!v) return fallback;
    if (const auto* s = std::get_if<std::string>(&v->data())) return *s;
    fail(key, "must be a string");
  }
  [[noreturn]] void fail(const char* key, const std::string& problem) const {
    throw Error(Code::CONFIG, where_ + ": '" + key + "' " + problem);
  }

 private:
  const Value& required(const char* key) const {
    if (const Value* v = find(key)) return *v;
    fail(key, "is missing");
  }
  double as_number(const char* key, const Value& v) const {
    if (const double* d = std::get_if<double>(&v.data())) return *d;
    fail(key, "must be a number");
  }
  int64_t checked_positive(const char* key, const Value& v) const {
    double d = as_number(key, v);
    if (!(d >= 1 && d <= 1e9) || d != static_cast<double>(static_cast<int64_t>(d)))
      fail(key, "must be a positive whole number");
    return static_cast<int64_t>(d);
  }

  const Value& object_;
  std::string where_;
};

}  // namespace xright
