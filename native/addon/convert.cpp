#include "addon/convert.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace xright {

namespace {

constexpr int kMaxDepth = 64;

[[noreturn]] void refuse(const std::string& path, const std::string& what) {
  throw Error(Code::INTERNAL,
              "'" + path + "' is " + what + ", which cannot be passed to native code");
}

bool is_null(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env, value, &type);
  return type == napi_null;
}

// Made by {} or Object.create(null), in any realm: its prototype is null or has no prototype
// itself.
bool is_plain(Napi::Object object) {
  napi_value prototype = nullptr, above = nullptr;
  if (napi_get_prototype(object.Env(), object, &prototype) != napi_ok) return false;
  if (is_null(object.Env(), prototype)) return true;
  return napi_get_prototype(object.Env(), prototype, &above) == napi_ok &&
         is_null(object.Env(), above);
}

Value typed_array(Napi::TypedArray array, const std::string& path) {
  if (array.TypedArrayType() == napi_int32_array) {
    auto ints = array.As<Napi::Int32Array>();
    return Value::Ints(ints.Data(), ints.Data() + ints.ElementLength());
  }
  if (array.TypedArrayType() == napi_float64_array) {
    auto doubles = array.As<Napi::Float64Array>();
    return Value::Doubles(doubles.Data(), doubles.Data() + doubles.ElementLength());
  }
  refuse(path, "a typed array other than Int32Array or Float64Array");
}

Value convert(Napi::Value value, const std::string& path, int depth);

Value array(Napi::Array list, const std::string& path, int depth) {
  Value::Array out;
  const uint32_t length = list.Length();
  for (uint32_t i = 0; i < length; ++i) {
    Napi::HandleScope scope(list.Env());
    out.push_back(convert(list.Get(i), path + "[" + std::to_string(i) + "]", depth));
  }
  return out;
}

Value object(Napi::Object source, const std::string& path, int depth) {
  Napi::Env env = source.Env();
  napi_value names = nullptr;
  const auto filter = static_cast<napi_key_filter>(napi_key_enumerable | napi_key_skip_symbols);
  if (napi_get_all_property_names(env, source, napi_key_own_only, filter,
                                  napi_key_numbers_to_strings, &names) != napi_ok)
    throw Napi::Error::New(env);
  Value::Object out;
  Napi::Array keys(env, names);
  const uint32_t length = keys.Length();
  for (uint32_t i = 0; i < length; ++i) {
    Napi::HandleScope scope(env);
    Napi::Value key = keys.Get(i);
    std::string name = key.As<Napi::String>().Utf8Value();
    Value member = convert(source.Get(key), path + "." + name, depth);
    out.emplace_back(std::move(name), std::move(member));
  }
  return out;
}

Value convert(Napi::Value value, const std::string& path, int depth) {
  if (depth > kMaxDepth) refuse(path, "nested too deep (is it cyclic?)");
  switch (value.Type()) {
    case napi_undefined:
    case napi_null:
      return nullptr;
    case napi_boolean:
      return value.As<Napi::Boolean>().Value();
    case napi_number:
      return value.As<Napi::Number>().DoubleValue();
    case napi_string:
      return value.As<Napi::String>().Utf8Value();
    case napi_object:
      break;
    case napi_function:
      refuse(path, "a function");
    case napi_bigint:
      refuse(path, "a bigint");
    default:
      refuse(path, "a symbol or external value");
  }
  if (value.IsTypedArray()) return typed_array(value.As<Napi::TypedArray>(), path);
  if (value.IsArray()) return array(value.As<Napi::Array>(), path, depth + 1);
  if (!is_plain(value.As<Napi::Object>())) refuse(path, "not a plain object");
  return object(value.As<Napi::Object>(), path, depth + 1);
}

struct ToJs {
  Napi::Env env;

  Napi::Value operator()(std::monostate) const { return env.Null(); }
  Napi::Value operator()(bool v) const { return Napi::Boolean::New(env, v); }
  Napi::Value operator()(double v) const { return Napi::Number::New(env, v); }
  Napi::Value operator()(const std::string& v) const { return Napi::String::New(env, v); }
  Napi::Value operator()(const Value::Array& v) const {
    auto list = Napi::Array::New(env, v.size());
    for (uint32_t i = 0; i < v.size(); ++i) list.Set(i, to_js(env, v[i]));
    return list;
  }
  Napi::Value operator()(const Value::Object& v) const {
    auto object = Napi::Object::New(env);
    for (const auto& [name, member] : v) object.Set(name, to_js(env, member));
    return object;
  }
  Napi::Value operator()(const Value::Ints& v) const {
    auto ints = Napi::Int32Array::New(env, v.size());
    std::copy(v.begin(), v.end(), ints.Data());
    return ints;
  }
  Napi::Value operator()(const Value::Doubles& v) const {
    auto doubles = Napi::Float64Array::New(env, v.size());
    std::copy(v.begin(), v.end(), doubles.Data());
    return doubles;
  }
};

}  // namespace

Value to_value(Napi::Value value, const std::string& path) { return convert(value, path, 0); }

Napi::Value to_js(Napi::Env env, const Value& value) { return std::visit(ToJs{env}, value.data()); }

}  // namespace xright
