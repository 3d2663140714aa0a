// defines: SessionWrap, the JavaScript class `Session`.
#pragma once
#include <memory>

#include "addon/napi_setup.h"
#include "addon/native_session.h"

namespace xright {

class SessionWrap : public Napi::ObjectWrap<SessionWrap> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit SessionWrap(const Napi::CallbackInfo& info);
  void Finalize(Napi::BasicEnv env) override;

 private:
  Napi::Value call(const Napi::CallbackInfo& info);  // every queued method; info.Data() says which
  Napi::Value memory(const Napi::CallbackInfo& info);
  Napi::Value interrupt(const Napi::CallbackInfo& info);
  Napi::Value dispose(const Napi::CallbackInfo& info);

  std::shared_ptr<NativeSession> session_;
};

}  // namespace xright
