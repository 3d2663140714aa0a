import { XrightError } from "../errors.js";
import type { AdapterSpec } from "../native/binding.js";
import { isRecord, readJsonIfPresent } from "./files.js";

type Json = Record<string, unknown>;

export interface AdapterOptions {
	rank: number;
	alpha: number;
	dropout: number;
	rsLora: boolean;
	baseModel: string | null;
	/** The whole file. */
	raw: Json;
}

/** PEFT options that change what the weights mean; anything but "off" is refused. */
const unsupported = [
	"use_dora",
	"modules_to_save",
	"rank_pattern",
	"alpha_pattern",
	"fan_in_fan_out",
	"trainable_token_indices",
	"target_parameters",
	"layer_replication",
	"lora_bias",
	"use_qalora",
	"use_bdlora",
	"alora_invocation_tokens",
	"velora_config",
	"monteclora_config",
	"arrow_config",
	"kasa_config",
];

/** Initialisations that also change the base model, which then is not the one on disk. */
const changesBase = /^(pissa|olora|corda|loftq|lora_ga)/;

/** Reads and checks PEFT's adapter_config.json. Throws CONFIG naming the key. */
export async function readAdapterConfig(path: string): Promise<AdapterOptions> {
	const raw = await readJsonIfPresent(path, "CONFIG");
	if (raw === null) throw new XrightError("CONFIG", `${path}: no such file`, { hint: "Give a folder saved by PEFT." });
	const fail = (key: string, why: string) => new XrightError("CONFIG", `${path}: "${key}" ${why}`);
	if (raw.peft_type !== "LORA")
		throw fail("peft_type", `is ${JSON.stringify(raw.peft_type ?? null)}, only "LORA" is supported`);
	const { r, lora_alpha: alpha, lora_dropout: dropout = 0, base_model_name_or_path: base } = raw;
	if (!Number.isSafeInteger(r) || (r as number) < 1 || (r as number) > 65_536)
		throw fail("r", "must be a positive integer");
	if (typeof alpha !== "number" || !Number.isFinite(alpha)) throw fail("lora_alpha", "must be a number");
	if (typeof dropout !== "number" || !(dropout >= 0 && dropout < 1)) throw fail("lora_dropout", "must be in [0, 1)");
	for (const key of unsupported) {
		if (!isOff(raw[key])) throw fail(key, `is ${JSON.stringify(raw[key]).slice(0, 60)}, which is not supported`);
	}
	if (raw.bias !== undefined && raw.bias !== "none") throw fail("bias", 'must be "none"');
	if (typeof raw.init_lora_weights === "string" && changesBase.test(raw.init_lora_weights)) {
		throw fail("init_lora_weights", `is "${raw.init_lora_weights}": the base model was changed too`);
	}
	return {
		rank: r as number,
		alpha,
		dropout,
		rsLora: raw.use_rslora === true,
		baseModel: typeof base === "string" ? base : null,
		raw,
	};
}

function isOff(value: unknown): boolean {
	if (value === undefined || value === null || value === false) return true;
	return (Array.isArray(value) && value.length === 0) || (isRecord(value) && Object.keys(value).length === 0);
}

/**
 * Content of the adapter_config.json that PEFT loads, for an adapter trained as `spec`. `targets` are the module names
 * that carry it (dotted names or suffixes, which PEFT matches at the end of a name), `baseModel` is what the user
 * named as the model.
 */
export function peftAdapterConfig(
	spec: Pick<AdapterSpec, "rank" | "alpha" | "dropout" | "rsLora">,
	baseModel: string,
	targets: string[],
): Json {
	return {
		peft_type: "LORA",
		task_type: "CAUSAL_LM",
		base_model_name_or_path: baseModel,
		revision: null,
		inference_mode: true,
		r: spec.rank,
		lora_alpha: spec.alpha,
		lora_dropout: spec.dropout,
		use_rslora: spec.rsLora,
		target_modules: [...new Set(targets)].sort(),
		bias: "none",
		fan_in_fan_out: false,
		init_lora_weights: true,
		modules_to_save: null,
		layers_to_transform: null,
		layers_pattern: null,
		rank_pattern: {},
		alpha_pattern: {},
		use_dora: false,
	};
}
