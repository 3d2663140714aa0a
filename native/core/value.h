// defines: xright::Value, the JSON-like data that crosses the boundary (JavaScript object <-> C++),
// with strict readers.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/errors.h"

namespace xright {

class Value {
 public:
  using Array = std::vector<Value>;
  using Object = std::vector<std::pair<std::string, Value>>;  // keeps insertion order
  using Ints = std::vector<int32_t>;                          // Int32Array
  using Doubles = std::vector<double>;                        // Float64Array

  Value() = default;
  Value(std::nullptr_t) {}
  Value(bool v) : data_(v) {}
  Value(double v) : data_(v) {}
  Value(int v) : data_(static_cast<double>(v)) {}
  Value(int64_t v) : data_(static_cast<double>(v)) {}
  Value(const char* v) : data_(std::string(v)) {}
  Value(std::string v) : data_(std::move(v)) {}
  Value(Array v) : data_(std::move(v)) {}
  Value(Object v) : data_(std::move(v)) {}
  Value(Ints v) : data_(std::move(v)) {}
  Value(Doubles v) : data_(std::move(v)) {}

  using Data =
      std::variant<std::monostate, bool, double, std::string, Array, Object, Ints, Doubles>;
  const Data& data() const { return data_; }

  bool is_null() const { return std::holds_alternative<std::monostate>(data_); }

  // Strict readers: the wrong kind is an INTERNAL error that names `what`.
  bool boolean(const char* what) const { return get<bool>(what, "a boolean"); }
  double number(const char* what) const { return get<double>(what, "a number"); }
  int64_t integer(const char* what) const {
    double v = number(what);
    auto i = static_cast<int64_t>(v);
    if (static_cast<double>(i) != v) fail(what, "an integer");
    return i;
  }
  const std::string& string(const char* what) const { return get<std::string>(what, "a string"); }
  const Array& array(const char* what) const { return get<Array>(what, "an array"); }
  const Object& object(const char* what) const { return get<Object>(what, "an object"); }
  const Ints& ints(const char* what) const { return get<Ints>(what, "an Int32Array"); }
  const Doubles& doubles(const char* what) const { return get<Doubles>(what, "a Float64Array"); }

  // Member of an object, or nullptr when it is absent (null counts as absent).
  const Value* find(const std::string& key) const {
    if (const auto* o = std::get_if<Object>(&data_)) {
      for (const auto& [k, v] : *o)
        if (k == key) return v.is_null() ? nullptr : &v;
    }
    return nullptr;
  }
  const Value& at(const char* key) const {
    if (const Value* v = find(key)) return *v;
    fail(key, "present");
  }

 private:
  template <class T>
  const T& get(const char* what, const char* kind) const {
    if (const T* v = std::get_if<T>(&data_)) return *v;
    fail(what, kind);
  }
  [[noreturn]] static void fail(const char* what, const char* kind) {
    throw Error(Code::INTERNAL, std::string("'") + what + "' must be " + kind);
  }

  Data data_;
};

}  // namespace xright
