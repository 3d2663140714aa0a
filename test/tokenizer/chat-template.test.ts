import { describe, expect, test } from "vitest";
import { ChatTemplateError, compileChatTemplate } from "../../lib/tokenizer/chat-template.js";
import { chatMl } from "../data/support.js";

const messages = [
	{ role: "user", content: "Hi" },
	{ role: "assistant", content: "Hello" },
];
const options = { addGenerationPrompt: true, now: new Date(2024, 6, 5, 9, 3) };
const render = (template: string, specials = {}) => compileChatTemplate(template, specials).render(messages, options);

describe("chat templates", () => {
	test("SmolLM2's ChatML", () => {
		expect(render(chatMl)).toBe(
			"<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n" +
				"<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n<|im_start|>assistant\n",
		);
	});

	test("blocks are trimmed as in transformers", () => {
		expect(
			render("{% for m in messages %}\n    {% if m.role == 'user' %}\n{{ m.content }}\n    {% endif %}\n{% endfor %}"),
		).toBe("Hi\n");
	});

	test("special tokens and transformers' globals are there", () => {
		const template =
			"{{ bos_token }}{{ tools is none }}{{ strftime_now('%d %b %Y %H:%M %%') }}{{ messages[0] | tojson }}";
		expect(render(template, { bos_token: "<s>" })).toBe('<s>true05 Jul 2024 09:03 %{"role": "user", "content": "Hi"}');
	});

	test("raise_exception is an error with the template's words", () => {
		expect(() => render("{{ raise_exception('roles must alternate') }}")).toThrow(
			"chat template: roles must alternate",
		);
	});

	test("a template that cannot be read is an error", () => {
		expect(() => compileChatTemplate("{% if %}", {})).toThrow(ChatTemplateError);
		expect(() => compileChatTemplate("{% for x in y %}", {})).toThrow(ChatTemplateError);
	});
});

/** Each of these would run for minutes, or fill the memory, if it were not stopped. */
const hostile = {
	"a huge range": "{% for i in range(1000000000) %}x{% endfor %}",
	"a range without end": "{% for i in range(0, 10, 0) %}x{% endfor %}",
	"nested loops": "{% for i in range(10000) %}{% for j in range(10000) %}{% endfor %}{% endfor %}",
	"filtered loops": "{% for i in range(90000) %}{% for j in range(90000) if j %}{% endfor %}{% endfor %}",
	"100 MB of text": "{% for i in range(100000) %}{{ 'x' * 1000 }}{{ '0123456789'.ljust(1000) }}{% endfor %}",
	"doubled text":
		"{% set ns = namespace(s='x') %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s }}",
	"doubled lists":
		"{% set ns = namespace(s=[1]) %}{% for i in range(60) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s | length }}",
	recursion: "{% macro f(g) %}{{ g(g) }}{% endmacro %}{{ f(f) }}",
	indentation: "{{ messages | tojson(indent=900000000) }}",
	include: "{% include 'secret' %}",
	import: "{% import 'secret' as x %}",
	nesting: `{{ ${"(".repeat(100000)}1${")".repeat(100000)} }}`,
	length: "x".repeat(2_000_000),
};

describe("hostile templates", () => {
	test.each(Object.entries(hostile))("%s is stopped", (_, template) => {
		expect(() => render(template)).toThrow(ChatTemplateError);
	});

	test("JavaScript's own properties are out of reach", () => {
		const template =
			"{{ ''.constructor }}{{ messages.constructor }}{{ messages[0].__proto__ }}{{ messages[0].toString }}";
		expect(render(template)).toBe("");
	});

	test("a long conversation is not taken for an attack", () => {
		const long = Array.from({ length: 400 }, (_, index) => ({
			role: index % 2 ? "assistant" : "user",
			content: "word ".repeat(100),
		}));
		expect(compileChatTemplate(chatMl, {}).render(long, options).length).toBeGreaterThan(200_000);
	});
});
