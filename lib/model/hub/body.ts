import { aborted, type HubContext, Passing } from "./http.js";

/**
 * The chunks of a reply. A body that stalls, breaks off or brings more than `most` bytes throws Passing; an abort
 * throws ABORTED.
 */
export async function* chunks(context: HubContext, response: Response, most: number): AsyncGenerator<Uint8Array> {
	if (!response.body) return;
	const reader = response.body.getReader();
	let received = 0;
	try {
		for (;;) {
			const { done, value } = await readOrStall(context, reader);
			if (done) return;
			received += value.length;
			if (received > most) throw new Passing(`the reply is longer than the ${most} bytes announced`);
			yield value;
		}
	} finally {
		await reader.cancel().catch(() => undefined);
	}
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

async function readOrStall(context: HubContext, reader: Reader): Promise<Awaited<ReturnType<Reader["read"]>>> {
	const { timing, signal } = context;
	let stop: (() => void) | undefined;
	let timer: NodeJS.Timeout | undefined;
	const interrupted = new Promise<never>((_, reject) => {
		timer = setTimeout(() => reject(new Passing("the download stalled")), timing.stallMs);
		if (!signal) return;
		stop = () => reject(aborted(signal));
		if (signal.aborted) stop();
		else signal.addEventListener("abort", stop, { once: true });
	});
	try {
		return await Promise.race([reader.read(), interrupted]);
	} catch (cause) {
		if (signal?.aborted) throw aborted(signal);
		if (cause instanceof Passing) throw cause;
		throw new Passing("the connection broke off", { cause });
	} finally {
		clearTimeout(timer);
		if (stop) signal?.removeEventListener("abort", stop);
	}
}

/** The whole reply as bytes, at most `most`. */
export async function readAll(context: HubContext, response: Response, most: number): Promise<Buffer> {
	const parts: Uint8Array[] = [];
	for await (const chunk of chunks(context, response, most)) parts.push(chunk);
	return Buffer.concat(parts);
}
