import { jsonSchemaText } from "../../config/json-schema.js";
import { defineCommand } from "./define.js";

export const schema = defineCommand({
	command: "schema",
	describe: "Print the JSON Schema of the configuration: every key, its meaning and default",
	examples: [["$0 schema > run.schema.json", "for an editor that completes configuration files"]],
	run: async () => {
		process.stdout.write(jsonSchemaText());
		return 0;
	},
});
