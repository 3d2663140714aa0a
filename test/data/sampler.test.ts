import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Sampler } from "../../lib/data/sampler.js";
import { XrightError } from "../../lib/errors.js";

const options = { seed: 42, shuffle: true };
const sorted = (values: number[]) => [...values].sort((a, b) => a - b);
const everyRow = (length: number) => Array.from({ length }, (_, index) => index);

describe("Sampler", () => {
	test("takes each row once an epoch, whatever the batch size", () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 1, max: 60 }),
				fc.integer({ min: 1, max: 150 }),
				fc.nat(),
				(length, batch, seed) => {
					const sampler = new Sampler(length, { seed, shuffle: true });
					const taken: number[] = [];
					while (taken.length < 3 * length) taken.push(...sampler.take(batch));
					for (let epoch = 0; epoch < 3; epoch++) {
						expect(sorted(taken.slice(epoch * length, (epoch + 1) * length))).toEqual(everyRow(length));
					}
					expect(sampler.state()).toEqual({
						epoch: Math.floor(taken.length / length),
						position: taken.length % length,
					});
				},
			),
		);
	});

	test("batch size does not change the order", () => {
		const one = new Sampler(23, options);
		const many = new Sampler(23, options);
		const single = Array.from({ length: 92 }, () => one.take(1)[0]);
		expect(Array.from({ length: 4 }, () => many.take(23)).flat()).toEqual(single);
	});

	test("resumes exactly at any point", () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 1, max: 40 }),
				fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 8 }),
				(length, batches) => {
					const sampler = new Sampler(length, options);
					for (const batch of batches) sampler.take(batch);
					const resumed = new Sampler(length, options);
					resumed.restore(JSON.parse(JSON.stringify(sampler.state())));
					expect(resumed.take(2 * length + 3)).toEqual(sampler.take(2 * length + 3));
				},
			),
		);
	});

	test("peek shows what take gives and does not move", () => {
		const sampler = new Sampler(10, options);
		sampler.take(7);
		const seen = sampler.peek(25);
		expect(sampler.peek(25)).toEqual(seen);
		expect(sampler.peek(5, 20)).toEqual(seen.slice(20));
		expect(sampler.take(25)).toEqual(seen);
	});

	test("reshuffles each epoch, by seed and by stream", () => {
		const order = (seed: number, stream: number) => new Sampler(50, { seed, shuffle: true, stream }).take(100);
		const first = order(1, 2);
		expect(first.slice(0, 50)).not.toEqual(first.slice(50));
		expect(order(1, 2)).toEqual(first);
		expect(order(2, 2)).not.toEqual(first);
		expect(order(1, 3)).not.toEqual(first);
	});

	test("keeps the file's order without shuffling", () => {
		expect(new Sampler(4, { seed: 1, shuffle: false }).take(10)).toEqual([0, 1, 2, 3, 0, 1, 2, 3, 0, 1]);
	});

	test("refuses an empty data set and a state that does not fit", () => {
		expect(() => new Sampler(0, options)).toThrow(XrightError);
		const sampler = new Sampler(5, options);
		expect(() => sampler.restore({ epoch: 0, position: 5 })).toThrow(/beyond the 5 rows/);
		expect(() => sampler.restore({ epoch: -1, position: 0 })).toThrow(XrightError);
	});
});
