{
  # node-gyp builds nothing here: cmake-js does (scripts/prepare.mjs), and package.json says "gypfile": false.
  "targets": [{ "target_name": "xright_native", "type": "none" }]
}
