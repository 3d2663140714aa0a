import * as z from "zod";
import { runConfigSchema } from "./schema.js";

/** The configuration as JSON Schema (draft 7, which editors complete best), as text of `schema/run.schema.json`. */
export function jsonSchemaText(): string {
	const schema = z.toJSONSchema(runConfigSchema, {
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
