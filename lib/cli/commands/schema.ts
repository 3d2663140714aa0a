import { configKinds, jsonSchemaText } from "../../config/json-schema.js";
import { defineCommand } from "./define.js";

export const schema = defineCommand({
	command: "schema [kind]",
	describe: "Print the JSON Schema of a configuration: every key, its meaning and default",
	positionals: {
		kind: { choices: configKinds, default: "run" as const, describe: "Whose configuration" },
	},
	examples: [
		["$0 schema > run.schema.json", "for an editor that completes configuration files"],
		["$0 schema sweep", "the keys of a sweep"],
	],
	run: async ({ kind }) => {
		process.stdout.write(jsonSchemaText(kind));
		return 0;
	},
});
