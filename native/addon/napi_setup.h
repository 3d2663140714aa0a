// The one place that includes napi.h, so that its switches are the same everywhere.
#pragma once
#define NODE_ADDON_API_REQUIRE_BASIC_FINALIZERS  // finalizers run during GC: they may not touch
                                                 // JavaScript
#define NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED     // results are copied
#define NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS  // a terminated worker can throw nothing any more
#include <napi.h>
