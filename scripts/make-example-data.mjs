// Makes examples/data from a folder with the public files named below (gzipped JSON lines):
//   node scripts/make-example-data.mjs SOURCE_FOLDER
// Short rows are taken, in file order, so that the quickstart is quick; prompts of held-out rows are not trained on.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

const target = fileURLToPath(new URL("../examples/data", import.meta.url));
const HELD_OUT = 64;

/** hh-rlhf's harmless split asks for a lot of harm; rows with these stems are left out, milder ones remain. */
const harsh =
	/\b(?:ass(?:es|holes?)?\b|bitch|bomb|cock|cocaine|corpse|cum\b|cunt|dick|drug|fag|faggot|fuck|gas chamber|gay|guns?\b|heroin|incest|jew|kidnap|kill|masturbat|meth\b|molest|murder|naked|nazi|negro|nigg|nude|orgy|penis|piss|poison|porn|pussy|racis|racial|rape|raping|retard|sex|shit|slave|slut|strangl|suicid|terror|tits?\b|tortur|vagina|weapon|whore)|\b(?:black|white|asian|mexican|jewish|muslim|islam|trans)\w*\b/i;

const sets = [
	{
		name: "preference",
		source: "preference/hh_harmless_base_test.jsonl.gz",
		licence: "licenses/anthropics+hh-rlhf.LICENSE",
		train: 400,
		longest: 700,
		text: (row) => [row.chosen, row.rejected].sort((a, b) => b.length - a.length)[0],
		prompt: (row) => row.chosen.slice(0, row.chosen.indexOf("\n\nAssistant:")),
		usable: (row) =>
			row.chosen !== row.rejected &&
			answers(row).every((answer) => answer.trim() !== "") &&
			!harsh.test(row.chosen + row.rejected),
		keep: ({ chosen, rejected }) => ({ chosen, rejected }),
	},
	{
		name: "sft",
		source: "sft/llamafactory_alpaca_en_999.jsonl.gz",
		licence: "licenses/hiyouga+LLaMA-Factory.LICENSE",
		train: 640,
		longest: 1200,
		text: (row) => `${row.instruction}${row.input}${row.output}`,
		prompt: (row) => `${row.instruction}\n${row.input}`,
		usable: (row) => row.output.trim() !== "",
		keep: ({ instruction, input, output }) => ({ instruction, input, output }),
	},
];

function answers(row) {
	return [row.chosen, row.rejected].map((text) => text.slice(text.lastIndexOf("\n\nAssistant:") + 12));
}

function readRows(path) {
	const lines = gunzipSync(readFileSync(path)).toString("utf8").split("\n");
	return lines.filter((line) => line.trim() !== "").map((line) => JSON.parse(line));
}

function select(set, rows) {
	const seen = new Set();
	return rows.filter((row) => {
		const text = set.text(row);
		const prompt = set.prompt(row);
		if (!set.usable(row) || text.length > set.longest || seen.has(prompt)) return false;
		seen.add(prompt);
		return true;
	});
}

const source = process.argv[2];
if (!source) throw new Error("usage: node scripts/make-example-data.mjs SOURCE_FOLDER");
for (const set of sets) {
	const rows = select(set, readRows(join(source, set.source)));
	const wanted = set.train + HELD_OUT;
	if (rows.length < wanted) throw new Error(`${set.source}: only ${rows.length} of ${wanted} rows are short and mild`);
	const folder = join(target, set.name);
	mkdirSync(folder, { recursive: true });
	const write = (split, part) =>
		writeFileSync(join(folder, `${split}.jsonl`), part.map((row) => `${JSON.stringify(set.keep(row))}\n`).join(""));
	write("train", rows.slice(0, set.train));
	write("test", rows.slice(set.train, wanted));
	writeFileSync(join(folder, "LICENSE"), readFileSync(join(source, set.licence)));
	console.log(`${set.name}: ${wanted} of ${rows.length} rows that fit`);
}
