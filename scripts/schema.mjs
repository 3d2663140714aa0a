// Writes schema/<kind>.schema.json from the compiled configuration schemas: `npm run build:ts && node scripts/schema.mjs`.
import { writeFileSync } from "node:fs";
import { configKinds, jsonSchemaText } from "../dist/config/json-schema.js";

for (const kind of configKinds) {
	writeFileSync(new URL(`../schema/${kind}.schema.json`, import.meta.url), jsonSchemaText(kind));
}
