import * as z from "zod";
import { runConfigSchema } from "./schema.js";
import { sweepConfigSchema } from "./sweep.js";

/** The kinds of configuration; each has a file `schema/<kind>.schema.json`. */
const kinds = { run: runConfigSchema, sweep: sweepConfigSchema } as const;

export type ConfigKind = keyof typeof kinds;
export const configKinds = Object.keys(kinds) as ConfigKind[];

/** A kind of configuration as JSON Schema (draft 7, which editors complete best): the text of its schema file. */
export function jsonSchemaText(kind: ConfigKind): string {
	const schema = z.toJSONSchema(kinds[kind], {
		target: "draft-07",
		io: "input",
		override: ({ jsonSchema }) => {
			// The variant of `adapter` and `strategy` has a default, so naming it is not required in a file.
			const { oneOf, default: fallback } = jsonSchema;
			if (!Array.isArray(oneOf) || typeof fallback !== "object" || fallback === null) return;
			const [discriminator] = Object.keys(fallback);
			for (const variant of oneOf as { required?: string[] }[]) {
				const isDefault = hasConst(variant, discriminator, (fallback as Record<string, unknown>)[discriminator ?? ""]);
				if (!isDefault) continue;
				variant.required = variant.required?.filter((key) => key !== discriminator);
				if (variant.required?.length === 0) delete variant.required;
			}
		},
	});
	return `${JSON.stringify(schema, null, "\t")}\n`;
}

function hasConst(variant: object, key: string | undefined, value: unknown): boolean {
	const { properties } = variant as { properties?: Record<string, { const?: unknown }> };
	return key !== undefined && properties?.[key]?.const === value;
}
