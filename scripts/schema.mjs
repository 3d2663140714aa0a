// Writes schema/run.schema.json from the compiled configuration schema: `npm run build:ts && node scripts/schema.mjs`.
import { writeFileSync } from "node:fs";
import { jsonSchemaText } from "../dist/config/json-schema.js";

writeFileSync(new URL("../schema/run.schema.json", import.meta.url), jsonSchemaText());
